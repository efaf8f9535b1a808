import { connect, type Socket } from 'node:net';
import { Agent, request } from 'undici';
import { type HttpDoor, type HttpOptions, serveHttp } from '../../src/doors/http.ts';
import type { Guard, GuardedAct, Identified, Identity, Json, JsonObject } from '../../src/model/index.ts';
import { createGate, type FakeGate } from './fake-gate.ts';

/** A guard that records, and refuses the acts it is told to refuse. */
export function createGuard(refused: readonly GuardedAct[] = []): Guard & { readonly counted: string[] } {
  const counted: string[] = [];
  return {
    counted,
    async count(act, who) {
      counted.push(`${act} ${who}`);
      return refused.includes(act) ? { retryAfterMs: 1500 } : null;
    },
    look: async () => null,
  };
}

/** Anna and Ben carry tokens; without one a caller is anonymous; every other token is no good. */
const PEOPLE = new Map<string | null, Identity>([
  [null, {}],
  ['Bearer anna', { issuer: 'https://id', tenant: 't1', sub: 'anna' }],
  ['Bearer ben', { issuer: 'https://id', tenant: 't1', sub: 'ben' }],
  ['Bearer anna-client', { issuer: 'https://id', tenant: 't1', client_id: 'anna' }],
]);

export const SECRET = Buffer.alloc(32, 7);
export const VERSION = '9.9.9';

/** Knows a caller at once, as the door does where there are no tokens, or one that was seen before. */
export function identifyPeople({ authorization }: { readonly authorization: string | null }): Identified {
  const identity = PEOPLE.get(authorization);
  return identity === undefined
    ? { identified: false, fault: 'invalid_token', why: 'token not valid' }
    : { identified: true, identity };
}

export interface TestDoor extends HttpDoor {
  readonly gate: FakeGate;
  readonly guard: ReturnType<typeof createGuard>;
  readonly logged: string[];
}

/** A door on a free loopback port. */
export async function startHttp(
  over: Partial<HttpOptions> & { refused?: readonly GuardedAct[] } = {},
): Promise<TestDoor> {
  const gate = createGate();
  const guard = createGuard(over.refused);
  const logged: string[] = [];
  const door = await serveHttp({
    gate,
    guard,
    identify: identifyPeople,
    secret: SECRET,
    host: '127.0.0.1',
    port: 0,
    version: VERSION,
    log: (message) => logged.push(message),
    ...over,
  });
  return { ...door, gate, guard, logged };
}

export type Headers = Readonly<Record<string, string>>;

export const POST_HEADERS: Headers = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
};

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
} as const;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Bounded, so that a thousand sessions are not a thousand sockets at once; `openRaw` is for those. */
const agent = new Agent({ connections: 64 });

/** One request, its answer read to the end. */
export async function send(
  url: string,
  {
    method = 'POST',
    headers = {},
    body,
  }: { method?: string; headers?: Headers; body?: string | Buffer } = {},
): Promise<Answer> {
  const base = method === 'POST' ? POST_HEADERS : method === 'GET' ? { accept: 'text/event-stream' } : {};
  const answer = await request(url, {
    method: method === 'GET' || method === 'DELETE' ? method : 'POST',
    headers: { ...base, ...headers },
    body: body ?? null,
    dispatcher: agent,
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** A message sent as JSON. */
export function post(url: string, message: unknown, headers: Headers = {}): Promise<Answer> {
  return send(url, { headers, body: JSON.stringify(message) });
}

/** Opens a session and answers the headers that belong to it. */
export async function openSession(url: string, headers: Headers = {}): Promise<Headers> {
  const answer = await post(url, INITIALIZE, headers);
  const id = answer.headers['mcp-session-id'];
  if (typeof id !== 'string') throw new Error(`no session: ${answer.status} ${answer.text}`);
  return { ...headers, 'mcp-session-id': id };
}

/** A `tools/call` as a message. */
export function call(id: unknown, tool: string, rest: JsonObject = {}): JsonObject {
  return {
    jsonrpc: '2.0',
    id: id as Json,
    method: 'tools/call',
    params: { name: tool, arguments: {}, ...rest },
  };
}

/** A socket to the door that collects what it hears. */
export interface RawClient {
  readonly socket: Socket;
  heard(): string;
  /** Resolves when `text` was heard. */
  hears(text: string): Promise<void>;
  /** Resolves when the door ended the connection. */
  ended(): Promise<void>;
}

export async function openRaw(port: number, allowHalfOpen = false): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  let heard = '';
  let isClosed = false;
  socket.on('data', (chunk) => {
    heard += chunk.toString();
  });
  socket.on('error', () => {});
  socket.on('end', () => {
    isClosed = true;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    socket,
    heard: () => heard,
    hears: (text) => until(() => heard.includes(text), `hearing ${text}, heard ${heard}`),
    ended: () => until(() => isClosed, 'the end of the connection'),
  };
}

/** A POST to /mcp as bytes on the wire. */
export function rawPost(body: string, headers: Headers = {}): string {
  const lines = Object.entries({
    host: 'localhost',
    ...POST_HEADERS,
    'content-length': `${Buffer.byteLength(body)}`,
    ...headers,
  });
  return `POST /mcp HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** Sends many requests at once, as many on each connection as the door sees to at a time. */
export async function sendMany(port: number, requests: readonly string[]): Promise<readonly RawClient[]> {
  const perConnection = 16;
  const count = Math.ceil(requests.length / perConnection);
  const clients = await Promise.all(Array.from({ length: count }, () => openRaw(port)));
  for (const [i, client] of clients.entries()) {
    client.socket.write(requests.slice(i * perConnection, (i + 1) * perConnection).join(''));
  }
  return clients;
}

/** Waits until a condition holds; fails with what was waited for. */
export async function until(condition: () => boolean, what: string, waitMs = 5000): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
