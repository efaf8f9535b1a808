import { runCall } from './calls.ts';
import { type Asker, cancelNamed, type Exchange, type McpSession, type Sender } from './exchange.ts';
import {
  answerFrame,
  errorFrame,
  type Frame,
  INVALID_PARAMS,
  INVALID_REQUEST,
  type RequestFrame,
} from './frame.ts';
import { createProtocolServer, type ProtocolServer } from './protocol-server.ts';
import type { Surface } from './surface.ts';

/** One era of the protocol, for both MCP doors. */
export interface Mcp {
  /** Sees to one frame. Never throws; what it starts is written to `exchange` when it is known. */
  receive(frame: Frame, sender: Sender, exchange: Exchange): void;
}

/** What both eras are made of. */
export interface McpOptions {
  readonly surface: Surface;
  readonly version: string;
  readonly log: (message: string) => void;
}

/** The dispatcher of the revisions with sessions: `tools/call` walks our own code, everything else is the SDK's. */
export function createMcp(options: McpOptions): Mcp {
  const { surface, log } = options;
  const protocol = createProtocolServer(options);
  return {
    receive(frame, sender, exchange) {
      switch (frame.kind) {
        case 'invalid':
          return exchange.refuse(frame);
        case 'response':
          surface.hear(frame.message);
          return exchange.end();
        case 'notification':
          // A `tools/call` without an id ends here too: nobody could be told its outcome, so it is not made.
          if (frame.method === 'notifications/cancelled') cancelNamed(frame.params, sender.session);
          return exchange.end();
        case 'misfit':
        case 'call':
        case 'request':
          return ask(frame, { sender, exchange });
      }
    },
  };

  function ask(frame: RequestFrame, asker: Asker): void {
    const { exchange, sender } = asker;
    const objection = findObjection(frame, sender.session);
    if (objection !== null) {
      exchange.refuse({ id: frame.id, code: INVALID_REQUEST, message: `Invalid request: ${objection}` });
    } else if (frame.kind === 'misfit') {
      exchange.answer(errorFrame({ id: frame.id, code: INVALID_PARAMS, message: frame.message }));
    } else if (frame.kind === 'call') {
      runCall(frame, asker, {
        surface,
        log,
        era: 'legacy',
        tell: (answer) => exchange.answer(answerFrame(frame.id, answer)),
      });
    } else {
      void runRequest(protocol, frame, asker);
    }
  }
}

/** Why a session does not take a request now. */
function findObjection({ id, method }: RequestFrame, session: McpSession): string | null {
  if (method === 'initialize' && session.state !== 'new') return '`initialize` comes once in a session';
  if (session.state === 'new' && method !== 'initialize' && method !== 'ping') return 'initialize first';
  if (session.running.has(id)) return 'a request with this id is still running';
  return null;
}

async function runRequest(
  protocol: ProtocolServer,
  frame: Extract<RequestFrame, { kind: 'request' }>,
  { sender: { session, caller }, exchange }: Asker,
): Promise<void> {
  const { id, method } = frame;
  if (method === 'initialize') session.state = 'opening';
  session.running.set(id, { cancel: null, exchange, silenced: false });
  const answer = await protocol.serve(frame, caller);
  session.running.delete(id);
  if (method === 'initialize') session.state = 'open';
  exchange.answer(answer);
  session.onSettled?.();
}
