import { expect } from 'vitest';
import {
  A,
  B,
  CALENDAR,
  granted,
  refund,
  refused,
  reserve,
  type Row,
  type Setting,
  SIXTIETH,
  SLIDING,
  used,
} from './claims.ts';

/** What every store of limits promises of refunds. */
export const REFUNDS: readonly Row[] = [
  [
    'a refund gives back all claims of its call, observed ones too, once',
    async (s) => {
      const observed = { ...B, observedRule: 0 };
      await granted(s, A, observed);
      const ticket = await granted(s, A, observed);
      await refund(s, ticket);
      await refund(s, ticket);
      await Promise.all([refund(s, ticket), refund(s, ticket)]);
      expect([await used(s, A), await used(s, observed)]).toEqual([1, 1]);
    },
  ],
  [
    'a missed observed rule gets nothing back',
    async (s) => {
      const observed = { ...B, max: 1, observedRule: 0 };
      await granted(s, observed);
      await refund(s, await granted(s, A, observed));
      expect([await used(s, A), await used(s, observed)]).toEqual([0, 1]);
    },
  ],
  [
    'what is spent stays spent',
    async (s) => {
      const ticket = await granted(s, A);
      await s.limits.settle(ticket, 'spend', s.now());
      await refund(s, ticket);
      expect(await used(s, A)).toBe(1);
    },
  ],
  [
    'a ticket of nobody gives nothing back',
    async (s) => {
      const { id } = await granted(s, A);
      await refund(s, { id });
      await refund(s, { id: 'never seen' });
      expect(await used(s, A)).toBe(1);
    },
  ],
  ...[SLIDING, CALENDAR].map(
    (window) =>
      [
        `a refund never reaches a later ${window.kind} window`,
        async (s: Setting) => {
          await s.pass(window.ms - (s.now() % window.ms) + 50);
          const short = { ...A, window };
          const [first, second] = [await granted(s, short), await granted(s, short)];
          await s.pass(window.ms + SIXTIETH + 5);
          await refund(s, first);
          expect(await used(s, short)).toBe(0);
          await granted(s, short);
          await refund(s, second);
          expect(await used(s, short)).toBe(1);
        },
      ] as const,
  ),
  [
    'a refund goes to the sixtieth it came from',
    async (s) => {
      const short = { ...A, window: SLIDING };
      await granted(s, short);
      await s.pass(SLIDING.ms / 2);
      const [before] = await refused(s, { ...short, cost: 2 });
      await refund(s, await granted(s, short));
      const [after] = await refused(s, { ...short, cost: 2 });
      expect(after?.resetAt).toBe(before?.resetAt);
      await s.pass(after?.retryAfterMs ?? Number.NaN);
      expect(await used(s, short)).toBe(0);
    },
  ],
  [
    'a refund of the oldest charge leaves a counter that works when its sixtieth passes out of the window',
    async (s) => {
      const short = { ...A, window: SLIDING };
      const oldest = await granted(s, short);
      await s.pass(SLIDING.ms / 2);
      await granted(s, short);
      await refund(s, oldest);
      await s.pass(SLIDING.ms / 2 + SIXTIETH + 5);
      expect((await reserve(s, short)).hold).toBe('granted');
    },
  ],
];
