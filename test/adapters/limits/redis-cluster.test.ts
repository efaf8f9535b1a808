import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { freePort, startRedis, type TestRedis } from '../../support/redis.ts';
import { claim, granted, OUTAGE_MS, refund, reserve, type Setting, timed, used } from './claims.ts';

const FLOW = claim({ counter: 'flow', max: 1e9 });
let nodes: TestRedis[] = [];
let setting: Setting;

beforeAll(async () => {
  nodes = await Promise.all(
    [0, 1, 2].map(async () =>
      startRedis(
        '--cluster-enabled',
        'yes',
        '--cluster-port',
        `${await freePort()}`,
        '--cluster-node-timeout',
        '2000',
      ),
    ),
  );
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  execFileSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { stdio: 'pipe' });
  const limits = redisLimits({ url: addresses.map((address) => `redis://${address}`).join(',') });
  await limits.connect();
  setting = { limits, now: Date.now, pass: async (ms) => void (await sleep(ms)) };
});

afterAll(async () => {
  await setting?.limits.close();
  for (const node of nodes) await node.stop();
});

test('on a cluster the counters of a call meet in one slot', async () => {
  const claims = ['a', 'b', 'c', 'd'].map((counter) => claim({ counter }));
  await expect.poll(async () => (await reserve(setting, ...claims)).hold, { timeout: 5_000 }).toBe('granted');
  await refund(setting, await granted(setting, ...claims));
  for (const each of claims) expect(await used(setting, each)).toBe(1);
  const holds = await Promise.all(
    Array.from({ length: 60 }, () => reserve(setting, claim({ counter: 'e', max: 20 }))),
  );
  expect(holds.filter(({ hold }) => hold === 'granted').length).toBe(20);
  expect(await setting.limits.ready()).toBe(true);
});

test.each([
  ['killed', (node: TestRedis) => node.kill(), (node: TestRedis) => node.start()],
  [
    'frozen',
    async (node: TestRedis) => void node.process.kill('SIGSTOP'),
    async (node: TestRedis) => void node.process.kill('SIGCONT'),
  ],
])('all nodes %s: unknown in time, and calls flow again when they are back', async (_, stop, goOn) => {
  await Promise.all(nodes.map(stop));
  for (let i = 0; i < 20; i += 1) {
    const { value, ms } = await timed(() => reserve(setting, claim()));
    expect(value).toMatchObject({ hold: 'unknown' });
    expect(ms).toBeLessThan(OUTAGE_MS);
    await sleep(20);
  }
  await Promise.all(nodes.map(goOn));
  await expect.poll(async () => (await reserve(setting, FLOW)).hold, { timeout: 10_000 }).toBe('granted');
});
