import type { ServerResponse } from 'node:http';
import type { Caller, Cancellation, Gate } from '../model/index.ts';
import { ANONYMOUS, identityKey } from '../pipeline/identity-key.ts';
import { Cancel } from './cancellation.ts';
import { type Body, type HttpRequest, readBody } from './http-body.ts';
import { announcesTooMuch, MAX_BODY_BYTES } from './http-checks.ts';
import { addressOf, admit, type Entrance } from './http-entrance.ts';
import { objectCounted } from './http-guarded.ts';
import type { Objection } from './http-reply.ts';
import { toArgs } from './rest-args.ts';
import { TOO_LARGE, toRestBody } from './rest-body.ts';
import { objectRest, replyOutcome } from './rest-reply.ts';
import type { FindRoutes, Match } from './rest-routes.ts';
import { NO_ROOM, type RunningBytes } from './running-bytes.ts';

/** What calls over REST go through. */
export interface RestCalls extends Entrance {
  readonly gate: Gate;
  readonly find: FindRoutes;
  readonly runningBytes: RunningBytes;
}

/** One request of a known caller; `who` is what the guard counts by. */
interface Request {
  readonly req: HttpRequest;
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
  { req, res }: { req: HttpRequest; res: ServerResponse },
): Promise<void> {
  const caller = await identifyCaller(calls, { req, res });
  if (caller === null) return;
  const key = identityKey(caller.identity);
  const who = key === ANONYMOUS ? addressOf(req) : key;
  const matches = calls.find(target.path);
  const match = matches.find(({ route }) => route.operation.method === req.method) ?? null;
  return call(calls, { req, res, caller, who }, { match, matches, target });
}

/** Who calls, by `X-Portcullis-Authorization`; null where that is not known, which is then answered. */
export async function identifyCaller(
  calls: RestCalls,
  exchange: { req: HttpRequest; res: ServerResponse },
): Promise<Caller | null> {
  const identity = await admit(calls, exchange, { header: 'x-portcullis-authorization', write: objectRest });
  return identity === null ? null : { identity, session: null };
}

/** Where a request leads: the operation, if there is one, and all that its path has. */
interface Destination {
  readonly match: Match | null;
  readonly matches: readonly Match[];
  readonly target: Target;
}

/** The body of a request that leads nowhere is read as well: by what is waited for, too, a hidden operation is none. */
async function call(calls: RestCalls, request: Request, destination: Destination): Promise<void> {
  const { req, res } = request;
  if (announcesTooMuch(req)) {
    void readBody(req, 0);
    return objectTo(calls, request, { destination, objection: TOO_LARGE });
  }
  if (req.headers.expect !== undefined) res.writeContinue();
  const bytes = await readBody(req, MAX_BODY_BYTES);
  const release = calls.runningBytes.take(bytes.length);
  if (release === null) return objectRest(res, NO_ROOM);
  try {
    await make(calls, request, { destination, bytes });
  } finally {
    release();
  }
}

async function make(
  calls: RestCalls,
  request: Request,
  { destination, bytes }: { destination: Destination; bytes: Body },
): Promise<void> {
  const { req, res, caller } = request;
  const { match, target } = destination;
  if (match === null) return tellNothing(calls, request, destination);
  const { route, params } = match;
  const { name, form } = route.operation;
  const body = toRestBody(bytes, req.headers, form.length > 0);
  if ('status' in body) return objectTo(calls, request, { destination, objection: body });
  const args = toArgs({ route, params, search: target.search, headers: req.headers, body });
  const signal = goneSignal(res);
  const outcome = await calls.gate.call({ tool: name, args, transport: 'rest', caller, signal });
  const allowed = outcome.ended === 'unknown_tool' ? allowedOn(calls, caller, destination) : [];
  if (allowed.length > 0) objectToMethod(res, allowed);
  else replyOutcome(res, outcome);
}

async function objectTo(
  calls: RestCalls,
  request: Request,
  { destination, objection }: { destination: Destination; objection: Objection },
): Promise<void> {
  const { match } = destination;
  if (match === null || !isShown(calls, request.caller, match.route.operation.name)) {
    return tellNothing(calls, request, destination);
  }
  const { res, who } = request;
  await objectCounted(calls.guard, res, { act: 'bad_request', who, objection, write: objectRest });
}

/** A path that only hidden operations have looks like one that is not there, a hidden method like one that is not. */
async function tellNothing(calls: RestCalls, request: Request, destination: Destination): Promise<void> {
  const { req, res, caller } = request;
  const allowed = allowedOn(calls, caller, destination);
  if (allowed.length > 0) return objectToMethod(res, allowed);
  // What does not exist goes through the gate as well: it is recorded, and answered as what is hidden.
  const tool = `${req.method} ${destination.target.path}`;
  const args = { value: {}, faults: [] };
  const signal = goneSignal(res);
  replyOutcome(res, await calls.gate.call({ tool, args, transport: 'rest', caller, signal }));
}

/** The methods of the operations on a path that this caller is shown, but for the one that is asked for. */
function allowedOn(calls: RestCalls, caller: Caller, { match, matches }: Destination): readonly string[] {
  return matches
    .filter((each) => each !== match && isShown(calls, caller, each.route.operation.name))
    .map(({ route }) => route.operation.method);
}

function objectToMethod(res: ServerResponse, allowed: readonly string[]): void {
  objectRest(res, { status: 405, message: 'Method not allowed', headers: { allow: allowed.join(', ') } });
}

function isShown({ gate }: RestCalls, caller: Caller, name: string): boolean {
  return gate.list(caller).some((tool) => tool.name === name);
}

/** Aborted when the connection is gone before the answer: over plain HTTP there is no other way to cancel. */
function goneSignal(res: ServerResponse): Cancellation {
  const cancel = new Cancel();
  const { socket } = res.req;
  const tell = () => {
    socket.off('close', tell);
    res.off('close', tell);
    if (!res.writableFinished) cancel.abort();
  };
  res.once('close', tell);
  // An answer that waits for those before it on its connection is never told that this was closed.
  socket.once('close', tell);
  return cancel;
}
