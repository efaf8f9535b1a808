import {
  InitializeRequestSchema,
  isJSONRPCRequest,
  type JSONRPCRequest,
} from '@modelcontextprotocol/sdk/types.js';
import type { Json, JsonObject, SentArgs } from '../model/index.ts';
import { type Fault, type ParsedJson, parseJson } from '../pipeline/parse-json.ts';
import type { Written } from '../pipeline/respond.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import type { Answer } from './surface.ts';

/** What MCP accepts as the id of a request: null and fractions, which JSON-RPC knows, are not among it. */
export type RequestId = string | number;

/** What every request has. `params` is empty where there are none, or none that are an object. */
interface Requested {
  readonly id: RequestId;
  readonly method: string;
  readonly params: JsonObject;
}

/** A `tools/call`. */
export interface CallFrame extends Requested {
  readonly kind: 'call';
  readonly tool: string;
  readonly args: SentArgs;
  readonly progressToken: RequestId | undefined;
}

/** A message that wants an answer. */
export type RequestFrame =
  | CallFrame
  | (Requested & { readonly kind: 'request'; readonly message: JSONRPCRequest })
  /** A request whose `params` its method does not take. */
  | (Requested & { readonly kind: 'misfit'; readonly message: string });

/** One inbound JSON-RPC message, parsed once and sorted by what it asks for. */
export type Frame =
  | RequestFrame
  | { readonly kind: 'notification'; readonly method: string; readonly params: Json | undefined }
  | { readonly kind: 'response'; readonly message: JsonObject }
  | ({ readonly kind: 'invalid' } & RpcError);

/** A JSON-RPC error and the request that it is about, where that is known. */
export interface RpcError {
  readonly id: RequestId | null;
  readonly code: number;
  readonly message: string;
  readonly data?: Json;
}

/** JSON-RPC: the text is not JSON. */
export const PARSE_ERROR = -32700;
/** JSON-RPC: JSON, but not a request. */
export const INVALID_REQUEST = -32600;
/** JSON-RPC: there is no such method. */
export const METHOD_NOT_FOUND = -32601;
/** JSON-RPC: a request whose params its method does not take. */
export const INVALID_PARAMS = -32602;
/** JSON-RPC: a bug on this side. */
export const INTERNAL_ERROR = -32603;

const ARGUMENTS = ['params', 'arguments'];
const EXPECTED_TO_INITIALIZE = 'expected `protocolVersion`, `capabilities` and `clientInfo`';
const FAULT_WORDS = {
  duplicate_key: 'a key appears twice',
  forbidden_key: 'a key that is not allowed',
  too_deep: 'nested too deeply',
  number_out_of_range: 'a number that a double cannot hold',
  not_unicode: 'a string that is not well-formed Unicode',
} as const satisfies Record<Fault['why'], string>;

/** The text of one frame -> what it asks for. Never throws. */
export function readFrame(text: string): Frame {
  const parsed = parseJson(text, ARGUMENTS);
  if (!parsed.ok) return invalid(null, PARSE_ERROR, `Parse error: ${parsed.why} at character ${parsed.at}`);
  const message = parsed.value;
  if (!isObject(message)) {
    return invalid(null, INVALID_REQUEST, 'Invalid request: expected one object; batches are not accepted');
  }
  const fault = parsed.faults.find((one) => !isInArguments(one) || message['method'] !== 'tools/call');
  const id = isRequestId(message['id']) ? message['id'] : null;
  if (fault !== undefined) {
    // An id that stands there twice is not repeated: the client could not tell which one is meant.
    const echoed = fault.path[0] === 'id' ? null : id;
    return invalid(echoed, INVALID_REQUEST, `Invalid request: ${FAULT_WORDS[fault.why]}`);
  }
  if (message['jsonrpc'] !== '2.0')
    return invalid(id, INVALID_REQUEST, 'Invalid request: expected `"jsonrpc":"2.0"`');
  return classify(message, id, parsed);
}

/** A JSON-RPC error as the text of a frame. */
export function errorFrame({ id, code, message, data }: RpcError): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code, message, ...(data !== undefined && { data }) },
  });
}

/** A result or an error as the text of a frame. */
export function answerFrame(id: RequestId, answer: Answer | Written): string {
  if (!('members' in answer)) return JSON.stringify({ jsonrpc: '2.0', id, ...answer });
  const { members, meta } = answer;
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{${members}${meta === '' ? '' : `,"_meta":{${meta}}`}}}`;
}

/** Whether a value is an object, not null and not a list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value may be the id of a request or a progress token. */
export function isRequestId(value: Json | undefined): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

function classify(
  message: JsonObject,
  id: RequestId | null,
  parsed: Extract<ParsedJson, { ok: true }>,
): Frame {
  const { method, params } = message;
  const answers = Number('result' in message) + Number('error' in message);
  if (method === undefined && answers === 1 && 'id' in message) return { kind: 'response', message };
  if (typeof method !== 'string' || answers > 0) {
    return invalid(id, INVALID_REQUEST, 'Invalid request: expected `method`, or one of `result` and `error`');
  }
  if (!('id' in message)) return { kind: 'notification', method, params };
  if (id === null)
    return invalid(null, INVALID_REQUEST, 'Invalid request: expected a string or an integer as `id`');
  const requested = { id, method, params: isObject(params) ? params : {} };
  if (method === 'tools/call' && isObject(params)) return readCall(requested, parsed);
  return readRequest(requested, { jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
}

function readCall(requested: Requested, parsed: Extract<ParsedJson, { ok: true }>): Frame {
  const { name, _meta: meta, arguments: args = {} } = requested.params;
  if (typeof name !== 'string') return misfit(requested, 'expected a string as `params.name`');
  if (meta !== undefined && !isObject(meta)) {
    return misfit(requested, 'expected an object as `params._meta`');
  }
  const progressToken = meta?.['progressToken'];
  if (progressToken !== undefined && !isRequestId(progressToken)) {
    return misfit(requested, 'expected a string or an integer as `params._meta.progressToken`');
  }
  return { kind: 'call', ...requested, tool: name, args: sentArgs(parsed, ARGUMENTS, args), progressToken };
}

/** The SDK drops a message that it cannot read without an answer, so its own check runs first. */
function readRequest(requested: Requested, message: unknown): Frame {
  const { method } = requested;
  if (method === 'initialize' && !InitializeRequestSchema.safeParse(message).success) {
    return misfit(requested, EXPECTED_TO_INITIALIZE);
  }
  if (!isJSONRPCRequest(message)) return misfit(requested, 'expected `params` as the protocol has them');
  if (method === 'tools/call') return misfit(requested, 'expected a string as `params.name`');
  if (method === 'tools/list' && requested.params['cursor'] !== undefined) {
    return misfit(requested, 'invalid cursor; the list has one page');
  }
  return { kind: 'request', ...requested, message };
}

/** Whether a fault is the arguments' own: then the policy's denial tells it, not the protocol. */
function isInArguments(fault: Fault): boolean {
  return fault.path.length > ARGUMENTS.length && ARGUMENTS.every((name, i) => fault.path[i] === name);
}

function misfit(requested: Requested, expected: string): Frame {
  return { kind: 'misfit', ...requested, message: `Invalid params: ${expected}` };
}

function invalid(id: RequestId | null, code: number, message: string): Frame {
  return { kind: 'invalid', id, code, message };
}
