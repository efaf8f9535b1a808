import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { headersOf, META, MODERN, modern, modernCall, postModern } from './modern-support.ts';
import {
  type Headers,
  openRaw,
  openSession,
  POST_HEADERS,
  rawPost,
  send,
  sendMany,
  startHttp,
  type TestDoor,
  until,
  VERSION,
} from './support.ts';

let door: TestDoor;
beforeEach(async () => {
  door = await startHttp();
});
afterEach(async () => {
  expect(door.logged).toEqual([]);
  await door.close();
});

const SERVER = { 'io.modelcontextprotocol/serverInfo': { name: 'portcullis', version: VERSION } };
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const raw = (message: object, headers: Headers = {}) =>
  rawPost(JSON.stringify(message), { ...headersOf(message), ...headers });
const resultOf = (text: string) => JSON.parse(text).result;

/** A stream opened by a request, and the messages that came on it. */
async function openStream(message: object) {
  const answer = await request(door.url, {
    method: 'POST',
    headers: { ...POST_HEADERS, ...headersOf(message) },
    body: JSON.stringify(message),
  });
  let heard = '';
  let isOver = false;
  answer.body.on('data', (chunk) => {
    heard += chunk;
  });
  answer.body.on('close', () => {
    isOver = true;
  });
  answer.body.on('error', () => {});
  const messages = () => Array.from(heard.matchAll(/^data: (.*)$/gm), ([, data = '']) => JSON.parse(data));
  return { answer, messages, heard: () => heard, isOver: () => isOver };
}

/** Subscribes, and waits until that was acknowledged. */
async function listen(id: unknown, notifications: object) {
  const stream = await openStream(
    modern(id, 'subscriptions/listen', { notifications: { ...notifications } }),
  );
  await until(() => stream.messages().length > 0, 'the acknowledgement');
  return stream;
}

test('server/discover says what is spoken and offered, and for whom it may be kept', async () => {
  const answer = await postModern(door.url, modern('d', 'server/discover'));
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ jsonrpc: '2.0', id: 'd' });
  expect(resultOf(answer.text)).toEqual({
    resultType: 'complete',
    supportedVersions: [MODERN],
    capabilities: { tools: { listChanged: true } },
    instructions: expect.stringContaining('[POLICY DENIED]'),
    ttlMs: 60_000,
    cacheScope: 'private',
    _meta: SERVER,
  });
});

test('tools/list is the same each time, and for the caller alone', async () => {
  const answers = await Promise.all(
    Array.from({ length: 3 }, () => postModern(door.url, modern(1, 'tools/list'))),
  );
  expect(resultOf(answers[0]?.text ?? '')).toMatchObject({
    resultType: 'complete',
    tools: [{ name: 'echo' }],
    ttlMs: 60_000,
    cacheScope: 'private',
    _meta: SERVER,
  });
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
});

test('a call is made in no session, for the identity that its request has', async () => {
  const session = await openSession(door.url, { authorization: 'Bearer anna' });
  const answer = await postModern(door.url, modernCall(1, 'echo', { arguments: { a: 1 } }), session);
  expect(resultOf(answer.text)).toMatchObject({
    resultType: 'complete',
    structuredContent: { said: { a: 1 } },
    _meta: SERVER,
  });
  expect(door.gate.calls).toMatchObject([
    { tool: 'echo', transport: 'http', caller: { identity: { sub: 'anna' }, session: null } },
  ]);
  expect(answer.headers).not.toHaveProperty('mcp-session-id');
});

test('an unknown tool is an error of the call, not of the protocol', async () => {
  const answer = await postModern(door.url, modernCall(1, 'none'));
  expect({ status: answer.status, code: JSON.parse(answer.text).error.code }).toEqual({
    status: 200,
    code: -32602,
  });
});

const GONE = ['ping', 'logging/setLevel', 'resources/subscribe', 'initialize', 'prompts/list', 'no/such'];
for (const method of GONE) {
  test(`${method} is not there`, async () => {
    const answer = await postModern(door.url, modern(7, method));
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32601, message: 'Method not found' },
    });
  });
}

for (const method of ['GET', 'DELETE']) {
  test(`${method} is not there, and does nothing to a session`, async () => {
    const session = await openSession(door.url);
    const answer = await send(door.url, { method, headers: { ...session, 'mcp-protocol-version': MODERN } });
    expect({ status: answer.status, allow: answer.headers['allow'] }).toEqual({ status: 405, allow: 'POST' });
    expect((await send(door.url, { method: 'DELETE', headers: session })).status).toBe(200);
  });
}

test('two calls with one id are two calls', async () => {
  const both = [modernCall(1, 'slow'), modernCall(1, 'slow')].map((message) => postModern(door.url, message));
  await until(() => door.gate.calls.length === 2, 'both calls');
  door.gate.release();
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
});

test('progress goes out before the result', async () => {
  const message = modernCall(1, 'forward', { _meta: { ...META, progressToken: 'p' } });
  const stream = await openStream(message);
  await until(stream.isOver, 'the end of the stream');
  expect(stream.answer.headers['content-type']).toBe('text/event-stream');
  expect(stream.messages()).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } },
    { id: 1, result: { resultType: 'complete' } },
  ]);
});

test('closing the connection aborts the call', async () => {
  const client = await openRaw(door.port);
  client.socket.write(raw(modernCall(1, 'slow')));
  await until(() => door.gate.calls.length === 1, 'the call');
  client.socket.destroy();
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect(door.gate.ended).toEqual(['aborted']);
});

test('so does closing it after progress', async () => {
  const client = await openRaw(door.port);
  client.socket.write(raw(modernCall(1, 'hang', { _meta: { ...META, progressToken: 1 } })));
  await client.hears('notifications/progress');
  client.socket.destroy();
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect(door.gate.ended).toEqual(['aborted']);
});

test('so does ending its own side, which is how a client that closes looks', async () => {
  const client = await openRaw(door.port, true);
  client.socket.end(raw(modernCall(1, 'slow')));
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect(door.gate.ended).toEqual(['aborted']);
  await client.ended();
  expect(client.heard()).toBe('');
});

test('closing it aborts the calls that wait behind others on it', async () => {
  const client = await openRaw(door.port);
  client.socket.write([1, 2, 3].map((id) => raw(modernCall(id, 'slow'))).join(''));
  await until(() => door.gate.calls.length === 3, 'the calls');
  client.socket.destroy();
  await until(() => door.gate.ended.length === 3, 'the end of the calls');
  expect(door.gate.ended).toEqual(['aborted', 'aborted', 'aborted']);
});

test('a call whose client went away while it was being identified is not made', async () => {
  await door.close();
  let identify = () => {};
  const identified = new Promise<void>((resolve) => {
    identify = resolve;
  });
  let asked = 0;
  door = await startHttp({
    identify: async () => {
      asked++;
      if (asked < 4) await identified;
      return { identified: true, identity: {} };
    },
  });
  const [closes, ends, stays] = [
    await openRaw(door.port),
    await openRaw(door.port, true),
    await openRaw(door.port),
  ];
  for (const client of [closes, ends, stays]) client.socket.write(raw(modernCall(1, 'echo')));
  await until(() => asked === 3, 'the requests');
  closes.socket.destroy();
  ends.socket.end();
  // What is sent after them shows that the door has heard of both.
  expect((await postModern(door.url, modernCall(2, 'none'))).status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 50));
  identify();
  await stays.hears('"id":1');
  await ends.ended();
  expect(door.gate.calls.map(({ tool }) => tool)).toEqual(['none', 'echo']);
  stays.socket.destroy();
});

test('a call that has ended is not aborted by the end of its connection', async () => {
  const client = await openRaw(door.port);
  client.socket.write(raw(modernCall(1, 'echo')));
  await client.hears('"id":1');
  client.socket.destroy();
  expect(door.gate.ended).toEqual(['result']);
  expect(door.gate.calls[0]?.signal.aborted).toBe(false);
});

test('no message cancels the call of another connection', async () => {
  const slow = postModern(door.url, modernCall(1, 'slow'));
  await until(() => door.gate.calls.length === 1, 'the call');
  const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
  expect((await postModern(door.url, cancelled)).status).toBe(202);
  door.gate.release();
  expect((await slow).status).toBe(200);
});

test('a subscription is acknowledged, told of changes, and ended with a result', async () => {
  const stream = await listen('sub', { toolsListChanged: true, promptsListChanged: true });
  door.gate.changeTools();
  await until(() => stream.messages().length === 2, 'the change');
  await door.close();
  await until(stream.isOver, 'the end of the stream');
  expect(stream.messages()).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { [SUBSCRIPTION]: 'sub' }, notifications: { toolsListChanged: true } },
    },
    {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: { [SUBSCRIPTION]: 'sub' } },
    },
    { jsonrpc: '2.0', id: 'sub', result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: 'sub' } } },
  ]);
  door = await startHttp();
});

test('a subscription is told of nothing that it did not ask for', async () => {
  const streams = await Promise.all([
    listen(1, {}),
    listen(2, { toolsListChanged: false }),
    listen(3, { promptsListChanged: true, resourceSubscriptions: ['a:b'] }),
    listen(4, { toolsListChanged: true }),
  ]);
  door.gate.changeTools();
  await until(() => streams[3]?.messages().length === 2, 'the change');
  expect(streams.map((stream) => stream.messages().length)).toEqual([1, 1, 1, 2]);
  expect(streams.map((stream) => stream.messages()[0].params.notifications)).toEqual([
    {},
    {},
    {},
    { toolsListChanged: true },
  ]);
  for (const { answer } of streams) answer.body.destroy();
});

for (const notifications of [
  undefined,
  [],
  'tools',
  { toolsListChanged: 1 },
  { resourceSubscriptions: [1] },
]) {
  test(`a subscription to ${JSON.stringify(notifications)} is refused`, async () => {
    const params = notifications === undefined ? {} : { notifications };
    const answer = await postModern(door.url, modern(1, 'subscriptions/listen', params));
    expect({ status: answer.status, code: JSON.parse(answer.text).error.code }).toEqual({
      status: 400,
      code: -32602,
    });
  });
}

test('a caller has at most 2,000 requests without an answer, and others are served beside them', async () => {
  const anna = { authorization: 'Bearer anna' };
  const slow = Array.from({ length: 2000 }, (_, id) => raw(modernCall(id, 'slow'), anna));
  const clients = await sendMany(door.port, slow);
  await until(() => door.gate.calls.length === 2000, 'the calls', 20_000);
  const more = await postModern(door.url, modernCall(1, 'echo'), anna);
  expect({ status: more.status, retry: more.headers['retry-after'] }).toEqual({ status: 429, retry: '1' });
  expect((await postModern(door.url, modernCall(1, 'echo'), { authorization: 'Bearer ben' })).status).toBe(
    200,
  );
  for (const { socket } of clients) socket.destroy();
  await until(() => door.gate.ended.filter((end) => end === 'aborted').length === 2000, 'their end', 20_000);
  expect((await postModern(door.url, modernCall(1, 'echo'), anna)).status).toBe(200);
});
