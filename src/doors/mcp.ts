import type { Caller, Gate, Json, RawCall } from '../model/index.ts';
import { toToolResult } from '../pipeline/respond.ts';
import { Cancel } from './cancellation.ts';
import {
  errorFrame,
  type Frame,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  isObject,
  isRequestId,
  type RequestId,
  type RpcError,
} from './frame.ts';
import { createProtocolServer, type ProtocolServer } from './protocol-server.ts';

/** Where everything that one frame leads to is written. Of `answer`, `refuse` and `end`, one is called, once. */
export interface Exchange {
  /** A notification that belongs to the request and goes out before its answer. */
  notify(frame: string): void;
  answer(frame: string): void;
  /** The frame was not a request that this session takes; nothing was done. */
  refuse(error: RpcError): void;
  /** There is nothing (more) to say: a notification, a response, or a cancelled call. */
  end(): void;
}

/** What the protocol needs to remember of a session; a light record. */
export interface McpSession {
  /** `opening` from an `initialize` that was accepted until its answer. */
  state: 'new' | 'opening' | 'open';
  /** Requests without an answer, by id. */
  readonly running: Map<RequestId, Running>;
  /** Told after each request that left `running`. */
  readonly onSettled: (() => void) | null;
}

/** Who sent a frame, in which session. */
export interface Sender {
  readonly session: McpSession;
  readonly caller: Caller;
}

/** The protocol of both MCP doors. */
export interface Mcp {
  /** Sees to one frame. Never throws; what it starts is written to `exchange` when it is known. */
  receive(frame: Frame, sender: Sender, exchange: Exchange): void;
}

/** A request on its way; `cancel` is null where the protocol does not let it be cancelled. */
interface Running {
  readonly cancel: Cancel | null;
  readonly exchange: Exchange;
  silenced: boolean;
}

interface Options {
  readonly gate: Gate;
  readonly transport: 'stdio' | 'http';
  readonly version: string;
  readonly log: (message: string) => void;
}

type CallFrame = Extract<Frame, { kind: 'call' }>;
type RequestFrame = Extract<Frame, { kind: 'request' }>;

/** The notification that goes out when the visible tools changed. */
export const TOOLS_CHANGED = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';

/** A session that has not been initialized (`new`), or was elsewhere (`open`). */
export function createMcpSession(start: Pick<McpSession, 'state' | 'onSettled'>): McpSession {
  return { state: start.state, running: new Map(), onSettled: start.onSettled };
}

/** The one dispatcher: `tools/call` walks our own code, everything else is the SDK's. */
export function createMcp(options: Options): Mcp {
  const protocol = createProtocolServer(options);
  return {
    receive(frame, sender, exchange) {
      switch (frame.kind) {
        case 'invalid':
          return exchange.refuse(frame);
        case 'response': // We ask clients nothing, so there is nothing that it could answer.
          return exchange.end();
        case 'notification':
          // A `tools/call` without an id ends here too: nobody could be told its outcome, so it is not made.
          if (frame.method === 'notifications/cancelled') cancel(frame.params, sender.session);
          return exchange.end();
        case 'misfit':
        case 'call':
        case 'request':
          return ask(frame, sender, exchange);
      }
    },
  };

  function ask(
    frame: Exclude<Frame, { kind: 'invalid' | 'response' | 'notification' }>,
    sender: Sender,
    exchange: Exchange,
  ): void {
    const objection = findObjection(frame, sender.session);
    if (objection !== null) {
      exchange.refuse({ id: frame.id, code: INVALID_REQUEST, message: `Invalid request: ${objection}` });
    } else if (frame.kind === 'misfit') {
      exchange.answer(errorFrame({ id: frame.id, code: INVALID_PARAMS, message: frame.message }));
    } else if (frame.kind === 'call') {
      void runCall(options, frame, { sender, exchange });
    } else {
      void runRequest(protocol, frame, { sender, exchange });
    }
  }
}

/** Why a session does not take a request now. */
function findObjection(frame: Extract<Frame, { id: RequestId }>, session: McpSession): string | null {
  const method = frame.kind === 'request' ? frame.message.method : 'tools/call';
  if (method === 'initialize' && session.state !== 'new') return '`initialize` comes once in a session';
  if (session.state === 'new' && method !== 'initialize' && method !== 'ping') return 'initialize first';
  if (session.running.has(frame.id)) return 'a request with this id is still running';
  return null;
}

async function runCall(
  options: Options,
  frame: CallFrame,
  { sender, exchange }: { sender: Sender; exchange: Exchange },
): Promise<void> {
  const cancel = new Cancel();
  const running: Running = { cancel, exchange, silenced: false };
  sender.session.running.set(frame.id, running);
  const answer = await answerCall(options, frame, {
    tool: frame.tool,
    args: frame.args,
    transport: options.transport,
    caller: sender.caller,
    signal: cancel,
    ...(frame.progressToken !== undefined && { onForward: createProgress(frame.progressToken, running) }),
  });
  sender.session.running.delete(frame.id);
  if (!running.silenced) exchange.answer(answer);
  sender.session.onSettled?.();
}

async function answerCall({ gate, log }: Options, frame: CallFrame, raw: RawCall): Promise<string> {
  try {
    return JSON.stringify({ jsonrpc: '2.0', id: frame.id, ...toToolResult(await gate.call(raw)) });
  } catch (error) {
    // The gate promises not to throw; a client must not wait for ever for a broken promise.
    log(`a call ended in a bug: ${error instanceof Error ? error.name : typeof error}`);
    return errorFrame({ id: frame.id, code: INTERNAL_ERROR, message: 'Internal error' });
  }
}

async function runRequest(
  protocol: ProtocolServer,
  { id, message }: RequestFrame,
  { sender: { session, caller }, exchange }: { sender: Sender; exchange: Exchange },
): Promise<void> {
  if (message.method === 'initialize') session.state = 'opening';
  session.running.set(id, { cancel: null, exchange, silenced: false });
  const answer = await protocol.serve(message, caller);
  session.running.delete(id);
  if (message.method === 'initialize') session.state = 'open';
  exchange.answer(answer);
  session.onSettled?.();
}

function cancel(params: Json | undefined, session: McpSession): void {
  const id = isObject(params) ? params['requestId'] : undefined;
  const running = isRequestId(id) ? session.running.get(id) : undefined;
  if (running === undefined || running.cancel === null || running.silenced) return;
  running.silenced = true;
  running.exchange.end();
  running.cancel.abort();
}

function createProgress(progressToken: RequestId, running: Running): () => void {
  return () => {
    if (running.silenced) return;
    const params = {
      progressToken,
      progress: 1,
      total: 2,
      message: 'Allowed by policy; waiting for FusionAuth',
    };
    running.exchange.notify(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params }));
  };
}
