import { allowedCall } from '../machine/calls.ts';
import { cpuOf, cpuOfEndedChildren, openQuota, type Quota } from '../machine/cpu.ts';
import { callOnce, load } from '../machine/http-load.ts';
import { openSessions } from '../machine/mcp-session.ts';
import { nginxUpstream } from '../machine/nginx.ts';
import { type Listening, PEM, Servers } from '../machine/servers.ts';
import { type Figure, median, type Suite, type Target } from '../suite.ts';

const CONNECTIONS = 32;
/** Of a core, for each proxy: two leave room for Redis, the upstream, the generator and whatever else the machine does. */
const QUOTA = 0.1;
const TARGET: Target = { of: 'ratio', atLeast: 1.6 };

/** What a second proxy on the same Redis adds. */
export const suite: Suite = {
  name: 'scale-out',
  about: `allowed calls through one proxy and through two on one Redis, ${CONNECTIONS} connections in all`,
  async run({ quick }) {
    const servers = new Servers();
    const [rounds, seconds] = quick ? [1, 1] : [7, 2];
    try {
      const surroundings = await openSurroundings(servers);
      const { upstream, redis } = surroundings;
      const given = { upstream: upstream.url, redis: redis.url };
      const first = await servers.proxy('first', given);
      const second = await servers.proxy('second', { ...given, core: 'other' });
      // One secret, so either serves the sessions of the other.
      const sessions = await openSessions(first.url, 8);
      const pair = [first, second];
      const compare = async () => {
        const [one, two]: [Measured[], Measured[]] = [[], []];
        await measure(pair, { sessions, seconds, surroundings });
        for (let round = 0; round < rounds; round++) {
          one.push(await measure([first], { sessions, seconds, surroundings }));
          two.push(await measure(pair, { sessions, seconds, surroundings }));
        }
        return { one, two };
      };
      const free = figuresOf('all on two cores', await compare());
      const quotas = openQuotas(pair);
      if (quotas === null) {
        process.stdout.write(
          '  no control groups here: proxies with a bounded share of a core are left out\n',
        );
        return free;
      }
      for (const quota of quotas) quota.set(QUOTA);
      return [...free, ...figuresOf(`${QUOTA} of a core each`, await compare(), TARGET)];
    } finally {
      await servers.close();
      for (const close of closers.splice(0)) close();
    }
  },
};

/** Empty control groups of servers that have ended. */
const closers: (() => void)[] = [];

function openQuotas(proxies: readonly Listening[]): readonly Quota[] | null {
  const quotas = proxies.flatMap(({ pid }) => openQuota(pid) ?? []);
  closers.push(...quotas.map(({ close }) => close));
  return quotas.length === proxies.length ? quotas : null;
}

/** What calls need beside proxies and a generator; all of it on the other core. */
interface Surroundings {
  readonly upstream: Listening;
  readonly redis: Listening;
}

async function openSurroundings(servers: Servers): Promise<Surroundings> {
  const nginx = await nginxUpstream(servers, JSON.stringify({ publicKey: PEM }));
  process.stdout.write(`  the upstream is ${nginx === null ? 'node:http' : 'nginx'}\n`);
  return { upstream: nginx ?? (await servers.upstreamServer()), redis: await servers.redisServer() };
}

interface Measured {
  readonly perSecond: number;
  /** Of the proxies, for a call. */
  readonly cpuUs: number;
  /** Cores that each of these had, of all there are. */
  readonly proxies: number;
  readonly generator: number;
  readonly redis: number;
  readonly upstream: number;
}

async function measure(
  proxies: readonly Listening[],
  terms: {
    readonly sessions: readonly string[];
    readonly seconds: number;
    readonly surroundings: Surroundings;
  },
): Promise<Measured> {
  const { sessions, seconds, surroundings } = terms;
  for (const { url } of proxies) {
    const answer = await callOnce({ url, sessions, ...allowedCall });
    if (!answer.includes('BEGIN PUBLIC KEY')) throw new Error(`a proxy answered ${answer.slice(0, 200)}`);
  }
  const used = () => ({
    proxies: proxies.reduce((sum, { pid }) => sum + cpuOf(pid), 0),
    redis: cpuOf(surroundings.redis.pid),
    upstream: cpuOf(surroundings.upstream.pid),
    generator: cpuOfEndedChildren(),
  });
  const [before, begun] = [used(), performance.now()];
  const loads = await Promise.all(
    proxies.map(({ url }) => load({ url, sessions, ...allowedCall }, CONNECTIONS / proxies.length, seconds)),
  );
  const [after, tookUs] = [used(), (performance.now() - begun) * 1000];
  const cores = (key: keyof typeof before) => (after[key] - before[key]) / tookUs;
  return {
    perSecond: loads.reduce((sum, each) => sum + each.perSecond, 0),
    cpuUs: (after.proxies - before.proxies) / loads.reduce((sum, each) => sum + each.calls, 0),
    proxies: cores('proxies'),
    generator: cores('generator'),
    redis: cores('redis'),
    upstream: cores('upstream'),
  };
}

/**
 * The clock compares what this machine does, where everything shares two cores. CPU for a call compares what the
 * proxies do: with a core each they serve a core's time over it. A core of which the generator took little was not
 * short of it.
 */
function figuresOf(
  how: string,
  { one, two }: { readonly one: readonly Measured[]; readonly two: readonly Measured[] },
  target?: Target,
): readonly Figure[] {
  const ONE = `one proxy, ${how}`;
  const TWO = `two proxies, ${how}`;
  const of = (measured: readonly Measured[], key: keyof Measured) =>
    median(measured.map((each) => each[key]));
  const ratio = (key: keyof Measured) =>
    median(two.map((each, round) => each[key] / (one[round]?.[key] ?? Number.NaN)));
  const cores = (name: string, measured: readonly Measured[]) =>
    (['proxies', 'generator', 'redis', 'upstream'] as const).map((key) => ({
      name,
      value: of(measured, key),
      unit: `cores of ${key}`,
    }));
  const compared = { reference: ONE };
  return [
    { name: ONE, value: of(one, 'perSecond'), unit: 'calls/s' },
    { name: ONE, value: of(one, 'cpuUs'), unit: 'µs CPU' },
    ...cores(ONE, one),
    {
      name: TWO,
      value: of(two, 'perSecond'),
      unit: 'calls/s',
      ratio: ratio('perSecond'),
      ...compared,
      ...(target && { target }),
    },
    { name: TWO, value: of(two, 'cpuUs'), unit: 'µs CPU', ratio: ratio('cpuUs'), ...compared },
    ...cores(TWO, two),
    {
      name: `${TWO}, by CPU`,
      value: 2e6 / of(two, 'cpuUs'),
      unit: 'calls/s with a core each',
      ratio: 2 / ratio('cpuUs'),
      ...compared,
      target: TARGET,
    },
  ];
}
