import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/catalog/operations.ts';
import type { JsonObject } from '../../../src/model/index.ts';
import { importIntercept } from '../../../src/policy/intercept/import.ts';
import { openBench, problemsOf } from '../support.ts';
import { openIntercept, type Source } from './reference.ts';

const RUNS = { seed: 20261125, numRuns: 120 };

const scalar = fc.constantFrom(300, '300', 'true', true, 'x', 6);
const single = fc.oneof(
  fc.record({
    path: fc.constantFrom(
      'args.body.timeToLiveInSeconds',
      'args.body.claims.level',
      'args.requestBody.claims.sub',
    ),
    op: fc.constantFrom('eq', 'neq'),
    value: scalar,
  }),
  fc.record({
    path: fc.constantFrom('args.body.timeToLiveInSeconds', 'args.body.claims.level'),
    op: fc.constantFrom('in', 'not_in'),
    value: fc.array(fc.oneof(scalar, fc.constant(null)), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    path: fc.constantFrom('args.body.timeToLiveInSeconds', 'args.body.claims.level'),
    op: fc.constantFrom('lte', 'gt'),
    value: fc.constantFrom(5, 300, 0.5),
  }),
  fc.record({
    path: fc.constantFrom(
      'args.body',
      'args.body.claims',
      'args.body.claims.level',
      'args.userId',
      'args.body.userId',
      'args.nothing',
    ),
    op: fc.constant('exists'),
    value: fc.boolean(),
  }),
  fc.record({
    path: fc.constant('args.body.claims.level'),
    op: fc.constantFrom('neq', 'contains'),
    value: fc.constantFrom('x', null),
  }),
);
const conditions = fc.array(single, { minLength: 1, maxLength: 2 });
const name = fc.constantFrom('a', 'limit: 5 # "x"', 'vendJWTWithId#1', 'ü\n\u2028 {');
const short = fc.constantFrom('1/minute', '2/hour', '3/day');
const state = (key: string) =>
  fc
    .tuple(
      fc.constantFrom('lt', 'lte'),
      fc.constantFrom(2, 3, 600, 2.5, 0),
      fc.boolean(),
      fc.array(single, { maxLength: 1 }),
    )
    .map(([op, value, isAmount, others]) => ({
      name: 'amount',
      conditions: [...others, { path: `state.${key === '*' ? '_global' : key}.c`, op, value }],
      state: {
        counter: 'c',
        window: 'day',
        ...(isAmount ? { increment_from: 'args.body.timeToLiveInSeconds' } : {}),
      },
    }));

/** The rules that each dialect has. */
const RULES: Readonly<Record<string, (key: string) => fc.Arbitrary<JsonObject>>> = {
  'open source': (key) =>
    fc.oneof(
      fc.record({ name, rate_limit: short, on_deny: fc.constant('later: # {}') }),
      fc.record({ name, conditions }),
      fc
        .record({ name, action: fc.constantFrom('evaluate', ''), conditions })
        .map(({ action, ...rest }) => (action === '' ? rest : { action, ...rest })),
      fc.record({ name, action: fc.constant('deny') }),
      state(key) as fc.Arbitrary<JsonObject>,
    ) as fc.Arbitrary<JsonObject>,
  catalogue: () =>
    fc.oneof(
      fc.record({
        action: fc.constant('allow'),
        rate_limit: fc.record({ max: fc.integer({ min: 1, max: 3 }), window: fc.constantFrom(1, 60) }),
      }),
      fc.record({ action: fc.constant('allow') }),
      fc.record({ action: fc.constant('allow'), validate: fc.constant({ required_args: true }) }),
      fc.record({ action: fc.constant('deny'), reason: fc.constant('Ask "a person".') }),
    ) as fc.Arbitrary<JsonObject>,
  download: () => fc.record({ rate_limit: short, on_deny: fc.constant('Not now.') }),
};

const KEYS = ['vendJWTWithId', 'deleteJwtRefresh', '*', 'createUserWithId'];

function policies(dialect: string): fc.Arbitrary<Source> {
  const rules = RULES[dialect] ?? (() => fc.constant({}));
  const tool = (key: string) =>
    fc.record({ rules: fc.array(rules(key), { maxLength: 2 }).map(oncePerCounter) });
  return fc.record(
    {
      ...(dialect === 'open source' ? { version: fc.constant('1') } : {}),
      default: fc.constantFrom('allow', 'deny'),
      hide: fc.constantFrom([], ['deleteJwtRefresh'], ['transfer']),
      tools: fc.oneof(
        ...KEYS.map((key) => fc.record({ [key]: tool(key) })),
        fc.record(Object.fromEntries(KEYS.map((key) => [key, tool(key)])), { requiredKeys: [] }),
      ),
    },
    { requiredKeys: ['tools', ...(dialect === 'open source' ? ['version'] : [])] as never },
  ) as fc.Arbitrary<Source>;
}

/** Intercept refuses two counters of one name under a tool. */
function oncePerCounter(list: readonly JsonObject[]): readonly JsonObject[] {
  const seen = new Set<string>();
  return list.filter(({ rate_limit: rate, state: counter }) => {
    const key = counter === undefined ? (typeof rate === 'string' ? rate.split('/')[1] : undefined) : 'state';
    if (key === undefined) return true;
    return !seen.has(key) && seen.add(key);
  });
}

const level = fc.constantFrom(6, '6', 'x', 'xy', true, 300, '300', ['x'], null);
const claims = fc.record({ level, sub: fc.constantFrom('x', 'true') }, { requiredKeys: ['level'] });
const timeToLiveInSeconds = fc.constantFrom(1, 5, 300, 600);
const body = fc.oneof(fc.record({ claims, timeToLiveInSeconds }), fc.record({ claims }), fc.constant({}));
const ID = '0abe7139-0000-4000-8000-000000000002';
/** In the catalogue limits are counted per session, else for everybody together. */
const sessions = (dialect: string) =>
  dialect === 'catalogue' ? fc.constant('s') : fc.constantFrom('s', 't');
const call = fc.oneof(
  fc.record({ tool: fc.constant('vendJWTWithId'), args: fc.record({ body }) }),
  fc.record({
    tool: fc.constant('deleteJwtRefresh'),
    args: fc.constantFrom({ userId: ID }, { body: { userId: ID } }, { token: 't' }, { token: 't', body: {} }),
  }),
);

describe.each(Object.keys(RULES))('an imported policy of the dialect: %s', (dialect) => {
  it('is clean of errors, and allows no call that Intercept denies', async () => {
    await fc.assert(
      fc.asyncProperty(
        policies(dialect),
        fc.array(fc.tuple(call, sessions(dialect)), { minLength: 1, maxLength: 5 }),
        async (source, calls) => {
          const imported = importIntercept(JSON.stringify(source), operations);
          if (!imported.ok) throw new Error(JSON.stringify(imported.findings));
          expect(problemsOf(imported.text).filter((each) => each.includes(' error '))).toEqual([]);
          const [here, there] = [openBench(imported.text), openIntercept(source)];
          for (const [{ tool, args }, session] of calls) {
            const { verdict } = await here.call(tool, args as JsonObject, { session });
            // A call that is denied here alone would make Intercept's counters run ahead.
            if (verdict === 'allow') expect(there(tool, args as JsonObject)).toBe('allow');
          }
        },
      ),
      RUNS,
    );
  });
});
