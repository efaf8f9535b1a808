import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { type Agent, httpAgent } from '../support/clients.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const VEND = 'fusionauth-vendjwtwithid';
const MAX = 400;
const OUTAGE = 'The limits of this call cannot be checked at the moment, so it was not made.';
/** A machine that is busy elsewhere answers some calls a second. */
const PATIENTLY = { timeout: 30_000, interval: 5 };
const folder = temporaryFolder();
let redis: TestRedis;
let sandbox: Sandbox;
let proxies: readonly Running[];
let agents: readonly Agent[];

beforeEach(async () => {
  // Every write is on disk before it is answered, so that a restart forgets none.
  redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  sandbox = await startSandbox();
  const policy = join(folder.path, 'policy.yaml');
  writeFileSync(
    policy,
    `default: deny\ntools:\n  vendJWTWithId: { rules: [{ rate_limit: { max: ${MAX}, window: 1h, per: everyone } }] }\n`,
  );
  const args = [
    'serve',
    '--http',
    '0',
    '--policy',
    policy,
    '--fusionauth',
    sandbox.url,
    '--redis',
    redis.url,
  ];
  const env = { FUSIONAUTH_API_KEY: sandbox.apiKey, PORTCULLIS_SECRET: 'a secret that both proxies have' };
  proxies = [0, 1].map(() => start([...args, '--audit', 'off'], env));
  const urls = await Promise.all(
    proxies.map(async (proxy) => (await proxy.says(/ on (http:\S+\/mcp)/))[1] ?? ''),
  );
  agents = await Promise.all(Array.from({ length: 16 }, (_, i) => httpAgent(urls[i % 2] ?? '')));
});
afterEach(async () => {
  for (const agent of agents) await agent.close();
  for (const proxy of proxies) await proxy.stop();
  await sandbox.close();
  await redis.stop();
});

const forwarded = () => sandbox.arrivals.filter(({ path }) => path === '/api/jwt/vend').length;

/** Calls without a pause on both proxies until told to stop: how they ended, in order, each agent's last, and what was said of outages. */
function load() {
  const codes: unknown[] = [];
  const outages = new Set<string>();
  let isOver = false;
  const newest: unknown[] = [];
  const running = agents.map(async (agent, i) => {
    while (!isOver) {
      const { isError, decision, text } = await agent.call(VEND, { body: {} });
      newest[i] = isError ? decision['code'] : 'allowed';
      codes.push(newest[i]);
      if (decision['code'] === 'limits_unavailable') outages.add(text);
    }
  });
  const count = (code: string) => codes.filter((one) => one === code).length;
  return {
    count,
    outages,
    codes,
    latest: () => newest,
    async stop() {
      isOver = true;
      await Promise.all(running);
    },
  };
}

const OUTAGES: readonly (readonly [string, () => Promise<void>, () => Promise<void>])[] = [
  ['killed', () => redis.kill(), () => redis.start()],
  ['frozen', async () => void redis.process.kill('SIGSTOP'), async () => void redis.process.kill('SIGCONT')],
];

it.each(OUTAGES)(
  'a Redis that is %s under load: an outage is called one, and no limit admits more for it',
  async (_, end, begin) => {
    const { count, outages, codes, latest, stop } = load();
    await expect.poll(() => count('allowed'), PATIENTLY).toBeGreaterThan(20);
    await end();
    // Once every agent was told, no call from before is under way; while nobody counts nothing is forwarded.
    await expect.poll(latest, PATIENTLY).toEqual(agents.map(() => 'limits_unavailable'));
    const [before, then] = [forwarded(), codes.length];
    await expect.poll(() => codes.length, PATIENTLY).toBeGreaterThan(then + 50);
    expect(new Set(codes.slice(then))).toEqual(new Set(['limits_unavailable']));
    expect(forwarded()).toBe(before);
    expect(before).toBeLessThan(MAX);
    await begin();
    await expect.poll(() => count('rate_limited'), PATIENTLY).toBeGreaterThan(50);
    await stop();
    expect(new Set(codes)).toEqual(new Set(['allowed', 'limits_unavailable', 'rate_limited']));
    expect(forwarded()).toBe(count('allowed'));
    // What was taken for a call that was told of the outage stays taken.
    expect(count('allowed')).toBeLessThanOrEqual(MAX);
    expect(count('allowed')).toBeGreaterThan(before);
    for (const text of outages) expect(text).toContain(OUTAGE);
  },
  120_000,
);
