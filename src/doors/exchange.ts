import type { Caller, Json } from '../model/index.ts';
import type { Cancel } from './cancellation.ts';
import { isObject, isRequestId, type RequestId, type RpcError } from './frame.ts';

/** Where everything that one frame leads to is written. Of `answer`, `refuse` and `end`, one is called, once. */
export interface Exchange {
  /** A notification that belongs to the request and goes out before its answer. */
  notify(frame: string): void;
  /** A notification that says the same however often it is said: a reader that is behind needs it once. */
  announce(frame: string): void;
  /** Says that a request without an answer is still there, where the transport has a way to. */
  keepAlive(): void;
  answer(frame: string): void;
  /** The frame was not a request that is taken; nothing was done. */
  refuse(error: RpcError): void;
  /** There is nothing (more) to say: a notification, a response, or a cancelled request. */
  end(): void;
  /** The call that was taken is over, also where it was cancelled and nothing more is said of it. */
  settled(): void;
}

/** What the protocol needs to remember of a session, or of a connection without one; a light record. */
export interface McpSession {
  /** `opening` from an `initialize` that was accepted until its answer. */
  state: 'new' | 'opening' | 'open';
  /** Requests without an answer, by id. */
  readonly running: Map<RequestId, Running>;
  /** Told after each request that left `running`. */
  readonly onSettled: (() => void) | null;
}

/** A request on its way; `cancel` is null where the protocol does not let it be cancelled. */
export interface Running {
  readonly cancel: Cancel | null;
  readonly exchange: Exchange;
  silenced: boolean;
}

/** Who sent a frame, in which session. */
export interface Sender {
  readonly session: McpSession;
  readonly caller: Caller;
}

/** Whom an answer goes to, and where it is written. */
export interface Asker {
  readonly sender: Sender;
  readonly exchange: Exchange;
}

/** A session that has not been initialized (`new`), or was elsewhere, or has no need to be (`open`). */
export function createMcpSession(start: Pick<McpSession, 'state' | 'onSettled'>): McpSession {
  return { state: start.state, running: new Map(), onSettled: start.onSettled };
}

/** A notification without params as the text of a frame. */
export function notificationFrame(method: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method });
}

/** Cancels the request that the params of a `notifications/cancelled` name; unknown ones are not an error. */
export function cancelNamed(params: Json | undefined, session: McpSession): void {
  const id = isObject(params) ? params['requestId'] : undefined;
  const running = isRequestId(id) ? session.running.get(id) : undefined;
  if (running !== undefined) cancel(running);
}

/** Nothing more is said for the request, and what it does is aborted. */
export function cancel(running: Running): void {
  if (running.cancel === null || running.silenced) return;
  running.silenced = true;
  running.exchange.end();
  running.cancel.abort();
}
