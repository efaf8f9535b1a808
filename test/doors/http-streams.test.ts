import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { request } from 'undici';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  call,
  type Headers,
  openRaw,
  openSession,
  post,
  rawPost,
  send,
  startHttp,
  type TestDoor,
  until,
  VERSION,
} from './support.ts';

let door: TestDoor;
beforeEach(async () => {
  door = await startHttp();
});
afterEach(() => door.close());

const CHANGED = 'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n';

/** A stream opened with GET, and what came on it. */
async function openStream(headers: Headers) {
  const answer = await request(door.url, { headers: { ...headers, accept: 'text/event-stream' } });
  let heard = '';
  let isOver = false;
  answer.body.on('data', (chunk) => {
    heard += chunk;
  });
  answer.body.on('close', () => {
    isOver = true;
  });
  answer.body.on('error', () => {});
  await until(() => heard.includes(': open'), 'the stream');
  return { answer, heard: () => heard.replace(': open\n\n', ''), isOver: () => isOver };
}

async function connect(
  headers: Headers = {},
): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(door.url), { requestInit: { headers } });
  // The SDK declares `sessionId` in a way that exactOptionalPropertyTypes does not take.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return { client, transport };
}

const cancelled = (requestId: unknown) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId },
});
const withToken = { _meta: { progressToken: 'token' } };

test("the SDK's client initializes, lists, calls, hears progress and changed tools, and leaves", async () => {
  const { client, transport } = await connect({ authorization: 'Bearer anna' });
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes++;
  });
  expect(client.getServerVersion()).toEqual({ name: 'portcullis', version: VERSION });
  expect(client.getServerCapabilities()).toEqual({ tools: { listChanged: true } });
  expect(await client.ping()).toEqual({});
  expect((await client.listTools()).tools.map((tool) => tool.name)).toEqual(['echo']);
  expect((await client.callTool({ name: 'echo', arguments: { a: 1 } })).structuredContent).toMatchObject({
    said: { a: 1 },
  });
  await expect(client.callTool({ name: 'none' })).rejects.toMatchObject({ code: -32602 });
  const progress: unknown[] = [];
  await client.callTool({ name: 'forward' }, CallToolResultSchema, {
    onprogress: (one) => progress.push(one),
  });
  expect(progress).toEqual([{ progress: 1, total: 2, message: 'Allowed by policy; waiting for FusionAuth' }]);
  await until(() => {
    if (changes === 0) door.gate.changeTools();
    return changes > 0;
  }, 'the notification');
  await transport.terminateSession();
  await client.close();
});

test("a call that the SDK's client aborts is cancelled", async () => {
  const { client } = await connect();
  const abort = new AbortController();
  const call = client.callTool({ name: 'slow' }, CallToolResultSchema, { signal: abort.signal });
  await until(() => door.gate.calls.length === 1, 'the call');
  abort.abort('enough');
  await expect(call).rejects.toThrow('enough');
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect(door.gate.ended).toEqual(['aborted']);
  await client.close();
});

test('progress goes out before the result, on a stream that ends with it', async () => {
  const own = await openSession(door.url);
  const answer = await post(door.url, call(3, 'forward', withToken), own);
  expect(answer.headers['content-type']).toBe('text/event-stream');
  const events = answer.text.split('\n\n').filter((event) => event !== '');
  const frames = events.map((event) => JSON.parse(event.replace('event: message\ndata: ', '')));
  expect(frames).toMatchObject([
    { method: 'notifications/progress', params: { progressToken: 'token', progress: 1, total: 2 } },
    { id: 3, result: {} },
  ]);
});

test('progress that nobody asked for is not sent', async () => {
  const own = await openSession(door.url);
  expect((await post(door.url, call(3, 'forward'), own)).headers['content-type']).toBe('application/json');
});

test('a token for a call that is not forwarded changes nothing', async () => {
  const own = await openSession(door.url);
  expect((await post(door.url, call(3, 'echo', withToken), own)).headers['content-type']).toBe(
    'application/json',
  );
});

for (const id of [0, 7, 'seven']) {
  test(`a cancelled call of id ${JSON.stringify(id)} is aborted and its POST ends without a message`, async () => {
    const own = await openSession(door.url);
    const answer = post(door.url, call(id, 'slow', withToken), own);
    await until(() => door.gate.calls.length === 1, 'the call');
    expect((await post(door.url, cancelled(id), own)).status).toBe(202);
    const { status, text } = await answer;
    expect([status, text]).toEqual([202, '']);
    await until(() => door.gate.ended.length === 1, 'the end of the call');
    expect(door.gate.ended).toEqual(['aborted']);
    expect((await post(door.url, call(id, 'echo'), own)).status).toBe(200);
  });
}

test('a call that is cancelled after its progress ends its stream without a result', async () => {
  const own = await openSession(door.url);
  const answer = post(door.url, call(1, 'hang', withToken), own);
  await until(() => door.gate.calls.length === 1, 'the call');
  await post(door.url, cancelled(1), own);
  const { status, text } = await answer;
  expect(status).toBe(200);
  expect(text.match(/data: /g)?.length).toBe(1);
  expect(text).toContain('notifications/progress');
});

test('one session cannot cancel the call of another', async () => {
  const [one, other] = [await openSession(door.url), await openSession(door.url)];
  const answer = post(door.url, call(1, 'slow'), one);
  await until(() => door.gate.calls.length === 1, 'the call');
  await post(door.url, cancelled(1), other);
  door.gate.release();
  expect((await answer).status).toBe(200);
  expect(door.gate.ended).toEqual(['result']);
});

test('a notification goes out once in a session, on one of its streams', async () => {
  const [one, other] = [await openSession(door.url), await openSession(door.url)];
  const streams = [await openStream(one), await openStream(one), await openStream(other)];
  expect(streams[0]?.answer.headers['content-type']).toBe('text/event-stream');
  door.gate.changeTools();
  await until(() => streams[2]?.heard() === CHANGED, 'the notification');
  await until(() => streams[0]?.heard() === CHANGED, 'the notification');
  expect(streams[1]?.heard()).toBe('');
});

test('a notification that found no stream waits for the next one, and comes once', async () => {
  const own = await openSession(door.url);
  door.gate.changeTools();
  door.gate.changeTools();
  const stream = await openStream(own);
  await until(() => stream.heard() === CHANGED, 'the notification');
  const second = await openStream(own);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(second.heard()).toBe('');
});

test('a stream whose client went away is not used', async () => {
  const own = await openSession(door.url);
  const gone = await openStream(own);
  gone.answer.body.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const stream = await openStream(own);
  door.gate.changeTools();
  await until(() => stream.heard() === CHANGED, 'the notification');
});

test('a stream whose client went away while it was being identified does not keep its session', async () => {
  await door.close();
  let identify = () => {};
  const identified = new Promise<void>((resolve) => {
    identify = resolve;
  });
  let asked = 0;
  door = await startHttp({
    idleMs: 100,
    identify: async () => {
      asked++;
      if (asked === 2) await identified;
      return { identified: true, identity: {} };
    },
  });
  const session = await openSession(door.url);
  const client = await openRaw(door.port);
  const id = session['mcp-session-id'];
  client.socket.write(
    `GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nmcp-session-id: ${id}\r\n\r\n`,
  );
  await until(() => asked === 2, 'the request');
  client.socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  identify();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await post(door.url, call(1, 'echo'), session)).status).toBe(404);
});

test('a stream whose request turns out to be no HTTP while it is identified is a bad request, and no bug', async () => {
  const session = await openSession(door.url);
  await door.close();
  door = await startHttp({
    identify: async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { identified: true, identity: {} };
    },
  });
  const client = await openRaw(door.port);
  const get = rawPost('', { ...session, accept: 'text/event-stream', 'transfer-encoding': 'chunked' });
  client.socket.write(`${get.replace('POST', 'GET').replace(/content-length: 0\r\n/, '')}no chunk\r\n`);
  await client.ended();
  expect(client.heard()).toMatch(/^HTTP\/1.1 400 /);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(door.logged).toEqual([]);
});

test('DELETE ends the streams of its session', async () => {
  const own = await openSession(door.url);
  const stream = await openStream(own);
  await send(door.url, { method: 'DELETE', headers: own });
  await until(() => stream.isOver(), 'the end of the stream');
});

test('a session has at most 16 streams: one more ends the oldest', async () => {
  const own = await openSession(door.url);
  const streams: Awaited<ReturnType<typeof openStream>>[] = [];
  for (let i = 0; i < 17; i++) streams.push(await openStream(own));
  await until(() => streams[0]?.isOver() === true, 'the end of the oldest');
  expect(streams.slice(1).some((stream) => stream.isOver())).toBe(false);
});

test('a stream keeps its session alive and says that it is there', async () => {
  await door.close();
  door = await startHttp({ idleMs: 60 });
  const own = await openSession(door.url);
  const stream = await openStream(own);
  await until(() => stream.heard().includes(': keep-alive\n\n'), 'the comment');
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(stream.isOver()).toBe(false);
  expect((await post(door.url, { jsonrpc: '2.0', id: 1, method: 'ping' }, own)).status).toBe(200);
});

test('a stream whose client does not read is ended when too much waits', async () => {
  const own = await openSession(door.url);
  const client = await openRaw(door.port);
  client.socket.write(rawPost('', { ...own, accept: 'text/event-stream' }).replace('POST', 'GET'));
  await client.hears(': open');
  client.socket.pause();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 200_000; i++) door.gate.changeTools();
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  client.socket.resume();
  await client.ended();
  expect(client.heard().length).toBeLessThan(16 * 1024 * 1024);
  const next = await openStream(own);
  await until(() => next.heard() === CHANGED, 'what the ended stream missed');
});

test('200 sessions with a stream each hear what is theirs', async () => {
  const sessions = await Promise.all(Array.from({ length: 200 }, () => openSession(door.url)));
  const streams = await Promise.all(sessions.map((own) => openStream(own)));
  door.gate.changeTools();
  await until(() => streams.every((stream) => stream.heard() === CHANGED), 'every notification');
});
