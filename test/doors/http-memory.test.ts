import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { headersOf, modern, modernCall } from './modern-support.ts';
import { openRaw, rawPost, startHttp, until } from './support.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const MIB = 1024 * 1024;
const COUNT = 40;
/** Nearly the most that a body may have. */
const PADDING = 'x'.repeat(1000 * 1024);

async function heldBytes(): Promise<number> {
  // What was closed just now is let go in turns of its own.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Sends each message on a connection of its own, and answers how much more memory is held while none is answered. */
async function heldFor(
  messages: readonly object[],
  { port, isTaken }: { port: number; isTaken: (heard: string, taken: number) => boolean },
): Promise<number> {
  const before = await heldBytes();
  for (const [i, message] of messages.entries()) {
    const client = await openRaw(port);
    onTestFinished(() => void client.socket.destroy());
    client.socket.write(rawPost(JSON.stringify(message), headersOf(message)));
    await until(() => isTaken(client.heard(), i + 1), 'the request to be taken');
  }
  return (await heldBytes()) - before;
}

test('a subscription keeps nothing of its request but a short id', async () => {
  const door = await startHttp();
  onTestFinished(() => door.close());
  const notifications = { toolsListChanged: true, resourceSubscriptions: [PADDING.slice(0, 20)] };
  const messages = Array.from({ length: COUNT }, (_, i) =>
    modern(`a subscription with the number ${i}`, 'subscriptions/listen', {
      notifications,
      padding: PADDING,
    }),
  );
  const held = await heldFor(messages, {
    port: door.port,
    isTaken: (heard) => heard.includes('acknowledged'),
  });
  expect(held / MIB).toBeLessThan(COUNT / 4);
});

test('of a call that runs its arguments are kept once', async () => {
  const door = await startHttp();
  onTestFinished(() => door.close());
  const messages = Array.from({ length: COUNT }, (_, i) =>
    modernCall(i, 'slow', { arguments: { padding: PADDING } }),
  );
  const held = await heldFor(messages, {
    port: door.port,
    isTaken: (_, taken) => door.gate.calls.length === taken,
  });
  expect(held / MIB).toBeLessThan(1.5 * COUNT);
});

test('a subscription with a long id is refused', async () => {
  const door = await startHttp();
  onTestFinished(() => door.close());
  const message = (length: number) =>
    modern('i'.repeat(length), 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  const hear = async (length: number) => {
    const client = await openRaw(door.port);
    onTestFinished(() => void client.socket.destroy());
    client.socket.write(rawPost(JSON.stringify(message(length)), headersOf(message(length))));
    await until(() => /acknowledged|error/.test(client.heard()), 'an answer');
    return client.heard();
  };
  expect(await hear(256)).toContain('acknowledged');
  expect(await hear(257)).toContain('"code":-32600');
});
