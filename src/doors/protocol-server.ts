import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  ListToolsRequestSchema,
  type Notification,
  type Request,
  type Result,
} from '@modelcontextprotocol/sdk/types.js';
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import type { Caller, Gate } from '../model/index.ts';
import { errorFrame, INTERNAL_ERROR, type RequestId } from './frame.ts';

/** Answers every request that is not a `tools/call`, as the SDK does. */
export interface ProtocolServer {
  /** Resolves to the text of the answer. Never rejects. */
  serve(message: JSONRPCRequest, caller: Caller): Promise<string>;
}

interface Asked {
  readonly id: RequestId;
  readonly caller: Caller;
  readonly answer: (frame: string) => void;
}

const INSTRUCTIONS = [
  'Every call is judged by a policy before it reaches FusionAuth.',
  'A result that begins with [POLICY DENIED] says why: correct arguments that it lists, wait where it says when to retry, and otherwise do not try again.',
  'Secrets in results may be fingerprints (`fp:…`), which identify a value but cannot be used in its place.',
].join(' ');

/** The SDK would build an Ajv for each server, to check what clients elicit; this server elicits nothing. */
const NOTHING_TO_VALIDATE: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not used' }),
};

/**
 * The SDK's `Server`, once for all sessions of a door: an SDK server per session would cost each of them tens of
 * kilobytes. Ids are replaced by numbers of our own on the way in and put back on the way out, so sessions never meet.
 */
export function createProtocolServer(options: {
  gate: Gate;
  version: string;
  log: (message: string) => void;
}): ProtocolServer {
  const asked = new Map<RequestId, Asked>();
  const transport = createTransport(asked, options.log);
  const server = new Server<Request, Notification, Result>(
    { name: 'portcullis', version: options.version },
    {
      capabilities: { tools: { listChanged: true } },
      instructions: INSTRUCTIONS,
      jsonSchemaValidator: NOTHING_TO_VALIDATE,
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, (_request, extra) => {
    const caller = asked.get(extra.requestId)?.caller;
    return { tools: caller === undefined ? [] : options.gate.list(caller) };
  });
  // `connect` sets the transport's callbacks before its first await; the transport's start has nothing to wait for.
  void server.connect(transport);
  let last = 0;
  return {
    serve: (message, caller) =>
      new Promise((answer) => {
        const id = ++last;
        asked.set(id, { id: message.id, caller, answer });
        transport.onmessage?.({ ...message, id });
      }),
  };
}

function createTransport(asked: Map<RequestId, Asked>, log: (message: string) => void): Transport {
  return {
    start: async () => {},
    close: async () => {},
    send: async (message) => {
      const id = 'id' in message ? message.id : undefined;
      const request = id === undefined ? undefined : asked.get(id);
      if (id === undefined || request === undefined) return;
      asked.delete(id);
      request.answer(toFrame(message, request.id, log));
    },
  };
}

function toFrame(message: JSONRPCMessage, id: RequestId, log: (message: string) => void): string {
  if ('error' in message && message.error.code === INTERNAL_ERROR) {
    log(`an MCP request failed inside: ${message.error.message}`);
    return errorFrame({ id, code: INTERNAL_ERROR, message: 'Internal error' });
  }
  return JSON.stringify({ ...message, id });
}
