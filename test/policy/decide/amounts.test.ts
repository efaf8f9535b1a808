import { describe, expect, it } from 'vitest';
import type { Judgement } from '../../../src/pipeline/judge.ts';
import { openBench } from '../support.ts';
import { decisions, under, VALIDATE } from '../table.ts';

/** A counter of `args.size` of a tool that is not known, so that any JSON may stand there. */
const counting = (bound: string, rest = '') => `default: allow
tools:
  store:
    rules:
      - name: size
        conditions: [{ path: state.store.size, ${bound} }]
        state: { counter: size, window: 60, per: identity, increment_from: args.size ${rest} }`;
const lte = (value: number | string) => counting(`op: lte, value: ${value}`);
const lt = (value: number | string) => counting(`op: lt, value: ${value}`);
const store = (size: unknown, ending: string, circumstances = {}) =>
  ['store', size === undefined ? {} : { size: size as number }, ending, circumstances] as const;
const FULL = 'budget_exceeded by size';
const INVALID = 'invalid_arguments by size';
const any = { tools: 'any' } as const;

decisions('the bound of a counter', [
  {
    sentence: '`lte` admits what reaches it',
    policy: lte(10),
    ...any,
    calls: [store(10, 'allowed'), store(0.000001, `${FULL} in 60s`), store(0, 'allowed')],
  },
  {
    sentence: '`lt` stays below, after this call',
    policy: lt(10),
    ...any,
    calls: [store(10, FULL), store(9.999999, 'allowed'), store(0.000001, `${FULL} in 60s`)],
  },
  {
    sentence: 'amounts count to six decimals, exactly',
    policy: lte(0.3),
    ...any,
    calls: [
      store(0.1, 'allowed'),
      store(0.1, 'allowed'),
      store(0.1, 'allowed'),
      store(0.000001, `${FULL} in 60s`),
    ],
  },
  {
    sentence: 'what is finer is rounded up',
    policy: lte(0.000002),
    ...any,
    calls: [store(0.0000001, 'allowed'), store(5e-324, 'allowed'), store(1e-7, `${FULL} in 60s`)],
  },
  {
    sentence: 'rounded up beyond the bound, an amount never fits',
    policy: lte(1),
    ...any,
    calls: [store(1.0000001, FULL), store(1, 'allowed')],
  },
  {
    sentence: 'an amount above the bound never fits and is not to be retried',
    policy: lte(10),
    ...any,
    calls: [store(11, FULL), store(1e308, FULL), store(10, 'allowed')],
  },
  {
    sentence: 'the wait told is until this amount fits',
    policy: lte(10),
    ...any,
    calls: [
      store(6, 'allowed'),
      store(4, 'allowed', { at: 30 }),
      store(1, `${FULL} in 20s`, { at: 40 }),
      store(7, `${FULL} in 50s`, { at: 40 }),
      store(6, 'allowed', { at: 60 }),
    ],
  },
  {
    sentence: 'a bound too large for millionths still bounds',
    policy: lte(9007199254740990),
    ...any,
    calls: [store(1e300, FULL), store(9007199254740990, 'allowed'), store(1, `${FULL} in 60s`)],
  },
  {
    sentence: '`lt` with a large bound stays below it',
    policy: lt(9007199254741),
    ...any,
    calls: [store(9007199254741, FULL), store(9007199254740, 'allowed'), store(1, `${FULL} in 60s`)],
  },
  {
    sentence: '`lt` with a large bound that is not whole',
    policy: lt('9007199256.5'),
    ...any,
    calls: [store(9007199257, FULL), store(9007199256, 'allowed'), store(1, `${FULL} in 60s`)],
  },
]);

decisions('an amount', [
  {
    sentence: 'that is missing denies the call',
    policy: lte(10),
    ...any,
    calls: [store(undefined, INVALID), store(null, INVALID)],
  },
  {
    sentence: 'that is no number denies the call',
    policy: lte(10),
    ...any,
    calls: [store('5', INVALID), store(true, INVALID), store([5], INVALID)],
  },
  {
    sentence: 'that is negative denies the call',
    policy: lte(10),
    ...any,
    calls: [store(-1, INVALID), store(-1e-9, INVALID)],
  },
  {
    sentence: 'of nothing passes, also where the counter is full',
    policy: lte(10),
    ...any,
    calls: [store(10, 'allowed'), store(0, 'allowed'), store(-0, 'allowed')],
  },
  {
    sentence: 'is 1 where neither increment nor increment_from is given',
    policy: under(
      'validateJWTWithId',
      '{ name: n, conditions: [{ path: state.validateJWTWithId.c, op: lte, value: 2 }], state: { counter: c, window: 60 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'budget_exceeded by n in 60s'],
    ],
  },
  {
    sentence: 'may be a fixed fraction',
    policy: under(
      'validateJWTWithId',
      '{ name: n, conditions: [{ path: state.fusionauth-validatejwtwithid.c, op: lt, value: 1 }], state: { counter: c, window: hour, increment: 0.4 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'budget_exceeded by n in 3600s'],
    ],
  },
  {
    sentence: 'is not looked at where a condition beside its bound fails, nor where `when` exempts',
    policy: counting('op: lte, value: 10').replace(
      'conditions: [',
      'when: [{ path: call.transport, op: neq, value: rest }]\n        conditions: [{ path: args.kind, op: eq, value: a }, ',
    ),
    ...any,
    calls: [
      ['store', {}, 'condition_failed by size'],
      ['store', { kind: 'a' }, INVALID],
      ['store', {}, 'allowed', { transport: 'rest' }],
      ['store', { kind: 'a', size: 1 }, 'allowed'],
    ],
  },
  {
    sentence: 'under a glob is counted over all its tools, and a counter belongs to its key',
    policy: `default: allow
tools:
  "st*": { rules: [{ name: glob, conditions: [{ path: state._global.c, op: lte, value: 3 }], state: { counter: c, window: 60, increment: 2 } }] }
  store: { rules: [{ name: own, conditions: [{ path: state.store.c, op: lte, value: 5 }], state: { counter: c, window: 60 } }] }`,
    ...any,
    calls: [
      ['store', {}, 'allowed'],
      ['stash', {}, 'budget_exceeded by glob in 60s'],
      ['store', {}, 'budget_exceeded by glob in 60s', { at: 0 }],
      ['store', {}, 'allowed', { at: 60 }],
    ],
  },
  {
    sentence: 'per session is also held per identity at bound × session_ceiling',
    policy: `session_ceiling: 2\n${counting('op: lte, value: 10').replace('per: identity', 'per: session')}`,
    ...any,
    calls: [
      store(10, 'allowed', { session: 'a' }),
      store(10, 'allowed', { session: 'b' }),
      store(1, `${FULL} in 60s`, { session: 'c' }),
    ],
  },
]);

describe('a denial shows', () => {
  const denialOf = (judgement: Judgement) => (judgement.verdict === 'deny' ? judgement : null);

  it('the limit that is used up: the ceiling with its own max and per: identity', async () => {
    const bench = openBench(
      'session_ceiling: 2\ntools: { validateJWTWithId: { rules: [{ rate_limit: 1/minute }] } }',
    );
    for (const session of ['a', 'b']) await bench.call('validateJWTWithId', VALIDATE, { session });
    const denial = denialOf(await bench.call('validateJWTWithId', VALIDATE, { session: 'c', at: 10 }));
    expect(denial).toMatchObject({
      retryable: true,
      retryAfterMs: 50_000,
      limit: { max: 2, window_s: 60, per: 'identity', remaining: 0, reset_at: '2026-01-01T12:01:00.000Z' },
    });
  });
  it('amounts in the policy’s own unit, and what remains', async () => {
    const bench = openBench(lte(10), 'any');
    await bench.call('store', { size: 2.5 });
    expect(denialOf(await bench.call('store', { size: 8 }, { at: 1 }))).toMatchObject({
      retryable: true,
      retryAfterMs: 59_000,
      limit: { max: 10, window_s: 60, per: 'identity', remaining: 7.5, reset_at: '2026-01-01T12:01:00.000Z' },
    });
    expect(denialOf(await bench.call('store', { size: 11 }, { at: 1 }))).toMatchObject({
      retryable: false,
      retryAfterMs: null,
    });
  });
  it('where the amount of a call was expected', async () => {
    const denial = denialOf(await openBench(lte(10), 'any').call('store', { size: -1 }));
    expect(denial?.violations).toEqual([{ path: 'args.size', expected: 'a number from 0: it is counted' }]);
    expect(denial?.reason).toBe(
      'The arguments are not accepted. args.size: expected a number from 0: it is counted.',
    );
    expect(denial?.retryable).toBe(false);
  });
});
