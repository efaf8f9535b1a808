import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type {
  JSONRPCMessage,
  JSONRPCRequest,
  Notification,
  Request,
  Result,
} from '@modelcontextprotocol/sdk/types.js';
import type { jsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/types.js';
import type { Caller, JsonObject } from '../model/index.ts';
import type { Written } from '../pipeline/respond.ts';
import {
  answerFrame,
  errorFrame,
  INTERNAL_ERROR,
  METHOD_NOT_FOUND,
  type RequestFrame,
  type RequestId,
} from './frame.ts';
import type { McpOptions } from './mcp.ts';
import type { Answer } from './surface.ts';

/** Answers every request that is not a `tools/call`, as the SDK does. */
export interface ProtocolServer {
  /** Resolves to the text of the answer. Never rejects. */
  serve(frame: Extract<RequestFrame, { kind: 'request' }>, caller: Caller): Promise<string>;
}

interface Waiting {
  readonly id: RequestId;
  readonly params: JsonObject;
  readonly caller: Caller;
  readonly answer: (frame: string) => void;
  /** The result, where the SDK is not the one to write it. */
  written: Written | null;
}

const NO_SUCH_METHOD: Answer = { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } };

/** The SDK would build an Ajv for each server, to check what clients elicit; this server elicits nothing. */
const NOTHING_TO_VALIDATE: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not used' }),
};

/**
 * The SDK's `Server`, once for all sessions of a door: an SDK server per session would cost each of them tens of
 * kilobytes. Ids are replaced by numbers of our own on the way in and put back on the way out, so sessions never meet.
 */
export function createProtocolServer({ surface, version, log }: McpOptions): ProtocolServer {
  const asked = new Map<RequestId, Waiting>();
  const transport = createTransport(asked, log);
  const server = new Server<Request, Notification, Result>(
    { name: 'portcullis', version },
    {
      capabilities: { ...surface.capabilities.legacy },
      instructions: surface.instructions,
      jsonSchemaValidator: NOTHING_TO_VALIDATE,
    },
  );
  server.fallbackRequestHandler = async ({ method }, { requestId }) => {
    const request = asked.get(requestId);
    if (request === undefined) throw new Error('a request without its record');
    const { params, caller } = request;
    const answer = surface.ask({ era: 'legacy', method, params, caller }) ?? NO_SUCH_METHOD;
    if ('error' in answer) throw Object.assign(new Error(answer.error.message), answer.error);
    if ('result' in answer) return { ...answer.result };
    request.written = answer;
    return {};
  };
  // `connect` sets the transport's callbacks before its first await; the transport's start has nothing to wait for.
  void server.connect(transport);
  let last = 0;
  return {
    serve: ({ message, params }, caller) =>
      new Promise((answer) => {
        const id = ++last;
        asked.set(id, { id: message.id, params, caller, answer, written: null });
        transport.onmessage?.({ ...withoutTask(message), id });
      }),
  };
}

/**
 * Without the wish to have it as a task, which a server that has none ignores (2025-11-25, Tasks); the SDK would
 * answer with an error inside, and repeat the method to the log.
 */
function withoutTask({ params, ...message }: JSONRPCRequest): JSONRPCRequest {
  if (params === undefined) return message;
  const { task: _, ...others } = params;
  return { ...message, params: others };
}

function createTransport(asked: Map<RequestId, Waiting>, log: (message: string) => void): Transport {
  return {
    start: async () => {},
    close: async () => {},
    send: async (message) => {
      const id = 'id' in message ? message.id : undefined;
      const request = id === undefined ? undefined : asked.get(id);
      if (id === undefined || request === undefined) return;
      asked.delete(id);
      request.answer(toFrame(message, request, log));
    },
  };
}

function toFrame(message: JSONRPCMessage, { id, written }: Waiting, log: (message: string) => void): string {
  if ('error' in message && message.error.code === INTERNAL_ERROR) {
    log(`an MCP request failed inside: ${message.error.message}`);
    return errorFrame({ id, code: INTERNAL_ERROR, message: 'Internal error' });
  }
  if (written !== null) return answerFrame(id, written);
  return JSON.stringify({ ...message, id });
}
