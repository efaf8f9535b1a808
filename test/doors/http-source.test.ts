import { expect, test } from 'vitest';
import { testRows, useDoor } from './http-rows.ts';
import { modern, modernCall, postModern } from './modern-support.ts';
import { call, type Headers, INITIALIZE, openRaw, post, rawPost, send } from './support.ts';

const setting = useDoor();
const { door, session } = setting;

testRows(setting, [
  { name: 'Host localhost without a port is served', status: 200, headers: { host: 'localhost' } },
  { name: 'Host LOCALHOST is served', status: 200, headers: { host: 'LOCALHOST:1' } },
  { name: 'Host 127.0.0.1 on a mapped port is served', status: 200, headers: { host: '127.0.0.1:65535' } },
  { name: 'Host [::1] is served', status: 200, headers: { host: '[::1]:80' } },
  { name: 'an allowed Host is served on every port', status: 200, headers: { host: 'mcp.example.com:444' } },
  {
    name: 'a Host that is allowed with its port is served on it',
    status: 200,
    headers: { host: 'fixed.example.com:8443' },
  },
  {
    name: 'a Host that is allowed with its port is not served on another',
    status: 403,
    headers: { host: 'fixed.example.com:8444' },
  },
  { name: 'a foreign Host is forbidden', status: 403, headers: { host: 'evil.example.com' } },
  {
    name: 'a foreign Host that begins like ours is forbidden',
    status: 403,
    headers: { host: 'localhost.evil.example.com' },
  },
  {
    name: 'a foreign Host that ends like ours is forbidden',
    status: 403,
    headers: { host: 'evil-localhost' },
  },
  {
    name: 'a Host with a user part is forbidden',
    status: 403,
    headers: { host: 'localhost@evil.example.com' },
  },
  {
    name: 'a Host with a port that is no number is forbidden',
    status: 403,
    headers: { host: 'localhost:evil' },
  },
  { name: 'an address that is not ours as Host is forbidden', status: 403, headers: { host: '10.1.2.3' } },
  { name: 'an empty Host is forbidden', status: 403, headers: { host: '' } },
  { name: 'Origin localhost is served', status: 200, headers: { origin: 'http://localhost:5173' } },
  { name: 'Origin 127.0.0.1 is served', status: 200, headers: { origin: 'http://127.0.0.1' } },
  { name: 'Origin [::1] is served', status: 200, headers: { origin: 'http://[::1]:8080' } },
  { name: 'an allowed Origin is served', status: 200, headers: { origin: 'https://app.example.com' } },
  {
    name: 'an allowed Origin on another port is forbidden',
    status: 403,
    headers: { origin: 'https://app.example.com:444' },
  },
  { name: 'a foreign Origin is forbidden', status: 403, headers: { origin: 'https://evil.example.com' } },
  {
    name: 'a foreign Origin that begins like ours is forbidden',
    status: 403,
    headers: { origin: 'http://localhost.evil.example.com' },
  },
  {
    name: 'a foreign Origin with our name as user is forbidden',
    status: 403,
    headers: { origin: 'http://localhost:80@evil.example.com' },
  },
  { name: 'the Origin null is forbidden', status: 403, headers: { origin: 'null' } },
]);

const doubled: readonly (readonly [header: string, first: string, second: string])[] = [
  ['Host', 'localhost', 'localhost'],
  ['Host', 'localhost', 'evil.example.com'],
  ['Origin', 'http://localhost', 'https://evil.example.com'],
  ['Authorization', 'Bearer anna', 'Bearer ben'],
  ['Content-Type', 'application/json', 'text/plain'],
  ['Mcp-Session-Id', 'a', 'b'],
  ['MCP-Protocol-Version', '2025-11-25', '2025-11-25'],
  ['Mcp-Method', 'tools/call', 'tools/call'],
  ['Mcp-Name', 'echo', 'echo'],
];

for (const [header, first, second] of doubled) {
  test(`HTTP: ${header} sent twice (${first}, ${second}) is a bad request`, async () => {
    const client = await openRaw(door().port);
    const headers = { ...session(), [header.toLowerCase()]: first, connection: 'close' };
    client.socket.write(
      rawPost(JSON.stringify(call(1, 'echo')), headers).replace(
        '\r\n\r\n',
        `\r\n${header}: ${second}\r\n\r\n`,
      ),
    );
    await client.ended();
    expect(client.heard()).toMatch(/^HTTP\/1.1 400 /);
    expect(door().gate.calls).toEqual([]);
  });
}

/** Every kind of request to the endpoint, by the status that it gets where its source is in order. */
const WAYS: readonly {
  name: string;
  status: number;
  send: (url: string, source: Headers) => Promise<Ended>;
}[] = [
  { name: 'initialize', status: 200, send: (url, source) => post(url, INITIALIZE, source) },
  {
    name: 'a call in a session',
    status: 200,
    send: (url, source) => post(url, call(1, 'echo'), { ...session(), ...source }),
  },
  {
    name: 'a stream of a session',
    status: 406, // It would not end: what it accepts is looked at after its source.
    send: (url, source) =>
      send(url, { method: 'GET', headers: { ...session(), accept: 'text/html', ...source } }),
  },
  {
    name: 'a call of 2026-07-28',
    status: 200,
    send: (url, source) => postModern(url, modernCall(1, 'echo'), source),
  },
  {
    name: 'server/discover',
    status: 200,
    send: (url, source) => postModern(url, modern(1, 'server/discover'), source),
  },
  {
    name: 'subscriptions/listen',
    status: 400, // The same: its filter is none.
    send: (url, source) => postModern(url, modern(1, 'subscriptions/listen'), source),
  },
  {
    name: 'the end of a session',
    status: 404,
    send: (url, source) => send(url, { method: 'DELETE', headers: { 'mcp-session-id': 'none', ...source } }),
  },
];
interface Ended {
  readonly status: number;
}

for (const { name, status, send: sendIt } of WAYS) {
  test(`HTTP: ${name} is forbidden from a foreign Host or Origin, and not from our own`, async () => {
    const { url, gate } = door();
    expect((await sendIt(url, { origin: 'http://localhost:5173', host: 'localhost' })).status).toBe(status);
    const before = gate.calls.length;
    for (const source of [
      { host: 'evil.example.com' },
      { origin: 'https://evil.example.com' },
      { origin: 'null' },
    ]) {
      expect((await sendIt(url, source)).status).toBe(403);
    }
    expect(gate.calls.length).toBe(before);
  });
}

test('HTTP: a request without Host is a bad request', async () => {
  const client = await openRaw(door().port);
  client.socket.write('GET /healthz HTTP/1.0\r\n\r\n');
  await client.ended();
  expect(client.heard()).toMatch(/^HTTP\/1.1 400 /);
});
