import type { Answer, Asked, ToolCall } from '../../src/doors/surface.ts';
import type { Json, JsonObject } from '../../src/model/index.ts';

/** What a fixture may do beside answering. */
export interface Peer {
  /** Asks the client of a call something and waits for its response; of the legacy era alone. */
  ask(call: ToolCall, method: string, params: JsonObject): Promise<JsonObject>;
  /** Sends a notification to every client. */
  change(method: string): void;
}

/** A tool of the suite. `properties` are those of its arguments' schema. */
export interface FixtureTool {
  readonly name: string;
  readonly properties: JsonObject;
  readonly run: (call: ToolCall, peer: Peer) => Answer | Promise<Answer>;
}

/** A result. */
export function done(result: JsonObject): Answer {
  return { result };
}

/** A JSON-RPC error. */
export function failed(code: number, message: string, data?: Json): Answer {
  return { error: { code, message, ...(data !== undefined && { data }) } };
}

/** What a request says of itself. */
export function metaOf({ params }: Asked): JsonObject {
  return objectIn(params, '_meta');
}

/** What the client of a request of the modern era can do. */
export function capabilitiesOf(asked: Asked): JsonObject {
  return objectIn(metaOf(asked), 'io.modelcontextprotocol/clientCapabilities');
}

/** A member that is an object, or an empty one in its place. */
export function objectIn(value: JsonObject, name: string): JsonObject {
  const member = value[name];
  return isObject(member) ? member : {};
}

/** Whether a value is an object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
