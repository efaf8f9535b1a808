import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  call,
  type Headers,
  openRaw,
  openSession,
  post,
  rawPost,
  startHttp,
  type TestDoor,
} from './support.ts';

let door: TestDoor;
let own: Headers;
beforeEach(async () => {
  door = await startHttp({ bodyMs: 300 });
  own = await openSession(door.url);
});
afterEach(async () => {
  // Whatever was sent, the door still serves, and nobody reads of it what was in a request.
  expect((await post(door.url, call('still', 'echo'), own)).status).toBe(200);
  expect(door.logged).toEqual([]);
  await door.close();
});

const body = JSON.stringify(call(1, 'echo'));
const head = (headers: Headers) => rawPost('', { ...own, 'content-length': '1000', ...headers });
const chunked = (chunks: string) =>
  rawPost('', { ...own, 'transfer-encoding': 'chunked' }).replace('content-length: 0\r\n', '') + chunks;
const size = (text: string) => Buffer.byteLength(text).toString(16);

interface Row {
  readonly name: string;
  readonly send: () => string;
  readonly expect: RegExp;
  readonly calls?: number;
}

const rows: readonly Row[] = [
  { name: 'garbage', send: () => '\x00\x01\x02 nonsense\r\n\r\n', expect: /^HTTP\/1.1 400 / },
  { name: 'TLS', send: () => '\x16\x03\x01\x02\x00\x01\x00\x01', expect: /^HTTP\/1.1 400 / },
  {
    name: 'a header line without a colon',
    send: () => 'GET /healthz HTTP/1.1\r\nHost localhost\r\n\r\n',
    expect: /^HTTP\/1.1 400 /,
  },
  {
    name: 'a space before the colon of a header',
    send: () => rawPost(body, own).replace('host:', 'host :'),
    expect: /^HTTP\/1.1 400 /,
  },
  {
    name: 'a header that is folded',
    send: () => rawPost(body, own).replace('accept: ', 'accept:\r\n '),
    expect: /^HTTP\/1.1 (400|406) /,
  },
  {
    name: 'a null byte in a header',
    send: () => rawPost(body, { ...own, 'x-a': 'b\0c' }),
    expect: /^HTTP\/1.1 400 /,
  },
  {
    name: 'headers of 64 KiB',
    send: () => rawPost(body, { ...own, 'x-a': 'b'.repeat(65_536) }),
    expect: /^HTTP\/1.1 431 /,
  },
  {
    name: 'both kinds of length',
    send: () => rawPost(body, { ...own, 'transfer-encoding': 'chunked' }),
    expect: /^HTTP\/1.1 400 /,
  },
  {
    name: 'two lengths',
    send: () => rawPost(body, own).replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n'),
    expect: /^HTTP\/1.1 400 /,
  },
  { name: 'a negative length', send: () => head({ 'content-length': '-5' }), expect: /^HTTP\/1.1 400 / },
  {
    name: 'a length that overflows',
    send: () => head({ 'content-length': '99999999999999999999999' }),
    expect: /^HTTP\/1.1 400 /,
  },
  {
    name: 'a length of 1 TiB',
    send: () => head({ 'content-length': '1099511627776' }),
    expect: /^HTTP\/1.1 413 /,
  },
  {
    name: 'chunks',
    send: () => chunked(`${size(body)}\r\n${body}\r\n0\r\n\r\n`),
    expect: /^HTTP\/1.1 200 /,
    calls: 1,
  },
  { name: 'chunks of garbage', send: () => chunked('zz\r\nnonsense'), expect: /^HTTP\/1.1 400 / },
  {
    name: 'a chunk longer than it says',
    send: () => chunked(`3\r\n${body}\r\n0\r\n\r\n`),
    expect: /^HTTP\/1.1 400 /,
  },
  { name: 'a body that stops half way', send: () => `${head({})}{"jsonrpc":`, expect: /^HTTP\/1.1 408 / },
  {
    name: 'headers that stop half way',
    send: () => 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-',
    expect: /^HTTP\/1.1 408 /,
  },
  {
    name: 'an expectation that is not known',
    send: () => rawPost(body, { ...own, expect: 'miracles' }),
    expect: /^HTTP\/1.1 417 /,
  },
  {
    name: 'a request line in the form for proxies',
    send: () => rawPost(body, own).replace('/mcp', 'http://localhost/mcp'),
    expect: /^HTTP\/1.1 404 /,
  },
  {
    name: 'a wish to upgrade',
    send: () => rawPost(body, { ...own, connection: 'Upgrade', upgrade: 'h2c' }),
    expect: /^HTTP\/1.1 200 /,
    calls: 1,
  },
  { name: 'a CONNECT', send: () => 'CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n', expect: /^$/ },
  {
    name: 'HTTP/2 by prior knowledge',
    send: () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    expect: /^HTTP\/1.1 400 /,
  },
];

for (const { name, send, expect: wanted, calls = 0 } of rows) {
  test(`the door outlives ${name}`, async () => {
    const client = await openRaw(door.port);
    client.socket.write(Buffer.from(send(), 'latin1'));
    if (wanted.source === '^$') await client.ended();
    else await client.hears('\r\n\r\n');
    expect(client.heard()).toMatch(wanted);
    expect(door.gate.calls.length).toBe(calls);
    client.socket.destroy();
  });
}
