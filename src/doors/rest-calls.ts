import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Cancellation, Gate } from '../model/index.ts';
import { ANONYMOUS, identityKey } from '../pipeline/identity-key.ts';
import { Cancel } from './cancellation.ts';
import { readBody } from './http-body.ts';
import { announcesTooMuch, MAX_BODY_BYTES } from './http-checks.ts';
import { addressOf, admit, type Entrance } from './http-entrance.ts';
import { objectCounted } from './http-guarded.ts';
import type { Objection } from './http-reply.ts';
import { toArgs } from './rest-args.ts';
import { TOO_LARGE, toRestBody } from './rest-body.ts';
import { objectRest, replyOutcome } from './rest-reply.ts';
import type { FindRoutes, Match } from './rest-routes.ts';

/** What calls over REST go through. */
export interface RestCalls extends Entrance {
  readonly gate: Gate;
  readonly find: FindRoutes;
}

/** One request of a known caller; `who` is what the guard counts by. */
interface Request {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly caller: Caller;
  readonly who: string;
}

/** The path and query of a request target, both as they were sent. */
export interface Target {
  readonly path: string;
  readonly search: string;
}

/** Sees to one request under `/v1` whose source is in order. */
export async function handleCall(
  calls: RestCalls,
  target: Target,
  { req, res }: { req: IncomingMessage; res: ServerResponse },
): Promise<void> {
  const caller = await identifyCaller(calls, { req, res });
  if (caller === null) return;
  const key = identityKey(caller.identity);
  const who = key === ANONYMOUS ? addressOf(req) : key;
  const request: Request = { req, res, caller, who };
  const matches = calls.find(target.path);
  const match = matches.find(({ route }) => route.operation.method === req.method);
  if (match === undefined) return otherMethod(calls, request, { matches, target });
  return call(calls, request, { match, target });
}

/** Who calls, by `X-Portcullis-Authorization`; null where that is not known, which is then answered. */
export async function identifyCaller(
  calls: RestCalls,
  exchange: { req: IncomingMessage; res: ServerResponse },
): Promise<Caller | null> {
  const identity = await admit(calls, exchange, { header: 'x-portcullis-authorization', write: objectRest });
  return identity === null ? null : { identity, session: null };
}

async function call(
  calls: RestCalls,
  request: Request,
  { match: { route, params }, target: { path, search } }: { match: Match; target: Target },
): Promise<void> {
  const { req, res, caller } = request;
  const { name, form } = route.operation;
  const objectTo = (objection: Objection) =>
    isShown(calls, caller, name)
      ? objectCounted(calls.guard, res, {
          act: 'bad_request',
          who: request.who,
          objection,
          write: objectRest,
        })
      : tellUnknown(calls, request, path);
  if (announcesTooMuch(req)) {
    void readBody(req, 0);
    return objectTo(TOO_LARGE);
  }
  if (req.headers.expect !== undefined) res.writeContinue();
  const body = toRestBody(await readBody(req, MAX_BODY_BYTES), req.headers, form.length > 0);
  if ('status' in body) return objectTo(body);
  const args = toArgs({ route, params, search, headers: req.headers, body });
  const signal = goneSignal(res);
  replyOutcome(res, await calls.gate.call({ tool: name, args, transport: 'rest', caller, signal }));
}

/** A path that only hidden operations have looks like one that is not there. */
async function otherMethod(
  calls: RestCalls,
  request: Request,
  { matches, target }: { matches: readonly Match[]; target: Target },
): Promise<void> {
  const allowed = matches
    .map(({ route }) => route.operation)
    .filter(({ name }) => isShown(calls, request.caller, name))
    .map(({ method }) => method);
  if (allowed.length === 0) return tellUnknown(calls, request, target.path);
  objectRest(request.res, {
    status: 405,
    message: 'Method not allowed',
    headers: { allow: allowed.join(', ') },
  });
}

/** What does not exist goes through the gate as well: it is recorded, and answered as what is hidden. */
async function tellUnknown({ gate }: RestCalls, { req, res, caller }: Request, path: string): Promise<void> {
  const tool = `${req.method} ${path}`;
  const args = { value: {}, faults: [] };
  replyOutcome(res, await gate.call({ tool, args, transport: 'rest', caller, signal: goneSignal(res) }));
}

function isShown({ gate }: RestCalls, caller: Caller, name: string): boolean {
  return gate.list(caller).some((tool) => tool.name === name);
}

/** Aborted when the connection is gone before the answer: over plain HTTP there is no other way to cancel. */
function goneSignal(res: ServerResponse): Cancellation {
  const cancel = new Cancel();
  res.once('close', () => {
    if (!res.writableFinished) cancel.abort();
  });
  return cancel;
}
