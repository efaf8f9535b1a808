import { allowedCall } from '../machine/calls.ts';
import { callOnce, load } from '../machine/http-load.ts';
import { openSessions } from '../machine/mcp-session.ts';
import { type Listening, Servers } from '../machine/servers.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const CONNECTIONS = 32;
const ONE = 'one proxy';
const TWO = 'two proxies';

/** What a second proxy on the same Redis adds. */
export const suite: Suite = {
  name: 'scale-out',
  about: `allowed calls through one proxy and through two on one Redis, ${CONNECTIONS} connections in all`,
  async run({ quick }) {
    const servers = new Servers();
    try {
      const upstream = await servers.upstream();
      const redis = await servers.redis();
      const first = await servers.proxy('first', { upstream, redis });
      const second = await servers.proxy('second', { upstream, redis, core: 'other' });
      // One secret, so either serves the sessions of the other.
      const sessions = await openSessions(first.url, 8);
      const [rounds, seconds] = quick ? [1, 1] : [7, 2];
      await measure([first, second], sessions, seconds);
      const [one, two]: [Measured[], Measured[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        one.push(await measure([first], sessions, seconds));
        two.push(await measure([first, second], sessions, seconds));
      }
      return figures(one, two);
    } finally {
      await servers.close();
    }
  },
};

interface Measured {
  readonly perSecond: number;
  /** Of the proxies, for a call. */
  readonly cpuUs: number;
  /** Cores that the proxies had, of all there are. */
  readonly cores: number;
}

async function measure(
  proxies: readonly Listening[],
  sessions: readonly string[],
  seconds: number,
): Promise<Measured> {
  const used = async () => {
    const usages = await Promise.all(proxies.map((proxy) => proxy.usage()));
    return usages.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
  };
  for (const { url } of proxies) {
    const answer = await callOnce({ url, sessions, ...allowedCall });
    if (!answer.includes('BEGIN PUBLIC KEY')) throw new Error(`a proxy answered ${answer.slice(0, 200)}`);
  }
  const before = await used();
  const loads = await Promise.all(
    proxies.map(({ url }) => load({ url, sessions, ...allowedCall }, CONNECTIONS / proxies.length, seconds)),
  );
  const cpuUs = (await used()) - before;
  const calls = loads.reduce((sum, each) => sum + each.calls, 0);
  const perSecond = loads.reduce((sum, each) => sum + each.perSecond, 0);
  return { perSecond, cpuUs: cpuUs / calls, cores: ((cpuUs / calls) * perSecond) / 1e6 };
}

/**
 * The clock compares what this machine does, where generator, Redis and upstream take their part of the second core.
 * CPU for a call compares what the proxies do: with a core each they serve a core's time over it.
 */
function figures(one: readonly Measured[], two: readonly Measured[]): readonly Figure[] {
  const of = (measured: readonly Measured[], key: keyof Measured) =>
    median(measured.map((each) => each[key]));
  const ratio = (key: keyof Measured) =>
    median(two.map((each, round) => each[key] / (one[round]?.[key] ?? Number.NaN)));
  return [
    { name: ONE, value: of(one, 'perSecond'), unit: 'calls/s' },
    { name: ONE, value: of(one, 'cpuUs'), unit: 'µs CPU' },
    { name: ONE, value: of(one, 'cores'), unit: 'cores' },
    { name: TWO, value: of(two, 'perSecond'), unit: 'calls/s', ratio: ratio('perSecond'), reference: ONE },
    { name: TWO, value: of(two, 'cpuUs'), unit: 'µs CPU', ratio: ratio('cpuUs'), reference: ONE },
    { name: TWO, value: of(two, 'cores'), unit: 'cores', ratio: ratio('cores'), reference: ONE },
    {
      name: `${TWO}, a core each`,
      value: 2e6 / of(two, 'cpuUs'),
      unit: 'calls/s by CPU',
      ratio: 2 / ratio('cpuUs'),
      reference: ONE,
      target: { of: 'ratio', atLeast: 1.6 },
    },
  ];
}
