import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { headersOf, META, modern, modernCall } from './modern-support.ts';
import {
  call,
  type Headers,
  openRaw,
  openSession,
  type RawClient,
  rawPost,
  startHttp,
  type TestDoor,
  until,
} from './support.ts';

let door: TestDoor;
beforeEach(async () => {
  door = await startHttp();
});
afterEach(() => door.close());

const CHANGED = 'notifications/tools/list_changed';
const subscribe = (id: number) =>
  modern(id, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
const rawModern = (message: object) => rawPost(JSON.stringify(message), headersOf(message));
const rawGet = (headers: Headers) =>
  `GET /mcp HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nmcp-session-id: ${headers['mcp-session-id']}\r\n\r\n`;

const allHear = (clients: readonly RawClient[], text: string) =>
  until(() => clients.every((client) => client.heard().includes(text)), `all to hear ${text}`, 20_000);

/** Streams of one era: what opens the n-th, what it says once it is open, and how often 1,000 are opened and left. */
const STREAMS: readonly {
  readonly name: string;
  readonly open: (i: number) => Promise<string>;
  readonly begun: string;
  readonly rounds: number;
}[] = [
  // A caller has at most 2,000: any that stay behind keep the third thousand out.
  { name: 'subscriptions', open: async (i) => rawModern(subscribe(i)), begun: 'acknowledged', rounds: 3 },
  {
    name: 'sessions with a stream',
    open: async () => rawGet(await openSession(door.url)),
    begun: ': open',
    rounds: 1,
  },
];

for (const { name, open, begun, rounds } of STREAMS) {
  test(`1,000 ${name} at once hear of a change, each once${rounds > 1 ? ', and leave nothing behind' : ''}`, async () => {
    for (let round = 0; round < rounds; round++) {
      const clients = await Promise.all(
        Array.from({ length: 1000 }, async (_, i) => {
          const opening = await open(i);
          const client = await openRaw(door.port);
          client.socket.write(opening);
          return client;
        }),
      );
      await allHear(clients, begun);
      door.gate.changeTools();
      await allHear(clients, CHANGED);
      expect(clients.map((client) => client.heard().split(CHANGED).length - 1)).toEqual(clients.map(() => 1));
      for (const client of clients) client.socket.destroy();
    }
    const again = await openRaw(door.port);
    again.socket.write(await open(1000));
    await again.hears(begun);
    again.socket.destroy();
  });
}

/** A call with progress in each era, the n-th of many. */
const CALLS: readonly { readonly era: string; readonly send: (i: number) => Promise<string> }[] = [
  {
    era: '2026-07-28',
    send: async (i) => {
      const meta = { ...META, progressToken: `token-${i}` };
      return rawModern(modernCall(i, 'hang', { arguments: { i }, _meta: meta }));
    },
  },
  {
    era: 'sessions, one id in all of them',
    send: async (i) => {
      const message = call(7, 'hang', { arguments: { i }, _meta: { progressToken: `token-${i}` } });
      return rawPost(JSON.stringify(message), await openSession(door.url));
    },
  },
];

for (const { era, send } of CALLS) {
  test(`1,000 calls with progress at once are kept apart, each with its own stream: ${era}`, async () => {
    const clients = await Promise.all(
      Array.from({ length: 1000 }, async (_, i) => {
        const opening = await send(i);
        const client = await openRaw(door.port);
        client.socket.write(opening);
        return client;
      }),
    );
    await until(() => door.gate.calls.length === 1000, 'the calls', 20_000);
    door.gate.release();
    await allHear(clients, '"result":');
    const heard = clients.map((client) => client.heard());
    expect(heard.every((text, i) => text.includes(`"token-${i}"`) && text.includes(`{"i":${i}}`))).toBe(true);
  });
}

test('a subscription whose client does not read is ended when too much waits', async () => {
  const socket = createConnection({ port: door.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(rawModern(subscribe(1)));
  await once(socket, 'readable');
  let ended = false;
  socket.once('close', () => {
    ended = true;
  });
  // The kernel holds some megabytes for a reader that does not come; past that and our own bound it is over.
  for (let i = 0; i < 400 && !ended; i++) {
    for (let j = 0; j < 1000; j++) door.gate.changeTools();
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  await until(() => ended, 'the end of the stream');
});

/** How many calls of 64 KiB each are sent by a client that reads nothing. */
const SENT = 2000;
const PADDING = 'x'.repeat(64 * 1024);

for (const [era, frame] of [
  [
    'sessions',
    async () => {
      const session = await openSession(door.url);
      return (id: number) => rawPost(JSON.stringify(call(id, 'echo', { arguments: { PADDING } })), session);
    },
  ],
  ['2026-07-28', async () => (id: number) => rawModern(modernCall(id, 'echo', { arguments: { PADDING } }))],
] as const) {
  test(`a client that sends calls and reads no answer is not read from any more: ${era}`, async () => {
    const frameOf = await frame();
    const socket = createConnection({ port: door.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    for (let id = 0; id < SENT; id++) socket.write(frameOf(id));
    let [before, same] = [0, 0];
    const isStill = () => {
      same = before === door.gate.calls.length && before > 0 ? same + 1 : 0;
      before = door.gate.calls.length;
      return same > 50;
    };
    await until(isStill, 'the door to stop reading', 20_000);
    expect(door.gate.calls.length).toBeLessThan(SENT / 2);
    socket.destroy();
  });
}
