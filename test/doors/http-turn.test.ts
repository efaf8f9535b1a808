import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turnEnds } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openListener } from '../../src/doors/http-listener.ts';
import { whenGone } from '../../src/doors/http-streams.ts';
import { endReady, endTogether } from '../../src/doors/http-turn.ts';
import { type Surface, toolSurface } from '../../src/doors/surface.ts';
import type { Outcome, RawCall } from '../../src/model/index.ts';
import { createGate } from './fake-gate.ts';
import { call, openRaw, openSession, post, rawPost, startHttp, type TestDoor, until } from './support.ts';

function answer(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

test('the answers of a turn are ended at its end', async () => {
  const answers = [answer(), answer(), answer()];
  for (const res of answers) endTogether(res, '');
  expect(answers.map((res) => res.writableEnded)).toEqual([false, false, false]);
  await turnEnds();
  expect(answers.map((res) => res.writableEnded)).toEqual([true, true, true]);
});

test('sixteen answers wait for no more, and what is asked for is ended at once', async () => {
  const first = Array.from({ length: 16 }, answer);
  for (const res of first) endTogether(res, '');
  expect(first.every((res) => res.writableEnded)).toBe(true);
  const next = answer();
  endTogether(next, '');
  expect(next.writableEnded).toBe(false);
  endReady();
  expect(next.writableEnded).toBe(true);
  await turnEnds();
});

test('an answer whose client is gone is let go', async () => {
  const [gone, there] = [answer(), answer()];
  for (const res of [gone, there]) endTogether(res, '');
  gone.destroy();
  await turnEnds();
  expect([gone.writableEnded, there.writableEnded]).toEqual([false, true]);
});

/** Doors where nothing has to be waited for, as when the policy denies a call. */
let door: TestDoor;
let own: Readonly<Record<string, string>>;

beforeAll(async () => {
  const outcome: Outcome = { id: 'call-1', policy: 'digest', ended: 'result', status: 200, body: {} };
  const gate = {
    ...createGate(),
    call: ({ tool }: { tool: string }) => {
      if (tool === 'bug') throw new Error('a broken promise');
      return outcome;
    },
  };
  door = await startHttp({ gate, identify: () => ({ identified: true, identity: {} }) });
  own = await openSession(door.url);
});

afterAll(() => door.close());

test('calls that are answered at once are answered in their order on a connection', async () => {
  const client = await openRaw(door.port);
  client.socket.write([1, 2, 3].map((id) => rawPost(JSON.stringify(call(id, 'echo')), own)).join(''));
  await client.hears('"id":3');
  expect(client.heard().match(/"id":[0-9]/g)).toEqual(['"id":1', '"id":2', '"id":3']);
  client.socket.destroy();
});

test('garbage in the packet of calls that are answered at once spoils none of their answers', async () => {
  const slow = createGate();
  const denied: Outcome = {
    id: 'call-1',
    policy: 'digest',
    ended: 'unavailable',
    reason: 'x'.repeat(500_000),
    timedOut: false,
    retryable: false,
  };
  const gate = { ...slow, call: (raw: RawCall) => (raw.tool === 'slow' ? slow.call(raw) : denied) };
  const other = await startHttp({ gate });
  const session = await openSession(other.url);
  const tools = ['slow', 'echo', 'echo', 'echo'];
  for (const sent of [tools, tools.slice(1), tools.slice(3)]) {
    const client = await openRaw(other.port);
    const calls = sent.map((tool, id) => rawPost(JSON.stringify(call(id, tool)), session));
    client.socket.write(`${calls.join('')}\x00garbage\r\n\r\n`);
    if (sent.includes('slow')) await until(() => slow.calls.length === 1, 'the slow call');
    client.socket.write('more of it');
    await turnEnds();
    slow.release();
    await client.ended();
    expect(client.heard().match(/"jsonrpc":"2.0","id":[0-9]/g)).toEqual(
      sent.map((_, id) => `"jsonrpc":"2.0","id":${id}`),
    );
    expect(client.heard().match(/x{500000}/g)?.length).toBe(sent.filter((tool) => tool === 'echo').length);
    client.socket.destroy();
  }
  await other.close();
});

test('nothing follows the answer to a request that ends its connection, whatever was in its packet', async () => {
  const client = await openRaw(door.port);
  const message = JSON.stringify(call(1, 'echo'));
  client.socket.write(rawPost(message, { ...own, connection: 'close' }) + rawPost(message, own));
  await client.ended();
  expect(client.heard().match(/HTTP\/1.1 [0-9]+/g)).toEqual(['HTTP/1.1 200']);
});

test('one id can be used again once its call was answered at once', async () => {
  const client = await openRaw(door.port);
  client.socket.write(rawPost(JSON.stringify(call(7, 'echo')), own).repeat(2));
  await client.hears('"id":7');
  await client.hears('HTTP/1.1 200 OK\r\n');
  client.socket.destroy();
});

test('a bug that is thrown at once is an internal error without detail', async () => {
  const answered = await post(door.url, call(9, 'bug'), own);
  expect(JSON.parse(answered.text)).toMatchObject({
    id: 9,
    error: { code: -32603, message: 'Internal error' },
  });
  expect(door.logged).toContain('a call ended in a bug: Error');
});

test('what a server says after its answer goes nowhere, and spoils no answer', async () => {
  const surface: Surface = {
    ...toolSurface(createGate(), 'http'),
    call: ({ say }) => {
      const late = () => say({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'late' } });
      queueMicrotask(late);
      setTimeout(late, 20);
      return { result: { content: [] } };
    },
  };
  const other = await startHttp({ surface });
  const session = await openSession(other.url);
  const client = await openRaw(other.port);
  client.socket.write(rawPost(JSON.stringify(call(1, 'echo')), session));
  await client.hears('"id":1');
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.write(rawPost(JSON.stringify(call(2, 'echo')), session));
  await client.hears('"id":2');
  expect(client.heard()).not.toContain('late');
  expect(client.heard().match(/HTTP\/1.1 200 OK\r\ncontent-type: application\/json/g)).toHaveLength(2);
  client.socket.destroy();
  await other.close();
});

test('an answer that was ended otherwise is not ended again', async () => {
  const over = answer();
  const problems: unknown[] = [];
  over.on('error', (problem) => problems.push(problem));
  endTogether(over, 'body');
  over.end();
  await turnEnds();
  await turnEnds();
  expect(problems).toEqual([]);
});

test('garbage in the packet of a request does not spoil the answer that waits', async () => {
  const client = await openRaw(door.port);
  client.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n\x00garbage\r\n\r\n');
  await client.ended();
  expect(client.heard()).toMatch(/^HTTP\/1.1 200 .*"ok"/s);
});

test('a client that ends its side while its answer waits still gets it', async () => {
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    bodyMs: 1000,
    log: () => {},
    handle: (req, res) => {
      whenGone(res, () => {});
      // Not while the request is still being read, which would be another kind of end.
      setImmediate(() => {
        res.writeHead(200, { 'content-length': 4 });
        endTogether(res, 'told');
        req.socket.emit('end');
      });
    },
  });
  const client = await openRaw(listener.address.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.ended();
  expect(client.heard()).toMatch(/\r\n\r\ntold/);
  await listener.close(100);
});

test('a handler that throws at once is a 500 without detail', async () => {
  const logged: string[] = [];
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    bodyMs: 1000,
    log: (message) => logged.push(message),
    handle: () => {
      throw new TypeError('a secret');
    },
  });
  const client = await openRaw(listener.address.port);
  client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.hears('Internal error');
  expect(client.heard()).toMatch(/^HTTP\/1.1 500 /);
  expect(`${client.heard()}${logged}`).not.toContain('a secret');
  expect(logged).toEqual(['an HTTP request ended in a bug: TypeError']);
  client.socket.destroy();
  await listener.close(100);
});

test('so is a bug that shows once the body has come', async () => {
  const surface: Surface = {
    ...toolSurface(createGate(), 'http'),
    hear: () => {
      throw new TypeError('a secret');
    },
  };
  const broken = await startHttp({ surface });
  const session = await openSession(broken.url);
  const { status, text } = await post(broken.url, { jsonrpc: '2.0', id: 1, result: {} }, session);
  expect(status).toBe(500);
  expect(`${text}${broken.logged}`).not.toContain('a secret');
  expect(broken.logged).toEqual(['an HTTP request ended in a bug: TypeError']);
  expect((await post(broken.url, call(2, 'echo'), session)).status).toBe(200);
  await broken.close();
});

test('a connection on which nothing moves is ended, before a request and after one, and no other', async () => {
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    bodyMs: 10_000,
    silenceMs: 500,
    log: () => {},
    handle: (_, res) => void res.end('told'),
  });
  const { port } = listener.address;
  const ask = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const [silent, once, talking] = [await openRaw(port), await openRaw(port), await openRaw(port)];
  once.socket.write(ask);
  let isOver = false;
  const talk = async () => {
    while (!isOver) {
      talking.socket.write(ask);
      await sleep(50);
    }
  };
  const talked = talk();
  await Promise.all([silent.ended(), once.ended()]);
  expect(silent.heard()).toBe('');
  expect(once.heard()).toMatch(/told$/);
  expect(talking.socket.destroyed).toBe(false);
  isOver = true;
  await talked;
  talking.socket.destroy();
  await listener.close(100);
});
