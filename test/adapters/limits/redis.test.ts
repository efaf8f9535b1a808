import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { REFUND } from '../../../src/adapters/limits/redis-scripts.ts';
import type { Window } from '../../../src/model/index.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { claim, granted, refund, refused, reserve, type Setting, used } from './claims.ts';
import { limitsContract } from './contract.ts';
import { agreesWithSums, someSteps } from './model.ts';

/** These tests are not about time: a busy machine is no outage. */
const PATIENT_MS = 5_000;

let server: TestRedis;
let raw: Redis;
let opened = 0;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
});

afterAll(async () => {
  raw.disconnect();
  await server.stop();
});

async function open(prefix = nextPrefix()): Promise<Setting> {
  const limits = redisLimits({ url: server.url, prefix, commandTimeoutMs: PATIENT_MS });
  await limits.connect();
  return { limits, now: Date.now, pass: async (ms) => void (await sleep(ms)) };
}

function nextPrefix(): string {
  opened += 1;
  return `test${opened}`;
}

limitsContract('limits in Redis', () => open());

test('a reserve is all or none, and a refund is its exact opposite', async () => {
  const oneConnection = await open('shared');
  await fc.assert(
    fc.asyncProperty(someSteps, async (steps) => {
      await raw.flushall();
      await agreesWithSums(oneConnection, steps);
    }),
    { numRuns: 150 },
  );
  await oneConnection.limits.close();
});

test('sixteen questions of a turn reach Redis together', async () => {
  const setting = await open();
  const reads = async () => Number(/total_reads_processed:([0-9]+)/.exec(await raw.info('stats'))?.[1]);
  await reserve(setting, claim());
  const before = await reads();
  const holds = await Promise.all(
    Array.from({ length: 16 }, (_, i) => Promise.resolve().then(() => reserve(setting, claim({ max: i })))),
  );
  expect(holds.map(({ hold }) => hold).slice(0, 2)).toEqual(['refused', 'refused']);
  expect((await reads()) - before).toBe(2); // One of them is the question for this number.
});

test('two proxies share a counter: of 200 calls at once against 50 exactly 50 are granted', async () => {
  const [one, two] = [await open('both'), await open('both')];
  const calls = Array.from({ length: 200 }, (_, i) => reserve(i % 2 === 0 ? one : two, claim({ max: 50 })));
  const holds = await Promise.all(calls);
  expect(holds.filter((hold) => hold.hold === 'granted').length).toBe(50);
  expect(await used(two, claim())).toBe(50);
  await Promise.all([one.limits.close(), two.limits.close()]);
});

test('against an exact log, on the clock of Redis, a sliding window never admits too much', async () => {
  const s = await open();
  const window: Window = { kind: 'sliding', ms: 500 };
  const times: { sent: number; answered: number }[] = [];
  const end = Date.now() + 3_000;
  while (Date.now() < end) {
    const sent = performance.now();
    const hold = await reserve(s, claim({ window, max: 5 }));
    if (hold.hold === 'granted') times.push({ sent, answered: performance.now() });
    await sleep(3);
  }
  // Two calls six apart must be a window apart, as far as we can tell their times from outside.
  for (const [i, { answered }] of times.entries()) {
    const fifthBefore = times[i - 5];
    if (fifthBefore !== undefined) expect(answered - fifthBefore.sent).toBeGreaterThanOrEqual(window.ms - 1);
  }
  // Held back by a sixtieth each round, five calls pass in about 508 ms.
  expect(times.length).toBeGreaterThanOrEqual(20);
  await s.limits.close();
}, 10_000);

test('every key has a time to live, carries the one hash tag, and goes by itself', async () => {
  await raw.flushall();
  const s = await open('ttl');
  const windows: readonly Window[] = [
    { kind: 'sliding', ms: 600 },
    { kind: 'calendar', ms: 600 },
  ];
  const claims = windows.map((window, i) => claim({ counter: `${i}`, window, max: 5 }));
  await refund(s, await granted(s, ...claims));
  await granted(s, ...claims);
  const keys = await raw.keys('*');
  expect(keys.length).toBe(3);
  for (const key of keys) {
    expect(key).toMatch(/^\{ttl\}:/);
    const ttl = await raw.pttl(key);
    expect(ttl).not.toBe(-1);
    expect(ttl).toBeLessThanOrEqual(610);
  }
  await sleep(700);
  expect(await raw.keys('*')).toEqual([]);
  await s.limits.close();
});

test('what takes nothing writes nothing', async () => {
  await raw.flushall();
  const s = await open('idle');
  await granted(s, claim({ cost: 0 }));
  await refused(s, claim({ max: 0 }), claim({ counter: 'b' }));
  await refund(s, await granted(s, claim()));
  expect((await raw.keys('*')).filter((key) => !key.startsWith('{idle}:r:'))).toEqual([]);
  await s.limits.close();
});

test('a counter in constant use keeps at most 61 parts', async () => {
  const s = await open('busy');
  const short = claim({ window: { kind: 'sliding', ms: 300 }, max: 1e9 });
  const end = Date.now() + 1_000;
  let longest = 0;
  while (Date.now() < end) {
    await granted(s, short);
    longest = Math.max(longest, await raw.hlen('{busy}:c:sliding:300:counter'));
  }
  expect(longest).toBeGreaterThan(30);
  expect(longest).toBeLessThanOrEqual(61 + 2);
  await s.limits.close();
});

test('a refund that is sent twice counts once', async () => {
  const s = await open('twice');
  for (let i = 0; i < 3; i += 1) await granted(s, claim({ max: 3 }));
  const key = '{twice}:c:sliding:3600000:counter';
  const part = (await raw.hkeys(key)).find((field) => /^\d+$/.test(field)) ?? expect.unreachable();
  for (let i = 0; i < 2; i += 1) {
    await raw.eval(REFUND, 2, '{twice}:r:some-ticket', key, part, Date.now() + 3_600_000, 1);
  }
  expect(await used(s, claim())).toBe(2);
  expect(await raw.pttl('{twice}:r:some-ticket')).toBeGreaterThan(0);
  await s.limits.close();
});

test.each([
  ['binding', null],
  ['observed', 0],
])('a key of the wrong type behind a %s claim is unknown, and nothing is taken', async (_, observedRule) => {
  const s = await open();
  const wrong = claim({ counter: 'wrong', observedRule });
  await raw.set(`{test${opened}}:c:sliding:3600000:wrong`, 'a string');
  expect(await reserve(s, claim(), wrong)).toMatchObject({
    hold: 'unknown',
    why: expect.stringContaining('WRONGTYPE'),
  });
  expect(await used(s, claim())).toBe(0);
  await s.limits.close();
});

test('a call is one round trip, and a server that lost its scripts gets them again', async () => {
  const s = await open();
  await granted(s, claim({ max: 100 }));
  const before = await commandsRun();
  for (let i = 0; i < 10; i += 1) await granted(s, claim({ max: 100 }), claim({ counter: 'b', max: 100 }));
  expect((await commandsRun()) - before).toBe(10);
  await raw.script('FLUSH');
  await granted(s, claim({ max: 100 }));
  await s.limits.close();
});

/** Scripts that the server was asked to run so far. */
async function commandsRun(): Promise<number> {
  const stats = await raw.info('commandstats');
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

test.each([
  ['OOM', ['maxmemory', '1']],
  ['READONLY', ['replicaof', '127.0.0.1 1']],
  ['NOREPLICAS', ['min-replicas-to-write', '1']],
])('an answer of %s is unknown, and passes', async (code, [name = '', value = '']) => {
  const other = await startRedis();
  onTestFinished(() => other.stop());
  const admin = new Redis(other.url);
  onTestFinished(() => admin.disconnect());
  const limits = redisLimits({ url: other.url, commandTimeoutMs: PATIENT_MS });
  onTestFinished(() => limits.close());
  await limits.connect();
  const s: Setting = { limits, now: Date.now, pass: async (ms) => void (await sleep(ms)) };
  await (name === 'replicaof' ? admin.replicaof('127.0.0.1', 1) : admin.config('SET', name, value));
  expect(await reserve(s, claim())).toMatchObject({ hold: 'unknown', why: expect.stringContaining(code) });
  await (name === 'replicaof' ? admin.replicaof('NO', 'ONE') : admin.config('SET', name, '0'));
  await expect
    .poll(async () => (await reserve(s, claim({ max: 1 }))).hold, { timeout: 2_000 })
    .toBe('granted');
  expect(await used(s, claim())).toBe(1);
});
