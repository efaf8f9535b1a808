import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  call,
  type Headers,
  identifyPeople,
  openRaw,
  openSession,
  post,
  rawPost,
  sendMany,
  startHttp,
  type TestDoor,
  until,
} from './support.ts';

/** A body may come while its sender is still being identified, or after. */
describe.each([
  { when: 'at once', identify: identifyPeople },
  {
    when: 'a moment later',
    identify: async (sent: Parameters<typeof identifyPeople>[0]) => identifyPeople(sent),
  },
])('of a client that is known $when', ({ identify }) => {
  let door: TestDoor;
  let own: Headers;
  beforeEach(async () => {
    door = await startHttp({ bodyMs: 300, identify });
    own = await openSession(door.url);
  });
  afterEach(async () => {
    // Whatever was sent, the door still serves, and nobody reads of it what was in a request.
    expect((await post(door.url, call('still', 'echo'), own)).status).toBe(200);
    expect(door.logged).toEqual([]);
    await door.close();
  });

  /** A door whose deadlines play no part. */
  async function restart(): Promise<void> {
    await door.close();
    door = await startHttp({ identify });
  }

  const body = JSON.stringify(call(1, 'echo'));
  const slowCall = JSON.stringify(call(2, 'slow'));
  const head = (headers: Headers) => rawPost('', { ...own, 'content-length': '1000', ...headers });

  test('a body that trickles in is ended at the deadline, however steady', async () => {
    const client = await openRaw(door.port);
    client.socket.write(head({}));
    const trickle = setInterval(() => client.socket.write(' '), 20);
    await client.ended();
    clearInterval(trickle);
    expect(client.heard()).toMatch(/^HTTP\/1.1 408 /);
  });

  test('a client that ends its side after a request gets the answer', async () => {
    const client = await openRaw(door.port, true);
    client.socket.end(rawPost(slowCall, own));
    await until(() => door.gate.calls.length === 1, 'the call');
    await new Promise((resolve) => setTimeout(resolve, 30));
    door.gate.release();
    await client.hears('"id":2');
    await client.ended();
    client.socket.destroy();
  });

  test('a client that ends its side within a body is told so', async () => {
    const client = await openRaw(door.port, true);
    client.socket.end(`${head({})}{`);
    await client.ended();
    expect(client.heard()).toMatch(/^HTTP\/1.1 400 /);
    client.socket.destroy();
  });

  test('a call whose client disappears goes on to its end', async () => {
    const client = await openRaw(door.port);
    client.socket.write(rawPost(slowCall, own));
    await until(() => door.gate.calls.length === 1, 'the call');
    client.socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(door.gate.calls[0]?.signal.aborted).toBe(false);
    door.gate.release();
    await until(() => door.gate.ended.length === 1, 'the end of the call');
    expect(door.gate.ended).toEqual(['result']);
  });

  test('a call with progress whose client disappears goes on to its end', async () => {
    const client = await openRaw(door.port);
    client.socket.write(rawPost(JSON.stringify(call(2, 'slow', { _meta: { progressToken: 1 } })), own));
    await until(() => door.gate.calls.length === 1, 'the call');
    client.socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 30));
    door.gate.release();
    await until(() => door.gate.ended.length === 1, 'the end of the call');
  });

  test('requests in a row are answered in their order', async () => {
    const client = await openRaw(door.port);
    client.socket.write(rawPost(slowCall, own) + rawPost(body, own));
    await until(() => door.gate.ended.length === 1, 'the second call');
    expect(client.heard()).toBe('');
    door.gate.release();
    await client.hears('"id":1');
    expect(client.heard().indexOf('"id":2')).toBeLessThan(client.heard().indexOf('"id":1'));
    client.socket.destroy();
  });

  test('garbage behind a request does not spoil its answer, and ends the connection', async () => {
    const client = await openRaw(door.port);
    client.socket.write(`${rawPost(slowCall, own)}\x00garbage\r\n\r\n`);
    await until(() => door.gate.calls.length === 1, 'the call');
    await new Promise((resolve) => setTimeout(resolve, 30));
    door.gate.release();
    await client.ended();
    expect(client.heard()).toMatch(/^HTTP\/1.1 200 .*"id":2/s);
    expect(client.heard().match(/HTTP\/1.1/g)?.length).toBe(1);
  });

  test('garbage behind an answer is a bad request', async () => {
    const client = await openRaw(door.port);
    client.socket.write(rawPost(body, own));
    await client.hears('"id":1');
    client.socket.write('nonsense\r\n\r\n');
    await client.hears('HTTP/1.1 400');
    await client.ended();
  });

  test('garbage behind a request for a stream ends the stream', async () => {
    const client = await openRaw(door.port);
    client.socket.write(rawPost('', { ...own, accept: 'text/event-stream' }).replace('POST', 'GET'));
    await client.hears(': open');
    client.socket.write('nonsense\r\n\r\n');
    await client.ended();
    expect(client.heard().match(/HTTP\/1.1/g)?.length).toBe(1);
  });

  test('100-continue is said when the headers are in order, and only then', async () => {
    const client = await openRaw(door.port);
    const length = `${body.length}`;
    client.socket.write(head({ expect: '100-continue', 'content-length': length }));
    await client.hears('HTTP/1.1 100 Continue');
    client.socket.write(body);
    await client.hears('"id":1');
    client.socket.destroy();
    for (const [headers, status] of [
      [{ 'content-length': '2000000' }, 413],
      [{ 'mcp-session-id': 'x' }, 404],
      [{ origin: 'http://evil' }, 403],
      [{ authorization: 'Bearer x' }, 401],
    ] as const) {
      const other = await openRaw(door.port);
      other.socket.write(head({ expect: '100-continue', ...headers }));
      await other.hears('\r\n\r\n');
      expect(other.heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      other.socket.destroy();
    }
  });

  test('a body that is too large is told so while it is still coming, then cut off', async () => {
    await restart();
    const client = await openRaw(door.port);
    client.socket.write(head({ 'content-length': `${1024 ** 3}` }));
    await client.hears('HTTP/1.1 413');
    const more = setInterval(() => client.socket.write(Buffer.alloc(1024 * 1024)), 5);
    await client.ended();
    clearInterval(more);
  });

  test('a session takes at most 1,000 calls at once', async () => {
    await restart();
    const slow = Array.from({ length: 1000 }, (_, i) => rawPost(JSON.stringify(call(i, 'slow')), own));
    const clients = await sendMany(door.port, slow);
    await until(() => door.gate.calls.length === 1000, 'the calls');
    expect((await post(door.url, call(1000, 'slow'), own)).status).toBe(429);
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } };
    expect((await post(door.url, cancelled, own)).status).toBe(202);
    await until(() => door.gate.ended.length === 1, 'the cancelled call');
    door.gate.release();
    const answered = () => clients.flatMap((client) => client.heard().match(/HTTP\/1.1 200/g) ?? []).length;
    await until(() => answered() === 999, 'the other answers');
    for (const { socket } of clients) socket.destroy();
  });

  test('a thousand connections that say nothing do not keep others out', async () => {
    const idle = await Promise.all(Array.from({ length: 1000 }, () => openRaw(door.port)));
    expect((await post(door.url, call(1, 'echo'), own)).status).toBe(200);
    for (const { socket } of idle) socket.destroy();
  });
});

test('a call of a client that went away before it was known is not made', async () => {
  const waiting: (() => void)[] = [];
  let isSlow = false;
  const door = await startHttp({
    identify: async (sent) => {
      if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
      return identifyPeople(sent);
    },
  });
  const own = await openSession(door.url);
  isSlow = true;
  const client = await openRaw(door.port);
  client.socket.write(rawPost(JSON.stringify(call(1, 'echo')), own));
  await until(() => waiting.length === 1, 'the question who calls');
  isSlow = false;
  client.socket.resetAndDestroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  waiting[0]?.();
  await post(door.url, call(2, 'echo'), own);
  expect(door.gate.calls.length).toBe(1);
  await door.close();
});
