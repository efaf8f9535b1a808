import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { call, type Headers, INITIALIZE, openSession, send, startHttp, type TestDoor } from './support.ts';

const MIB = 1024 * 1024;
let door: TestDoor;
let session: Headers;

beforeAll(async () => {
  door = await startHttp();
  session = await openSession(door.url);
});
beforeEach(() => {
  door.gate.calls.length = 0;
  door.guard.counted.length = 0;
});
afterAll(() => door.close());

interface Row {
  readonly name: string;
  readonly body: string | Buffer;
  readonly status: number;
  readonly code?: number;
  readonly calls?: number;
  /** Headers beside those of the session; null for a request without a session. */
  readonly headers?: Headers | null;
}

/** A call whose whole text has `bytes` bytes. */
function callOf(bytes: number): string {
  const empty = JSON.stringify(call(1, 'echo', { arguments: { a: '' } }));
  return empty.replace('"a":""', `"a":"${'x'.repeat(bytes - empty.length)}"`);
}

const text = JSON.stringify(call(1, 'echo'));
const rows: readonly Row[] = [
  { name: 'a call is answered', body: text, status: 200, calls: 1 },
  {
    name: 'an unknown tool is answered with an error of the protocol',
    body: JSON.stringify(call(1, 'none')),
    status: 200,
    code: -32602,
    calls: 1,
  },
  {
    name: 'a call without a name is answered with what is missing',
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    status: 200,
    code: -32602,
  },
  {
    name: 'an unknown method is answered',
    body: '{"jsonrpc":"2.0","id":1,"method":"x"}',
    status: 200,
    code: -32601,
  },
  {
    name: 'a notification is accepted',
    body: '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    status: 202,
  },
  { name: 'a response is accepted', body: '{"jsonrpc":"2.0","id":1,"result":{}}', status: 202 },
  {
    name: 'a call without an id is accepted and never made',
    body: '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}',
    status: 202,
  },
  { name: 'an empty body is a parse error', body: '', status: 400, code: -32700 },
  { name: 'malformed JSON is a parse error', body: '{"jsonrpc":', status: 400, code: -32700 },
  {
    name: 'invalid UTF-8 is a parse error',
    body: Buffer.from(text.replace('{}', '{"a":"\xff"}'), 'latin1'),
    status: 400,
    code: -32700,
  },
  { name: 'a byte-order mark is a parse error', body: `\uFEFF${text}`, status: 400, code: -32700 },
  { name: 'UTF-16 is a parse error', body: Buffer.from(text, 'utf16le'), status: 400, code: -32700 },
  { name: 'gzip without saying so is a parse error', body: gzipSync(text), status: 400, code: -32700 },
  { name: 'a batch is refused and nothing of it is done', body: `[${text}]`, status: 400, code: -32600 },
  { name: 'an empty batch is refused', body: '[]', status: 400, code: -32600 },
  {
    name: 'the id null is an invalid request',
    body: JSON.stringify(call(null, 'echo')),
    status: 400,
    code: -32600,
  },
  {
    name: 'a key twice in the envelope is an invalid request',
    body: text.replace('"id":1', '"id":1,"method":"ping"'),
    status: 400,
    code: -32600,
  },
  {
    name: 'a key twice in the arguments is the policy’s to deny',
    body: text.replace('"arguments":{}', '"arguments":{"a":1,"a":2}'),
    status: 200,
    calls: 1,
  },
  {
    name: '20,000 levels are an invalid request',
    body: `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    status: 400,
    code: -32600,
  },
  { name: '1 MiB is read', body: callOf(MIB), status: 200, calls: 1 },
  { name: '1 MiB and a byte is too large', body: callOf(MIB + 1), status: 413, code: -32000 },
  { name: '8 MiB are too large', body: Buffer.alloc(8 * MIB, 0x20), status: 413, code: -32000 },
  {
    name: 'a call without a session is told to initialize',
    body: text,
    status: 400,
    code: -32000,
    headers: null,
  },
  {
    name: 'a notification without a session is told to initialize',
    body: '{"jsonrpc":"2.0","method":"x"}',
    status: 400,
    code: -32000,
    headers: null,
  },
  {
    name: 'a batch with initialize is refused',
    body: `[${JSON.stringify(INITIALIZE)},${text}]`,
    status: 400,
    code: -32600,
    headers: null,
  },
  {
    name: 'initialize without what it needs opens nothing',
    body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
    status: 400,
    code: -32602,
    headers: null,
  },
  {
    name: 'initialize with params that are a list opens nothing',
    body: '{"jsonrpc":"2.0","id":1,"method":"initialize","params":[]}',
    status: 400,
    code: -32602,
    headers: null,
  },
  {
    name: 'initialize as a notification opens nothing',
    body: '{"jsonrpc":"2.0","method":"initialize","params":{}}',
    status: 400,
    code: -32000,
    headers: null,
  },
  { name: 'initialize in a session is refused', body: JSON.stringify(INITIALIZE), status: 400, code: -32000 },
  {
    name: 'initialize with a session that does not exist is not found',
    body: JSON.stringify(INITIALIZE),
    status: 404,
    code: -32001,
    headers: { 'mcp-session-id': 'x' },
  },
];

for (const { name, body, status, code, calls = 0, headers = {} } of rows) {
  test(`HTTP body: ${name}`, async () => {
    const answer = await send(door.url, {
      body,
      headers: headers === null ? {} : { ...session, ...headers },
    });
    expect(answer.status).toBe(status);
    const said: { error?: { code: number }; result?: unknown } =
      answer.text === '' ? {} : JSON.parse(answer.text);
    expect(said.error?.code).toBe(code);
    expect(said.result !== undefined).toBe(status === 200 && code === undefined);
    expect(door.gate.calls.length).toBe(calls);
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    const isBad = status === 400 || status === 413;
    expect(door.guard.counted).toEqual(isBad ? ['bad_request 127.0.0.1'] : []);
  });
}

test('HTTP body: 1 MiB and a byte in chunks is too large, and the next request is served', async () => {
  async function* pieces() {
    for (let i = 0; i < 17; i++) yield Buffer.alloc(64 * 1024, 0x20);
  }
  const headers = { ...session, accept: '*/*', 'content-type': 'application/json' };
  const answer = await request(door.url, { method: 'POST', headers, body: Readable.from(pieces()) });
  expect(answer.statusCode).toBe(413);
  await answer.body.dump();
  expect((await send(door.url, { body: text, headers: session })).status).toBe(200);
});
