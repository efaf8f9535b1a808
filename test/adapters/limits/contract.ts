import { describe, expect, test } from 'vitest';
import {
  A,
  B,
  CALENDAR,
  claim,
  granted,
  refund,
  refused,
  reserve,
  type Row,
  type Setting,
  SLIDING,
  SIXTIETH,
  used,
} from './claims.ts';
import { REFUNDS } from './contract-refunds.ts';

const HUGE = Number.MAX_SAFE_INTEGER;

/** What every store of limits promises, run against a fresh one a row. */
export function limitsContract(name: string, open: () => Promise<Setting>): void {
  describe(name, () => {
    for (const [sentence, row] of [...ROWS, ...REFUNDS]) {
      test(sentence, async () => {
        const setting = await open();
        await row(setting);
        await setting.limits.close();
      });
    }
  });
}

const ROWS: readonly Row[] = [
  [
    'max calls are granted, the next is refused',
    async (s) => {
      expect(await reserve(s, A)).toMatchObject({ hold: 'granted', missed: [] });
      expect(await reserve(s, A)).toMatchObject({ hold: 'granted', missed: [] });
      expect(await refused(s, A)).toMatchObject([{ claim: 0, used: 2 }]);
    },
  ],
  [
    'each grant has a ticket of its own',
    async (s) => {
      expect((await granted(s, A)).id).not.toBe((await granted(s, A)).id);
    },
  ],
  [
    'no claims are granted',
    async (s) => expect(await reserve(s)).toMatchObject({ hold: 'granted', missed: [] }),
  ],
  [
    'a refused call takes nothing, however often it is tried',
    async (s) => {
      await granted(s, A, { ...B, max: 1 });
      for (let i = 0; i < 5; i += 1) await refused(s, A, { ...B, max: 1 });
      expect([await used(s, A), await used(s, B)]).toEqual([1, 1]);
    },
  ],
  [
    'all refusals are told in claim order, each with its own wait',
    async (s) => {
      const hour = { ...A, max: 1 };
      const minute = { ...B, max: 1, window: { kind: 'sliding', ms: 60_000 } as const };
      const before = s.now();
      await granted(s, hour, minute);
      const refusals = await refused(s, claim({ counter: 'free' }), minute, hour);
      const after = s.now();
      expect(refusals.map((refusal) => refusal.claim)).toEqual([1, 2]);
      for (const [i, ms] of [60_000, 3_600_000].entries()) {
        expect(refusals[i]?.resetAt).toBeGreaterThanOrEqual(before + ms);
        expect(refusals[i]?.resetAt).toBeLessThanOrEqual(after + ms + ms / 60);
        expect(refusals[i]?.retryAfterMs).toBeGreaterThanOrEqual(before + ms - after);
        expect(refusals[i]?.retryAfterMs).toBeLessThanOrEqual(after - before + ms + ms / 60);
      }
    },
  ],
  [
    'amounts are charged as they are, and a smaller one may still fit',
    async (s) => {
      const amount = { ...A, max: 10, unit: 'millionth' } as const;
      for (let i = 0; i < 3; i += 1) await granted(s, { ...amount, cost: 3 });
      expect(await refused(s, { ...amount, cost: 2 })).toMatchObject([{ used: 9 }]);
      await granted(s, { ...amount, cost: 1 });
      expect(await used(s, amount)).toBe(10);
    },
  ],
  [
    'the wait is until this amount fits',
    async (s) => {
      const amount = { ...A, window: SLIDING, max: 10 };
      await granted(s, { ...amount, cost: 4 });
      await s.pass(SLIDING.ms / 2);
      await granted(s, { ...amount, cost: 6 });
      const [four] = await refused(s, { ...amount, cost: 4 });
      const [five] = await refused(s, { ...amount, cost: 5 });
      expect(four?.retryAfterMs).toBeLessThanOrEqual(SLIDING.ms / 2 + SIXTIETH);
      expect(five?.retryAfterMs).toBeGreaterThan(SLIDING.ms / 2 + 2 * SIXTIETH);
      expect(five?.resetAt).toBe(four?.resetAt);
      await s.pass(four?.retryAfterMs ?? Number.NaN);
      await granted(s, { ...amount, cost: 4 });
    },
  ],
  [
    'a cost of 0 fits a full counter, and not one that holds more than max',
    async (s) => {
      await granted(s, A);
      await granted(s, A);
      await granted(s, { ...A, cost: 0 });
      expect(await refused(s, { ...A, cost: 0, max: 1 })).toMatchObject([{ used: 2 }]);
      expect(await used(s, A)).toBe(2);
    },
  ],
  [
    'a cost above max never fits',
    async (s) => {
      expect(await refused(s, { ...A, cost: 3 })).toMatchObject([{ claim: 0, used: 0, retryAfterMs: null }]);
      await granted(s, A);
      expect(await refused(s, { ...A, cost: 3 })).toMatchObject([{ claim: 0, used: 1, retryAfterMs: null }]);
    },
  ],
  [
    'one counter name under two windows is two counters',
    async (s) => {
      await granted(s, A);
      expect(await used(s, { ...A, window: { kind: 'calendar', ms: 3_600_000 } })).toBe(0);
      expect(await used(s, { ...A, window: { kind: 'sliding', ms: 60_000 } })).toBe(0);
    },
  ],
  [
    'an observed rule that does not fit is missed as a whole, and nothing else is',
    async (s) => {
      const [c, d] = [claim({ counter: 'c' }), claim({ counter: 'd' })];
      const claims = [
        { ...B, observedRule: 0 },
        A,
        { ...c, max: 0, observedRule: 0 },
        { ...d, observedRule: 7 },
      ];
      const hold = await reserve(s, ...claims);
      expect(hold).toMatchObject({ hold: 'granted', missed: [{ claim: 2, used: 0, retryAfterMs: null }] });
      expect(await Promise.all([A, B, c, d].map((each) => used(s, each)))).toEqual([1, 0, 0, 1]);
    },
  ],
  [
    'a refusal names no observed claim and leaves observed counters alone',
    async (s) => {
      const observed = { ...B, observedRule: 0 };
      const hold = await reserve(
        s,
        { ...claim({ counter: 'c' }), max: 0, observedRule: 1 },
        { ...A, max: 0 },
        observed,
      );
      expect(hold).toMatchObject({ hold: 'refused', refusals: [{ claim: 1 }] });
      expect(hold.hold === 'refused' && hold.refusals.length).toBe(1);
      expect(await used(s, observed)).toBe(0);
    },
  ],
  [
    'a calendar window is empty at its end',
    async (s) => {
      await s.pass(CALENDAR.ms - (s.now() % CALENDAR.ms) + 50);
      const short = { ...A, window: CALENDAR };
      await granted(s, short);
      await granted(s, short);
      const [refusal] = await refused(s, short);
      expect(refusal?.resetAt).toBe(s.now() - (s.now() % CALENDAR.ms) + CALENDAR.ms);
      await s.pass(refusal?.retryAfterMs ?? Number.NaN);
      expect(await used(s, short)).toBe(0);
      await granted(s, { ...short, cost: 2 });
    },
  ],
  [
    'a sliding window does not forget at a boundary, and admits after the wait it told',
    async (s) => {
      const short = { ...A, window: SLIDING };
      await s.pass(SLIDING.ms - (s.now() % SLIDING.ms) - SLIDING.ms / 4);
      await granted(s, { ...short, cost: 2 });
      await s.pass(SLIDING.ms / 2);
      const [refusal] = await refused(s, short);
      expect(refusal?.retryAfterMs).toBeGreaterThan(SLIDING.ms / 4);
      await s.pass(refusal?.retryAfterMs ?? Number.NaN);
      await granted(s, { ...short, cost: 2 });
    },
  ],
  [
    'of many calls at once exactly max are granted',
    async (s) => {
      const holds = await Promise.all(Array.from({ length: 100 }, () => reserve(s, B, { ...A, max: 17 })));
      expect(holds.filter((hold) => hold.hold === 'granted').length).toBe(2);
      const more = await Promise.all(Array.from({ length: 100 }, () => reserve(s, { ...A, max: 17 })));
      expect(more.filter((hold) => hold.hold === 'granted').length).toBe(15);
    },
  ],
  [
    'numbers up to 2^53 - 1 are exact',
    async (s) => {
      const huge = { ...A, max: HUGE };
      const ticket = await granted(s, { ...huge, cost: HUGE - 1 });
      await granted(s, huge);
      expect(await refused(s, huge)).toMatchObject([{ used: HUGE }]);
      expect((await refused(s, { ...huge, cost: HUGE }))[0]?.retryAfterMs).toBeGreaterThan(0);
      await refund(s, ticket);
      expect(await used(s, huge)).toBe(1);
      expect(await refused(s, { ...huge, cost: HUGE })).toMatchObject([{ used: 1 }]);
      await granted(s, { ...huge, cost: HUGE - 1 });
      expect(await used(s, huge)).toBe(HUGE);
    },
  ],
  [
    'a closed store is not ready, answers unknown, and settles in silence',
    async (s) => {
      const ticket = await granted(s, A);
      expect(await s.limits.ready()).toBe(true);
      await s.limits.close();
      expect(await s.limits.ready()).toBe(false);
      expect(await reserve(s, A)).toMatchObject({ hold: 'unknown' });
      await refund(s, ticket);
    },
  ],
];
