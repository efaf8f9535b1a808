import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { guard } from '../../../src/adapters/limits/guard.ts';
import type { Guard, GuardedAct } from '../../../src/model/index.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Counts until one was too many; answers how many were not. */
async function allowed(by: Guard, act: GuardedAct, who: string): Promise<number> {
  for (let count = 0; count < 10_000; count += 1) if ((await by.count(act, who)) !== null) return count;
  return Number.POSITIVE_INFINITY;
}

test.each<[GuardedAct, number]>([
  ['new_session', 1200],
  ['failed_authentication', 60],
  ['bad_request', 3000],
])('%s: %d a minute', async (act, perMinute) => {
  expect(await allowed(guard(), act, '192.0.2.1')).toBe(perMinute);
});

test('limits are set one by one, 0 allows none', async () => {
  const by = guard({ new_session: 3, bad_request: 0 });
  expect(await allowed(by, 'new_session', 'a')).toBe(3);
  expect(await allowed(by, 'bad_request', 'a')).toBe(0);
  expect(await allowed(by, 'failed_authentication', 'a')).toBe(60);
});

test('acts and callers are counted apart', async () => {
  const by = guard({ new_session: 2, failed_authentication: 2 });
  await allowed(by, 'new_session', 'a');
  expect(await by.count('failed_authentication', 'a')).toBeNull();
  // Two names meet in one slot once in 65 536 times.
  expect(await by.count('new_session', 'b')).toBeNull();
});

test('the wait is what is left of the minute, and then the count starts anew', async () => {
  const by = guard({ new_session: 2 });
  await allowed(by, 'new_session', 'a');
  vi.advanceTimersByTime(20_000);
  expect(await by.count('new_session', 'a')).toEqual({ retryAfterMs: 40_000 });
  vi.advanceTimersByTime(40_000);
  expect(await allowed(by, 'new_session', 'a')).toBe(2);
});

test.each([
  ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff::9', 'one /64', true],
  ['2001:db8::1', '2001:db8:0:0:1::', 'one /64 behind `::`', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', 'another /64', false],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.2', 'two IPv4 addresses', false],
])('%s and %s are %s', async (one, other, _, same) => {
  const by = guard({ new_session: 1 });
  await by.count('new_session', one);
  expect((await by.count('new_session', other)) !== null).toBe(same);
});

test('however many addresses come, memory stays bounded', async () => {
  const by = guard();
  for (let i = 0; i < 80_000; i += 1) await by.count('failed_authentication', `${i} ${'x'.repeat(200)}`);
  // Each live counter has a timer of its own.
  expect(vi.getTimerCount()).toBeGreaterThan(40_000);
  expect(vi.getTimerCount()).toBeLessThanOrEqual(65_536);
});

test('a look counts nothing, and tells what a count would', async () => {
  const by = guard({ new_session: 2 });
  for (let i = 0; i < 5; i++) expect(await by.look('new_session', 'a')).toBeNull();
  await by.count('new_session', 'a');
  expect(await by.look('new_session', 'a')).toBeNull();
  await by.count('new_session', 'a');
  vi.advanceTimersByTime(20_000);
  expect(await by.look('new_session', 'a')).toEqual({ retryAfterMs: 40_000 });
  vi.advanceTimersByTime(40_000);
  expect(await by.look('new_session', 'a')).toBeNull();
});
