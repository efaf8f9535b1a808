import type { JsonObject } from '../../src/model/index.ts';
import { type Answer, type Headers, send } from './support.ts';

export const MODERN = '2026-07-28';

/** What a request says of itself. */
export const META: JsonObject = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request that stands for itself. */
export function modern(id: unknown, method: string, params: JsonObject = {}) {
  return { jsonrpc: '2.0', id, method, params: { _meta: META, ...params } };
}

/** A `tools/call` that stands for itself. */
export function modernCall(id: unknown, tool: string, rest: JsonObject = {}) {
  return modern(id, 'tools/call', { name: tool, arguments: {}, ...rest });
}

/** The headers that belong to a message. */
export function headersOf(message: object): Headers {
  const { method = '', params } = message as { method?: string; params?: { name?: unknown } };
  const name = params?.name;
  return {
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof name === 'string' && { 'mcp-name': name }),
  };
}

/** Sends a message with the headers that belong to it, and others over them; an empty one is left out. */
export function postModern(url: string, message: object, over: Headers = {}): Promise<Answer> {
  const headers = Object.entries({ ...headersOf(message), ...over }).filter(([, value]) => value !== '');
  return send(url, { headers: Object.fromEntries(headers), body: JSON.stringify(message) });
}
