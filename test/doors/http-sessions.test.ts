import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpSessions } from '../../src/doors/http-sessions.ts';
import { mintSessionId } from '../../src/doors/session-id.ts';
import {
  call,
  type Headers,
  openSession,
  post,
  SECRET,
  send,
  startHttp,
  type TestDoor,
  until,
} from './support.ts';

const ANNA: Headers = { authorization: 'Bearer anna' };
const ANNA_KEY = '["https://id","t1","sub","anna"]';
let door: TestDoor;

beforeAll(async () => {
  door = await startHttp();
});
afterAll(() => door.close());

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const minted = (secret: Buffer, key: string, at = Date.now()) => mintSessionId(secret, key, at);
const DAY = 24 * 60 * 60 * 1000;

interface Row {
  readonly name: string;
  readonly headers: (own: Headers) => Headers;
  readonly status: number;
}

const rows: readonly Row[] = [
  { name: 'a session serves the identity that opened it', headers: (own) => own, status: 200 },
  {
    name: 'a session does not serve another identity',
    headers: (own) => ({ ...own, authorization: 'Bearer ben' }),
    status: 404,
  },
  {
    name: 'a session of a sub does not serve a client of the same name',
    headers: (own) => ({ ...own, authorization: 'Bearer anna-client' }),
    status: 404,
  },
  {
    name: 'a session of an identity does not serve the anonymous',
    headers: (own) => ({ 'mcp-session-id': own['mcp-session-id'] ?? '' }),
    status: 404,
  },
  {
    name: 'a session without its signature is not found',
    headers: (own) => ({ ...own, 'mcp-session-id': own['mcp-session-id']?.slice(0, 22) ?? '' }),
    status: 404,
  },
  {
    name: 'a session with another signature is not found',
    headers: (own) => ({ ...own, 'mcp-session-id': `${own['mcp-session-id']?.slice(0, -4)}AAAA` }),
    status: 404,
  },
  {
    name: 'an id that was never minted is not found',
    headers: () => ({ ...ANNA, 'mcp-session-id': 'made-up' }),
    status: 404,
  },
  { name: 'an empty id is not found', headers: () => ({ ...ANNA, 'mcp-session-id': '' }), status: 404 },
  {
    name: 'an id that another proxy with the same secret minted is served',
    headers: () => ({ ...ANNA, 'mcp-session-id': minted(SECRET, ANNA_KEY) }),
    status: 200,
  },
  {
    name: 'an id of another secret is not found',
    headers: () => ({ ...ANNA, 'mcp-session-id': minted(Buffer.alloc(32, 8), ANNA_KEY) }),
    status: 404,
  },
  {
    name: 'an id of another identity is not found',
    headers: () => ({ ...ANNA, 'mcp-session-id': minted(SECRET, 'anonymous') }),
    status: 404,
  },
  {
    name: 'an id of 23 hours ago is served',
    headers: () => ({ ...ANNA, 'mcp-session-id': minted(SECRET, ANNA_KEY, Date.now() - 23 * 3_600_000) }),
    status: 200,
  },
  {
    name: 'an id of more than a day ago is not found',
    headers: () => ({ ...ANNA, 'mcp-session-id': minted(SECRET, ANNA_KEY, Date.now() - DAY - 1000) }),
    status: 404,
  },
];

for (const { name, headers, status } of rows) {
  test(`HTTP session: ${name}`, async () => {
    const own = await openSession(door.url, ANNA);
    expect((await post(door.url, ping, headers(own))).status).toBe(status);
    expect((await send(door.url, { method: 'DELETE', headers: headers(own) })).status).toBe(status);
    // Whatever others try with its random part, the session goes on for its owner.
    if (status === 404) expect((await post(door.url, ping, own)).status).toBe(200);
  });
}

test('HTTP session: DELETE ends it here, for every method', async () => {
  const own = await openSession(door.url);
  const ended = await send(door.url, { method: 'DELETE', headers: own });
  expect([ended.status, ended.text]).toEqual([200, '']);
  const after = ['POST', 'GET', 'DELETE'].map((method) =>
    send(door.url, { method, headers: own, body: method === 'POST' ? JSON.stringify(ping) : '' }),
  );
  expect((await Promise.all(after)).map((answer) => answer.status)).toEqual([404, 404, 404]);
});

test('HTTP session: GET and DELETE without one are bad requests', async () => {
  expect((await send(door.url, { method: 'GET' })).status).toBe(400);
  expect((await send(door.url, { method: 'DELETE' })).status).toBe(400);
});

test('HTTP session: DELETE lets running calls end and be answered', async () => {
  const own = await openSession(door.url);
  const before = door.gate.ended.length;
  const answer = post(door.url, call(1, 'slow'), own);
  await until(() => door.gate.calls.some((raw) => raw.tool === 'slow'), 'the call');
  await send(door.url, { method: 'DELETE', headers: own });
  door.gate.release();
  expect((await answer).status).toBe(200);
  expect(door.gate.ended.slice(before)).toEqual(['result']);
});

test('HTTP session: calls carry the random part of the id, never its signature', async () => {
  const own = await openSession(door.url, ANNA);
  await post(door.url, call(1, 'echo'), own);
  const raw = door.gate.calls.at(-1);
  expect(raw?.caller).toEqual({
    identity: { issuer: 'https://id', tenant: 't1', sub: 'anna' },
    session: own['mcp-session-id']?.split('.')[0],
  });
  expect(raw?.transport).toBe('http');
});

test('HTTP session: an id that still runs is refused, in another session it is not', async () => {
  const [one, other] = [await openSession(door.url), await openSession(door.url)];
  const running = post(door.url, call(5, 'slow'), one);
  await until(() => door.gate.calls.at(-1)?.tool === 'slow', 'the call');
  const again = await post(door.url, call(5, 'echo'), one);
  expect([again.status, JSON.parse(again.text)]).toMatchObject([400, { id: 5, error: { code: -32600 } }]);
  expect((await post(door.url, call('5', 'echo'), one)).status).toBe(200);
  expect((await post(door.url, call(5, 'echo'), other)).status).toBe(200);
  door.gate.release();
  expect(JSON.parse((await running).text)).toMatchObject({ id: 5, result: {} });
});

test('HTTP session: two doors with one secret serve one session, with the same name', async () => {
  const second = await startHttp();
  const own = await openSession(door.url, ANNA);
  expect((await post(second.url, call(1, 'echo'), own)).status).toBe(200);
  expect((await post(second.url, call(1, 'echo'), { ...own, authorization: 'Bearer ben' })).status).toBe(404);
  expect(second.gate.calls[0]?.caller.session).toBe(own['mcp-session-id']?.split('.')[0]);
  expect((await post(second.url, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, own)).text).toContain(
    '"echo"',
  );
  await second.close();
});

test('HTTP session: idle ones are over, those with a stream or a running call are not', async () => {
  const quick = await startHttp({ idleMs: 100 });
  const idle = await openSession(quick.url);
  const calling = await openSession(quick.url);
  const answer = post(quick.url, call('slow', 'slow'), calling);
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect((await post(quick.url, ping, idle)).status).toBe(404);
  expect((await post(quick.url, ping, calling)).status).toBe(200);
  quick.gate.release();
  expect((await answer).status).toBe(200);
  await quick.close();
});

test('HTTP session: the records are bounded, and what was dropped still proves itself', () => {
  const terms = { secret: SECRET, idleMs: 1000, now: () => 0, maxLive: 3 };
  const sessions = new HttpSessions(terms);
  const opened = Array.from({ length: 5 }, () => sessions.open('anna'));
  expect(sessions.size).toBe(3);
  const [first] = opened;
  expect(sessions.find(first?.id ?? '', 'anna')?.mcp.state).toBe('open');
  expect(sessions.find(first?.id ?? '', 'ben')).toBeNull();
  expect(sessions.size).toBe(3);
});

test('HTTP session: the one that was used longest ago is dropped, a busy one never before it', () => {
  let now = 0;
  const sessions = new HttpSessions({ secret: SECRET, idleMs: 1000, now: () => now, maxLive: 3 });
  const [busy, used, unused] = [sessions.open('a'), sessions.open('a'), sessions.open('a')];
  busy.mcp.running.set(1, {
    cancel: null,
    exchange: {
      notify() {},
      announce() {},
      keepAlive() {},
      answer() {},
      refuse() {},
      end() {},
      settled() {},
    },
    silenced: false,
  });
  now = 100;
  sessions.find(used.id, 'a');
  sessions.open('a');
  expect(sessions.find(busy.id, 'a')).toBe(busy);
  expect(sessions.find(used.id, 'a')).toBe(used);
  expect(sessions.find(unused.id, 'a')).not.toBe(unused);
});

test('HTTP session: after a day it is over, however busy', () => {
  let now = 0;
  const sessions = new HttpSessions({ secret: SECRET, idleMs: 10 * DAY, now: () => now });
  const session = sessions.open('anna');
  now = DAY;
  expect(sessions.find(session.id, 'anna')).toBe(session);
  now = DAY + 1;
  expect(sessions.find(session.id, 'anna')).toBeNull();
  expect(sessions.size).toBe(0);
});

test('HTTP session: 1,000 at once are kept apart', async () => {
  const many = await startHttp();
  const sessions = await Promise.all(Array.from({ length: 1000 }, () => openSession(many.url)));
  const answers = await Promise.all(
    sessions.map((own, i) => post(many.url, call(1, 'echo', { arguments: { i } }), own)),
  );
  expect(answers.map((answer) => JSON.parse(answer.text).result.structuredContent.said.i)).toEqual(
    sessions.map((_, i) => i),
  );
  expect(new Set(many.gate.calls.map((raw) => raw.caller.session)).size).toBe(1000);
  await many.close();
});

test('HTTP session: no id, header or body is in a log line', async () => {
  expect(door.logged.join('\n')).toBe('');
});
