import { RESERVE } from '../../src/adapters/limits/redis-scripts.ts';
import { allowedCall, echoCall } from '../machine/calls.ts';
import { redisQuestion } from '../machine/claims.ts';
import { type Contender, httpRounds } from '../machine/http-rounds.ts';
import { openSessions } from '../machine/mcp-session.ts';
import { peerContenders } from '../machine/peers.ts';
import { Servers } from '../machine/servers.ts';
import type { BenchOptions, Figure, Suite } from '../suite.ts';

const RAW = 'raw line';
const OURS = 'Portcullis, limits in Redis';

/** Calls that pass the default policy, take from their limits and reach FusionAuth. */
export const suite: Suite = {
  name: 'http-allow',
  about: 'tools/call over HTTP through the whole line to an upstream that answers at once',
  async run(options) {
    const servers = new Servers();
    try {
      const figures = await httpRounds(await contenders(servers, options), options);
      return [...figures, addedAtOne(figures)];
    } finally {
      await servers.close();
    }
  },
};

async function contenders(servers: Servers, options: BenchOptions): Promise<readonly Contender[]> {
  const upstream = await servers.upstream();
  const redis = await servers.redis();
  const raw = await servers.reference('raw-line', {
    BENCH_REDIS: redis,
    BENCH_UPSTREAM: upstream,
    BENCH_LUA: RESERVE,
    BENCH_QUESTION: JSON.stringify(redisQuestion(servers.roomyPolicy())),
  });
  const inRedis = await servers.proxy('redis', { upstream, redis });
  const inMemory = await servers.proxy('memory', { upstream });
  const sdk = await servers.reference('sdk-http');
  const answers = /BEGIN PUBLIC KEY/;
  return [
    { name: RAW, call: { url: raw.url, sessions: [], ...allowedCall }, answers, usage: raw.usage },
    {
      name: OURS,
      call: { url: inRedis.url, sessions: await openSessions(inRedis.url, 8), ...allowedCall },
      answers,
      usage: inRedis.usage,
      target: (connections) => (connections > 1 ? { of: 'ratio', atLeast: 0.75 } : undefined),
    },
    {
      name: 'Portcullis, limits in memory',
      call: { url: inMemory.url, sessions: await openSessions(inMemory.url, 8), ...allowedCall },
      answers,
      usage: inMemory.usage,
    },
    {
      name: 'the SDK alone: echo, no policy, no upstream',
      call: { url: sdk.url, sessions: await openSessions(sdk.url, 1), ...echoCall },
      answers: /rs256-2026-01/,
      usage: sdk.usage,
    },
    ...(await peerContenders(servers, options)),
  ];
}

/** What the policy and the protocol add to one call alone. */
function addedAtOne(figures: readonly Figure[]): Figure {
  const p50 = (name: string) =>
    figures.find((figure) => figure.name.startsWith(`${name}, 1 `) && figure.unit === 'ms p50')?.value;
  const value = (p50(OURS) ?? Number.NaN) - (p50(RAW) ?? Number.NaN);
  const target = { of: 'value', atMost: 0.3 } as const;
  return { name: `${OURS}: added to ${RAW}, 1 connection`, value, unit: 'ms p50', target };
}
