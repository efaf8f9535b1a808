import { afterAll, beforeAll, expect, it } from 'vitest';
import { headersOf, modern } from './modern-support.ts';
import { type Headers, openRaw, openSession, rawPost, startHttp, type TestDoor, until } from './support.ts';
import { openTokens, type TestTokens } from './token-support.ts';

let tokens: TestTokens;
let door: TestDoor;

beforeAll(async () => {
  tokens = await openTokens();
});
afterAll(() => tokens.close());

const rawGet = (headers: Headers) => rawPost('', headers).replace('POST', 'GET');
const subscribe = modern(7, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
const CHANGED = 'notifications/tools/list_changed';

/** What a token of each kind of stream opens it with, what is said then, and what at its end. */
const STREAMS: readonly {
  readonly name: string;
  open(authorization: string): Promise<string>;
  readonly begun: string;
  readonly last: string;
}[] = [
  {
    name: 'GET',
    open: async (authorization) => rawGet(await openSession(door.url, { authorization })),
    begun: ': open',
    last: '',
  },
  {
    name: 'subscriptions/listen',
    open: async (authorization) =>
      rawPost(JSON.stringify(subscribe), { ...headersOf(subscribe), authorization }),
    begun: 'acknowledged',
    last: '"resultType":"complete"',
  },
];

/** `tendMs`: how often the door looks after its streams. */
async function openStreams({ open, begun }: (typeof STREAMS)[number], tendMs: number) {
  door = await startHttp({ ...tokens.terms(), idleMs: tendMs });
  const exp = Math.floor(Date.now() / 1000) + 2;
  const start = async (claims: object) => {
    const client = await openRaw(door.port);
    client.socket.write(await open(`Bearer ${await tokens.mint({ sub: 'ann', ...claims })}`));
    await client.hears(begun);
    return client;
  };
  const [short, long] = [await start({ exp }), await start({})];
  door.gate.changeTools();
  await Promise.all([short.hears(CHANGED), long.hears(CHANGED)]);
  return { exp, short, long };
}

for (const stream of STREAMS) {
  it(`a stream by ${stream.name} ends with its token, and others go on`, async () => {
    const { exp, short, long } = await openStreams(stream, 100);
    // The end of a stream is the last piece of its body.
    await until(() => short.heard().endsWith('\r\n0\r\n\r\n'), 'the end of the stream');
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    expect(short.heard()).toContain(stream.last);
    expect(long.heard()).not.toContain('\r\n0\r\n\r\n');
    await door.close();
  });

  it(`a stream by ${stream.name} is told nothing once its token has expired`, async () => {
    const { exp, short, long } = await openStreams(stream, 60_000);
    await until(() => Date.now() >= exp * 1000, 'the end of the token');
    door.gate.changeTools();
    await until(() => short.heard().endsWith('\r\n0\r\n\r\n'), 'the end of the stream');
    await until(() => long.heard().split(CHANGED).length === 3, 'the second notification');
    expect(short.heard().split(CHANGED).length).toBe(2);
    await door.close();
  });
}
