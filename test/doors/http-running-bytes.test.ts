import { expect, onTestFinished, test } from 'vitest';
import { headersOf, modernCall, postModern } from './modern-support.ts';
import { sendRaw, startRest } from './rest-support.ts';
import { call, openRaw, openSession, post, rawPost, startHttp, until } from './support.ts';

const MOST = 100_000;
/** Two of them are too many. */
const PADDED = { arguments: { padding: 'x'.repeat(60_000) } };

async function open() {
  const door = await startHttp({ maxRunningBytes: MOST });
  onTestFinished(() => door.close());
  return door;
}

test('calls of several callers that have too many bytes together are told to come later, in both eras', async () => {
  const door = await open();
  const [one, other] = [await openSession(door.url), await openSession(door.url)];
  const running = post(door.url, call(1, 'slow', PADDED), one);
  await until(() => door.gate.calls.length === 1, 'the first call');
  const refused = [
    await post(door.url, call(1, 'slow', PADDED), other),
    await postModern(door.url, modernCall(1, 'slow', PADDED)),
  ];
  for (const { status, headers, text } of refused) {
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(text).toContain('the calls that run take all the room there is');
  }
  expect(door.gate.calls.length).toBe(1);
  expect((await post(door.url, call(2, 'echo'), other)).status).toBe(200);
  door.gate.release();
  expect((await running).status).toBe(200);
  expect((await post(door.url, call(3, 'echo', PADDED), other)).status).toBe(200);
  expect((await postModern(door.url, modernCall(2, 'echo', PADDED))).status).toBe(200);
});

test('a call whose client went away takes its room for as long as it runs, and no longer', async () => {
  const door = await open();
  const session = await openSession(door.url);
  const legacy = await openRaw(door.port);
  legacy.socket.write(rawPost(JSON.stringify(call(1, 'slow', PADDED)), session));
  await until(() => door.gate.calls.length === 1, 'the call');
  legacy.socket.destroy();
  await legacy.ended();
  expect((await post(door.url, call(2, 'echo', PADDED), session)).status).toBe(503);
  door.gate.release();
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect((await post(door.url, call(3, 'echo', PADDED), session)).status).toBe(200);
  const modern = await openRaw(door.port);
  const message = modernCall(4, 'slow', PADDED);
  modern.socket.write(rawPost(JSON.stringify(message), headersOf(message)));
  await until(() => door.gate.calls.length === 3, 'the call');
  modern.socket.destroy();
  await until(() => door.gate.ended.includes('aborted'), 'the end of the call');
  expect((await post(door.url, call(5, 'echo', PADDED), session)).status).toBe(200);
});

test('a call that is refused, cancelled or ends in a bug lets go of its room', async () => {
  const door = await open();
  const session = await openSession(door.url);
  for (const id of [1, 2, 3]) {
    const cancelled = post(door.url, call(id, 'slow', PADDED), session);
    await until(() => door.gate.calls.length === 3 * id - 2, 'the call');
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } };
    await post(door.url, cancel, session);
    expect((await cancelled).status).toBe(202);
    expect((await post(door.url, call(id, 'none', PADDED), session)).status).toBe(200);
    expect((await post(door.url, call(id, 'bug', PADDED), session)).status).toBe(200);
  }
});

test('a call that was cancelled takes its room until it has ended', async () => {
  const door = await open();
  const session = await openSession(door.url);
  const cancelled = post(door.url, call(1, 'deaf', PADDED), session);
  await until(() => door.gate.calls.length === 1, 'the call');
  await post(
    door.url,
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    session,
  );
  expect((await cancelled).status).toBe(202);
  expect((await post(door.url, call(2, 'echo', PADDED), session)).status).toBe(503);
  door.gate.release();
  await until(() => door.gate.ended.length === 1, 'the end of the call');
  expect((await post(door.url, call(3, 'echo', PADDED), session)).status).toBe(200);
});

test('over REST they are told so, too', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const door = await startRest({
    maxRunningBytes: MOST,
    end: async () => {
      await released;
      return { id: 'id-1', policy: 'p', ended: 'result', status: 200, body: {} };
    },
  });
  onTestFinished(() => door.close());
  const vend = () =>
    sendRaw(door.port, 'POST /v1/api/jwt/vend', {
      headers: ['Content-Type: application/json'],
      body: JSON.stringify({ claims: PADDED.arguments }),
    });
  const running = vend();
  await until(() => door.calls.length === 1, 'the first call');
  const { status, headers, text } = await vend();
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  expect(JSON.parse(text)).toMatchObject({ code: 'too_busy', retryable: true, id: null });
  release();
  expect((await running).status).toBe(200);
  expect((await vend()).status).toBe(200);
});
