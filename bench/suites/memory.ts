import { createHmac } from 'node:crypto';
import { mintSessionId } from '../../src/doors/session-id.ts';
import { ANONYMOUS } from '../../src/pipeline/identity-key.ts';
import { deniedCall } from '../machine/calls.ts';
import { callOnce, load } from '../machine/http-load.ts';
import { type Listening, SECRET, Servers } from '../machine/servers.ts';
import type { BenchOptions, Figure, Suite } from '../suite.ts';

const SESSIONS = 20_000;
const AT_ONCE = 16;
const CONNECTIONS = 16;

/** What a session costs, and whether calls leave anything behind. */
export const suite: Suite = {
  name: 'memory',
  about: `${SESSIONS} sessions that each made a call, and growth over calls`,
  async run(options) {
    const servers = new Servers();
    try {
      const proxy = await servers.proxy('memory', { upstream: await servers.upstream() });
      return [...(await perSession(proxy)), await growth(proxy, options)];
    } finally {
      await servers.close();
    }
  },
};

/** The ids are minted here, as another proxy with the same secret would: the guard allows 1,200 new sessions a minute. */
async function perSession(proxy: Listening): Promise<readonly Figure[]> {
  const secret = createHmac('sha256', Buffer.from(SECRET)).update('portcullis sessions').digest();
  await callSessions(proxy, secret, 1000);
  const before = await proxy.usage('memory');
  await callSessions(proxy, secret, SESSIONS);
  const after = await proxy.usage('memory');
  const kibEach = (bytes: number) => bytes / 1024 / SESSIONS;
  return [
    {
      name: 'a session, resident memory',
      value: kibEach(after.rssBytes - before.rssBytes),
      unit: 'KiB',
      target: { of: 'value', atMost: 8 },
    },
    {
      name: 'a session, held after a garbage collection',
      value: kibEach(after.heldBytes - before.heldBytes),
      unit: 'KiB',
      target: { of: 'value', atMost: 4 },
    },
  ];
}

async function callSessions({ url }: Listening, secret: Buffer, count: number): Promise<void> {
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const sessions = [mintSessionId(secret, ANONYMOUS, Date.now())];
      const answer = await callOnce({ url, sessions, ...deniedCall });
      if (!answer.includes('POLICY DENIED'))
        throw new Error(`a session was answered ${answer.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Bytes that stay of a call; what one call leaves behind for ever would be 16 at least. */
async function growth(proxy: Listening, { quick, long }: BenchOptions): Promise<Figure> {
  const wanted = long ? 2_000_000 : quick ? 20_000 : 200_000;
  const call = { url: proxy.url, sessions: [], ...deniedCall };
  const secret = createHmac('sha256', Buffer.from(SECRET)).update('portcullis sessions').digest();
  const sessions = [mintSessionId(secret, ANONYMOUS, Date.now())];
  await load({ ...call, sessions }, CONNECTIONS, quick ? 1 : 5);
  const before = await proxy.usage('memory');
  let calls = 0;
  while (calls < wanted) calls += (await load({ ...call, sessions }, CONNECTIONS, 5)).calls;
  const after = await proxy.usage('memory');
  return {
    name: `growth over ${calls.toLocaleString('en-US')} calls`,
    value: (after.heldBytes - before.heldBytes) / calls,
    unit: 'bytes a call',
    target: { of: 'value', atMost: 8 },
  };
}
