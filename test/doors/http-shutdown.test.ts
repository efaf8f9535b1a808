import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { call, openRaw, openSession, post, rawPost, startHttp, until } from './support.ts';

test('close answers the calls that run, ends streams and idle connections, then takes nobody', async () => {
  const door = await startHttp();
  const own = await openSession(door.url);
  const [caller, streamer, idle, silent] = await Promise.all([1, 2, 3, 4].map(() => openRaw(door.port)));
  if (!caller || !streamer || !idle || !silent) throw new Error('four clients');
  caller.socket.write(rawPost(JSON.stringify(call(1, 'slow')), own));
  streamer.socket.write(rawPost('', { ...own, accept: 'text/event-stream' }).replace('POST', 'GET'));
  idle.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => door.gate.calls.length === 1, 'the call');
  await Promise.all([streamer.hears(': open'), idle.hears('"ok"')]);

  let isClosed = false;
  const closed = door.close().then(() => {
    isClosed = true;
  });
  await Promise.all([streamer.ended(), idle.ended(), silent.ended()]);
  expect(streamer.heard()).toMatch(/0\r\n\r\n$/);
  expect(isClosed).toBe(false);
  await expect(post(door.url, call(2, 'echo'), own)).rejects.toMatchObject({ code: 'ECONNREFUSED' });

  door.gate.release();
  await closed;
  await caller.ended();
  expect(caller.heard()).toMatch(/^HTTP\/1.1 200 .*connection: close.*"id":1/is);
});

test('close lets a large answer arrive whole', async () => {
  const door = await startHttp();
  const own = await openSession(door.url);
  const client = await openRaw(door.port);
  client.socket.pause();
  client.socket.write(rawPost(JSON.stringify(call(1, 'large')), own));
  await until(() => door.gate.ended.length === 1, 'the call');
  const closed = door.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.socket.resume();
  await closed;
  await client.ended();
  const [head = '', body = ''] = client.heard().split('\r\n\r\n');
  expect(Buffer.byteLength(body)).toBe(Number(/content-length: ([0-9]+)/i.exec(head)?.[1]));
});

test('a request on a connection that was open at close is turned away', async () => {
  const door = await startHttp();
  const own = await openSession(door.url);
  const client = await openRaw(door.port);
  client.socket.write(rawPost(JSON.stringify(call(1, 'slow')), own));
  await until(() => door.gate.calls.length === 1, 'the call');
  const closed = door.close();
  client.socket.write(rawPost(JSON.stringify(call(2, 'echo')), own));
  await new Promise((resolve) => setTimeout(resolve, 50));
  door.gate.release();
  await closed;
  expect(door.gate.calls.length).toBe(1);
});

test('a closed door leaves its port and listens no more', async () => {
  const door = await startHttp();
  expect(door.gate.listening()).toBe(1);
  await door.close();
  expect(door.gate.listening()).toBe(0);
  const error = await new Promise((resolve) => connect(door.port, '127.0.0.1').once('error', resolve));
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
});
