import type { IncomingMessage } from 'node:http';
import type { Json, JsonObject } from '../model/index.ts';
import { cancel, createMcpSession } from './exchange.ts';
import type { Frame, RequestFrame, RpcError } from './frame.ts';
import { HttpExchange } from './http-exchange.ts';
import type { McpEndpoint, McpRequest, Received } from './http-mcp.ts';
import { type Objection, object } from './http-reply.ts';
import { isGone, whenGone } from './http-streams.ts';
import {
  declaredVersion,
  HEADER_MISMATCH,
  looksModern,
  MODERN_VERSIONS,
  unsupported,
} from './modern-meta.ts';
import { NO_ROOM, NOTHING_HELD } from './running-bytes.ts';

/** What of a request's params `Mcp-Name` has to repeat, by method. */
const NAMED: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);
/** Of one caller; a subscription is one of them for as long as it lasts. */
const MAX_RUNNING = 2000;
const TOO_BUSY: Objection = {
  status: 429,
  message: `Too many requests: a caller has at most ${MAX_RUNNING} without an answer`,
  headers: { 'retry-after': '1' },
};

/** How many requests of the modern era each caller has without an answer. */
export type RunningCounts = Map<string, number>;

/** Sees to a frame whose header is of the modern era. It stands for itself: closing its connection cancels it. */
export function receiveModern(
  endpoint: McpEndpoint,
  { res, identity, who }: McpRequest,
  { frame, bytes }: Received,
): void {
  if (isGone(res)) return;
  const running = endpoint.modernRunning.get(who) ?? 0;
  if (running >= MAX_RUNNING) {
    object(res, TOO_BUSY);
    return;
  }
  const release = frame.kind === 'call' ? endpoint.runningBytes.take(bytes) : NOTHING_HELD;
  if (release === null) {
    object(res, NO_ROOM);
    return;
  }
  const session = createMcpSession({ state: 'open', onSettled: null });
  const exchange = new HttpExchange(res, { guard: endpoint.guard, who, newSessionId: null, release });
  endpoint.modern.receive(frame, { session, caller: { identity, session: null } }, exchange);
  // What was answered at once, as most calls are that the policy denies, can neither be cancelled nor pile up.
  if (session.running.size === 0) return;
  endpoint.modernRunning.set(who, running + 1);
  whenGone(res, () => {
    const left = (endpoint.modernRunning.get(who) ?? 1) - 1;
    if (left === 0) endpoint.modernRunning.delete(who);
    else endpoint.modernRunning.set(who, left);
    for (const one of session.running.values()) cancel(one);
  });
}

/**
 * Where header and body of a message do not agree, or null. The header names the era, and the body has to be of it:
 * a request is never checked by the rules of one era and answered by those of the other.
 *
 * @param version the revision in the header where it is none of the legacy era, else null.
 */
export function findMismatch(req: IncomingMessage, frame: Frame, version: string | null): RpcError | null {
  if (frame.kind === 'invalid' || frame.kind === 'response') return null;
  if (frame.kind === 'notification') {
    const isOfHeader = version !== null || !looksModern(frame.params);
    return isOfHeader ? null : mismatch(null, 'MCP-Protocol-Version');
  }
  if (version === null) {
    return looksModern(frame.params) ? mismatch(frame.id, 'MCP-Protocol-Version') : null;
  }
  return findModernMismatch(req, frame, version);
}

function findModernMismatch(req: IncomingMessage, frame: RequestFrame, version: string): RpcError | null {
  const { id, method, params } = frame;
  const declared = declaredVersion(params);
  if (declared === undefined && !MODERN_VERSIONS.includes(version)) return { id, ...unsupported(version) };
  if (typeof declared === 'string' && declared !== version) return mismatch(id, 'MCP-Protocol-Version');
  if (req.headers['mcp-method'] !== method) return mismatch(id, 'Mcp-Method');
  return isNamed(req.headers['mcp-name'], method, params) ? null : mismatch(id, 'Mcp-Name');
}

function isNamed(header: string | string[] | undefined, method: string, params: JsonObject): boolean {
  const source = NAMED.get(method);
  if (source === undefined) return true;
  const name: Json | undefined = params[source];
  // A name of the wrong type is told by the method's own check, so long as no header claims otherwise.
  if (typeof name !== 'string') return header === undefined;
  return typeof header === 'string' && decodeHeader(header) === name;
}

const ENCODED = /^=\?base64\?(.*)\?=$/;
const PLAIN = /^[\t\x20-\x7e]*$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value of a header (Streamable HTTP, Value Encoding); null where it has none, so that it is equal to nothing. */
function decodeHeader(header: string): string | null {
  if (!PLAIN.test(header)) return null;
  const [, base64] = ENCODED.exec(header) ?? [];
  if (base64 === undefined) return header;
  const bytes = Buffer.from(base64, 'base64');
  // Node reads what it can of text that is not Base64; two spellings of one value are one too many.
  if (bytes.toString('base64') !== base64) return null;
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

function mismatch(id: RpcError['id'], header: string): RpcError {
  const message = `Header mismatch: expected the \`${header}\` header to say what the body says`;
  return { id, code: HEADER_MISMATCH, message };
}
