import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Json } from '../model/index.ts';
import { errorFrame, type RequestId } from './frame.ts';
import { endTogether } from './http-turn.ts';

/** Why a request is not taken: an HTTP status and what the body says. */
export interface Objection {
  readonly status: number;
  readonly message: string;
  /** JSON-RPC error code; left out where the request never became JSON-RPC. */
  readonly code?: number;
  /** What a program reads of a JSON-RPC error. */
  readonly data?: Json;
  readonly id?: RequestId | null;
  readonly headers?: OutgoingHttpHeaders;
  /** The code over REST, where the status does not say it. */
  readonly restCode?: string;
}

/** How a door writes an objection. Does nothing where an answer was begun or the client is gone. */
export type WriteObjection = (res: ServerResponse, objection: Objection) => void;

/** What the SDK's servers answer where only HTTP is at fault. */
const HTTP_ERROR = -32000;

/** Writes a whole answer, at the end of this turn. Does nothing where one was begun or the client is gone. */
export function reply(
  res: ServerResponse,
  status: number,
  { body, headers }: { body: string; headers: OutgoingHttpHeaders },
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  endTogether(res, body);
}

const FRAME = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** Writes a frame as the whole answer, as `reply` does. */
export function replyFrame(res: ServerResponse, frame: string, newSessionId: string | null): void {
  if (newSessionId !== null) {
    reply(res, 200, { body: frame, headers: { ...FRAME, 'mcp-session-id': newSessionId } });
  } else if (!res.headersSent && !res.destroyed) {
    // Almost every answer is one of these: copying the headers costs more than writing them.
    res.writeHead(200, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'content-length': Buffer.byteLength(frame),
    });
    endTogether(res, frame);
  }
}

/** Writes an answer that has no body. */
export function replyEmpty(res: ServerResponse, status: number): void {
  if (res.headersSent || res.destroyed) return;
  // RFC 9110 section 8.6: a 204 has no Content-Length, every other empty answer says 0.
  res.writeHead(status, { 'content-length': 0 });
  res.end();
}

/** Writes an answer as JSON. */
export function replyJson(res: ServerResponse, status: number, value: unknown): void {
  reply(res, status, { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } });
}

/** Writes an objection as a JSON-RPC error, which is what MCP clients read. */
export function object(res: ServerResponse, { status, headers, ...error }: Objection): void {
  reply(res, status, {
    body: errorFrame({ id: null, code: HTTP_ERROR, ...error }),
    headers: { ...headers, 'content-type': 'application/json' },
  });
}
