import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { claim } from './claims.ts';

const FORBIDDEN = ['--user', 'default', 'on', 'nopass', '~*', '+@all', '-info', '-config'];

test.each<[sentence: string, args: readonly string[], warnings: readonly unknown[]]>([
  [
    'one that would evict if it had a bound is warned of',
    ['--maxmemory-policy', 'allkeys-lru'],
    [/expected .*`noeviction`; found `allkeys-lru`/],
  ],
  [
    'one that evicts what expires, as all counters do, too',
    ['--maxmemory-policy', 'volatile-ttl'],
    [/found `volatile-ttl`/],
  ],
  ['one that evicts nothing is not', ['--maxmemory-policy', 'noeviction'], []],
  ['one that may not be asked is no outage', FORBIDDEN, [/does not tell its maxmemory-policy/]],
])('of Redis servers %s', async (_, args, expected) => {
  const server = await startRedis(...args);
  onTestFinished(() => server.stop());
  const warnings: string[] = [];
  const states: boolean[] = [];
  const limits = redisLimits({
    url: server.url,
    commandTimeoutMs: 5_000,
    onWarning: (warning) => warnings.push(warning),
    onStateChange: (up) => states.push(up),
  });
  onTestFinished(() => limits.close());
  await limits.connect();
  expect(await limits.reserve([claim()], 0)).toMatchObject({ hold: 'granted' });
  expect(await limits.ready()).toBe(true);
  expect(warnings).toEqual(expected.map((warning) => expect.stringMatching(warning as RegExp)));
  expect(states).toEqual([true]);
});

test('a master that comes after a failover is asked too', async () => {
  const server = await startRedis('--maxmemory', '100mb');
  onTestFinished(() => server.stop());
  const warnings: string[] = [];
  const limits = redisLimits({ url: server.url, onWarning: (warning) => warnings.push(warning) });
  onTestFinished(() => limits.close());
  await limits.connect();
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await admin.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
  await expect.poll(() => warnings.length, { timeout: 5_000 }).toBeGreaterThan(0);
});

test('that it may not be asked is told once, however often it connects', async () => {
  const server = await startRedis(...FORBIDDEN);
  onTestFinished(() => server.stop());
  const [warnings, states]: [string[], boolean[]] = [[], []];
  const limits = redisLimits({
    url: server.url,
    onWarning: (warning) => warnings.push(warning),
    onStateChange: (up) => states.push(up),
  });
  onTestFinished(() => limits.close());
  await limits.connect();
  await server.kill();
  await server.start();
  await expect.poll(() => states, { timeout: 5_000 }).toEqual([true, false, true]);
  expect(await limits.ready()).toBe(true);
  expect(warnings).toHaveLength(1);
});

test.each([
  ['allkeys-lru', 'of all keys'],
  ['volatile-lru', 'of those that expire, which all counters do'],
])('one with a bound and `%s`, that makes room %s, is refused at the start', async (policy) => {
  const server = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', policy);
  onTestFinished(() => server.stop());
  const warnings: string[] = [];
  const limits = redisLimits({ url: server.url, onWarning: (warning) => warnings.push(warning) });
  await expect(limits.connect()).rejects.toThrow(
    `Redis at 127.0.0.1:${server.port}: expected maxmemory-policy \`noeviction\`; found \`${policy}\``,
  );
  expect(warnings).toEqual([]);
  expect(await limits.reserve([claim()], 0)).toMatchObject({ hold: 'unknown' });
});
