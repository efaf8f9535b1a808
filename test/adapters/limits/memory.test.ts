import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryLimits } from '../../../src/adapters/limits/memory.ts';
import type { Instant, Window } from '../../../src/model/index.ts';
import { claim, granted, refund, refused, reserve, type Setting, used } from './claims.ts';
import { limitsContract } from './contract.ts';
import { agreesWithSums, someSteps } from './model.ts';

function open(options: { readonly maxCounters?: number; readonly start?: Instant } = {}): Setting {
  let time = options.start ?? Date.UTC(2026, 0, 1, 11, 59, 58, 700);
  return {
    limits: memoryLimits(options),
    now: () => time,
    pass: async (ms) => {
      time += ms;
    },
  };
}

limitsContract('limits in memory', async () => open());

test('a reserve is all or none, and a refund is its exact opposite', () =>
  fc.assert(
    fc.asyncProperty(someSteps, (steps) => agreesWithSums(open(), steps)),
    { numRuns: 500 },
  ));

const START = Date.UTC(2026, 0, 1);
const someCalls = fc.record({
  start: fc.integer({ min: START, max: START + 10_000 }),
  ms: fc.oneof(fc.integer({ min: 1, max: 700 }), fc.constantFrom(60, 120, 600)),
  max: fc.integer({ min: 1, max: 9 }),
  calls: fc.array(fc.record({ gap: fc.nat(90), cost: fc.nat(5) }), { maxLength: 60 }),
});

interface Logged {
  readonly at: Instant;
  readonly cost: number;
}

/** The sum of an exact log over the half-open interval (from, to]. */
function sum(log: readonly Logged[], from: Instant, to: Instant): number {
  return log.reduce((total, { at, cost }) => (at > from && at <= to ? total + cost : total), 0);
}

test('against an exact log a sliding window never admits too much and never holds back by more than a sixtieth', () =>
  fc.assert(
    fc.asyncProperty(someCalls, async ({ start, ms, max, calls }) => {
      const s = open({ start });
      const log: Logged[] = [];
      for (const { gap, cost } of calls) {
        await s.pass(gap);
        const at = s.now();
        const hold = await reserve(s, claim({ window: { kind: 'sliding', ms }, max, cost }));
        if (hold.hold === 'granted') log.push({ at, cost });
        else expect(sum(log, at - ms - ms / 60, at) + cost).toBeGreaterThan(max);
        expect(sum(log, at - ms, at)).toBeLessThanOrEqual(max);
      }
    }),
    { numRuns: 1000 },
  ));

test('against an exact log a calendar window is exact', () =>
  fc.assert(
    fc.asyncProperty(someCalls, async ({ start, ms, max, calls }) => {
      const s = open({ start });
      const log: Logged[] = [];
      for (const { gap, cost } of calls) {
        await s.pass(gap);
        const at = s.now();
        const fits = sum(log, at - (at % ms) - 1, at) + cost <= max;
        const hold = await reserve(s, claim({ window: { kind: 'calendar', ms }, max, cost }));
        expect(hold.hold).toBe(fits ? 'granted' : 'refused');
        if (fits) log.push({ at, cost });
      }
    }),
    { numRuns: 500 },
  ));

test('the wait that is told is the shortest one, and resetAt is the first empty moment', () =>
  fc.assert(
    fc.asyncProperty(
      someCalls,
      fc.constantFrom('sliding', 'calendar'),
      async ({ start, ms, max, calls }, kind) => {
        const s = open({ start });
        for (const { gap, cost } of calls) {
          await s.pass(gap);
          const one = claim({ window: { kind, ms }, max, cost });
          const hold = await reserve(s, one);
          if (hold.hold !== 'refused') continue;
          const { retryAfterMs, resetAt, used: held } = hold.refusals[0] ?? expect.unreachable();
          const later = (at: Instant) => s.limits.reserve([{ ...one, max: max - cost, cost: 0 }], at);
          expect(retryAfterMs === null).toBe(cost > max);
          if (retryAfterMs !== null) {
            expect(retryAfterMs).toBeGreaterThanOrEqual(1);
            expect((await later(s.now() + retryAfterMs - 1)).hold).toBe('refused');
            expect((await later(s.now() + retryAfterMs)).hold).toBe('granted');
          }
          if (held === 0) expect(resetAt).toBe(s.now());
          await s.pass(Math.max(0, resetAt - s.now() - 1));
          if (held > 0 && retryAfterMs === null) expect(await used(s, one)).toBeGreaterThan(0);
          await s.pass(1);
          if (held > 0) expect(await used(s, one)).toBe(0);
        }
      },
    ),
    { numRuns: 500 },
  ));

test.each<[string, Window, offsets: number[], granted: boolean]>([
  [
    'a call exactly one window later is in the next, on a sixtieth',
    { kind: 'sliding', ms: 60_000 },
    [0, 60_000],
    true,
  ],
  ['a call one ms short of a window later is not', { kind: 'sliding', ms: 60_000 }, [0, 59_999], false],
  ['a call off a sixtieth waits for the next one', { kind: 'sliding', ms: 60_000 }, [1, 60_001], false],
  ['and is free with it', { kind: 'sliding', ms: 60_000 }, [1, 61_000], true],
  ['a calendar minute ends at the minute', { kind: 'calendar', ms: 60_000 }, [59_999, 60_000], true],
  ['and not before', { kind: 'calendar', ms: 60_000 }, [0, 59_999], false],
  ['366 days slide', { kind: 'sliding', ms: 366 * 86_400_000 }, [0, 366 * 86_400_000 - 1], false],
])('%s', async (_, window, offsets, isGranted) => {
  const limits = memoryLimits();
  const holds = [];
  for (const offset of offsets) holds.push(await limits.reserve([claim({ window, max: 1 })], START + offset));
  expect(holds.map((hold) => hold.hold)).toEqual(['granted', isGranted ? 'granted' : 'refused']);
});

test('time never runs backwards: an earlier call is counted at the latest time seen', async () => {
  const limits = memoryLimits();
  const minute = claim({ window: { kind: 'calendar', ms: 60_000 }, max: 1 });
  await limits.reserve([claim({ counter: 'another' })], START + 60_000);
  await limits.reserve([minute], START);
  expect(await limits.reserve([minute], START + 60_000)).toMatchObject({ hold: 'refused' });
});

test('full of live counters it answers unknown, takes nothing, and still serves the counters it has', async () => {
  const s = open({ maxCounters: 2 });
  const [a, b, c] = ['a', 'b', 'c'].map((counter) => claim({ counter })) as [never, never, never];
  await granted(s, a);
  expect(await reserve(s, b, c)).toMatchObject({ hold: 'unknown' });
  expect(await used(s, b)).toBe(0);
  const ticket = await granted(s, a, b);
  expect(await reserve(s, c)).toMatchObject({ hold: 'unknown' });
  await refund(s, ticket);
  await granted(s, c);
  await refused(s, claim({ counter: 'd', max: 0 }));
  await granted(s, claim({ counter: 'd', cost: 0 }));
});

test('expired counters make room, of one window and of several', async () => {
  const s = open({ maxCounters: 100 });
  const windows: readonly Window[] = [
    { kind: 'sliding', ms: 6_000 },
    { kind: 'calendar', ms: 1_000 },
    { kind: 'sliding', ms: 60_000 },
  ];
  for (let i = 0; i < 3_000; i += 1) {
    await s.pass(1_000);
    for (let j = 0; j < 7; j += 1)
      await granted(s, claim({ counter: `${i} ${j}`, window: windows[j % 2] ?? expect.unreachable() }));
    await granted(s, claim({ counter: `${i % 30}`, window: windows[2] ?? expect.unreachable(), max: 3 }));
  }
});

test('as much room is made as a call needs, and a counter in use is not taken for an expired one', async () => {
  const s = open({ maxCounters: 200 });
  const window: Window = { kind: 'sliding', ms: 6_000 };
  const some = (from: number) =>
    Array.from({ length: 200 }, (_, i) => claim({ counter: `${from + i}`, window }));
  await granted(s, ...some(0));
  await s.pass(5_000);
  await granted(s, claim({ counter: '0', window }));
  await s.pass(2_000);
  await granted(s, ...some(200).slice(1));
  expect(await used(s, claim({ counter: '0', window }))).toBe(1);
  expect(await reserve(s, claim({ counter: 'one more', window }))).toMatchObject({ hold: 'unknown' });
});
