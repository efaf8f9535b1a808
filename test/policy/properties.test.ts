import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import type { Json, JsonObject } from '../../src/model/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { printPolicy, writePolicy } from '../../src/policy/print.ts';
import { fixture, fixtures, openBench, problemsOf } from './support.ts';

const RUNS = { seed: 20260101, numRuns: 100 };
const TOOL = 'vendJWTWithId';

const single = fc.oneof(
  fc.record({
    path: fc.constantFrom('identity.sub', 'identity.email', 'call.transport'),
    op: fc.constantFrom('eq', 'neq', 'starts_with', 'contains'),
    value: fc.constantFrom('ann', 'stdio', 'x'),
  }),
  fc.record({
    path: fc.constantFrom('time.hour', 'args.body.timeToLiveInSeconds', 'identity.claims.n'),
    op: fc.constantFrom('lt', 'lte', 'gt', 'gte', 'eq'),
    value: fc.integer({ min: -5, max: 20 }),
  }),
  fc.record({
    path: fc.constantFrom('identity.roles', 'args.tenantId', 'jwt.sub'),
    op: fc.constant('exists'),
    value: fc.boolean(),
  }),
  fc.record({
    path: fc.constantFrom('identity.roles', 'identity.claims.x'),
    op: fc.constantFrom('subset_of', 'contains', 'eq', 'in'),
    value: fc.array(fc.constantFrom('support', 5, true), { minLength: 1, maxLength: 2 }),
  }),
);
const condition: fc.Arbitrary<JsonObject> = fc.letrec<{ any: JsonObject }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    single,
    fc.record({ not: tie('any') }),
    fc.record({ any: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
  ),
})).any;
const conditions = fc.array(condition, { minLength: 1, maxLength: 2 });

const window = fc.constantFrom('minute', 'hour', 'day', 60, '45s', '10m', '2h', '366d', 1);
const per = fc.constantFrom('session', 'identity', 'tenant', 'everyone');
const rateLimit = fc.record({ max: fc.integer({ min: 1, max: 3 }), window, per });
const common = {
  when: conditions,
  mode: fc.constantFrom('enforce', 'observe'),
  reason: fc.constant('because'),
};
const some: { requiredKeys: [] } = { requiredKeys: [] };
const merge = (...parts: JsonObject[]): JsonObject => Object.assign({}, ...parts);

const rule: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.tuple(fc.constant({ action: 'deny' }), fc.record(common, some)).map((parts) => merge(...parts)),
  fc
    .tuple(fc.record({ rate_limit: rateLimit }), fc.record({ ...common, conditions }, some))
    .map((parts) => merge(...parts)),
  fc.tuple(fc.record({ conditions }), fc.record(common, some)).map((parts) => merge(...parts)),
  fc
    .tuple(
      fc.record({ counter: fc.constantFrom('a', 'b'), window, per }),
      fc.double({ min: 0.000001, max: 5, noNaN: true }),
      fc.boolean(),
      conditions,
    )
    .map(([state, bound, isLte, others]) => ({
      state: { ...state, increment_from: 'args.body.timeToLiveInSeconds' },
      conditions: [
        ...others,
        {
          path: `state.${TOOL}.${state.counter}`,
          op: isLte ? 'lte' : 'lt',
          value: Math.ceil(bound * 1e3) / 1e3,
        },
      ],
    })),
);
const rules = fc.array(rule, { maxLength: 4 });
const named = (list: readonly JsonObject[]) => list.map((each, i) => ({ name: `r${i}`, ...each }));
const policyWith = (list: readonly JsonObject[]) =>
  JSON.stringify({ default: 'allow', tools: { [TOOL]: { rules: list } } });

const call = fc.record({
  args: fc.record({ body: fc.record({ timeToLiveInSeconds: fc.integer({ min: 1, max: 20 }) }, some) }, some),
  identity: fc.record(
    {
      sub: fc.constantFrom('ann', 'bob'),
      email: fc.constant('x'),
      roles: fc.constant(['support']),
      claims: fc.record({ n: fc.integer({ min: 0, max: 9 }) }),
    },
    some,
  ),
});

async function endingsOf(
  list: readonly JsonObject[],
  { args, identity }: { args: JsonObject; identity: object },
) {
  const bench = openBench(policyWith(list));
  const endings: string[] = [];
  for (let i = 0; i < 5; i++) endings.push((await bench.call(TOOL, args, { identity })).verdict);
  return endings;
}

const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

describe('for any policy', () => {
  it('adding a rule never turns a denial into an allow', async () => {
    await fc.assert(
      fc.asyncProperty(rules, rule, fc.nat(4), call, async (list, added, at, made) => {
        const before = await endingsOf(named(list), made);
        const after = await endingsOf(
          named(list).toSpliced(Math.min(at, list.length), 0, { name: 'added', ...added }),
          made,
        );
        after.forEach((verdict, i) => {
          if (verdict === 'allow') expect(before[i]).toBe('allow');
        });
      }),
      RUNS,
    );
  });
  it('the order of rules never changes the verdict', async () => {
    await fc.assert(
      fc.asyncProperty(
        rules.chain((list) =>
          fc.tuple(fc.constant(named(list)), fc.shuffledSubarray(named(list), { minLength: list.length })),
        ),
        call,
        async ([list, shuffled], made) => {
          expect(await endingsOf(shuffled, made)).toEqual(await endingsOf(list, made));
        },
      ),
      RUNS,
    );
  });
  it('parse(print(policy)) equals the policy', () => {
    fc.assert(
      fc.property(rules, fc.constantFrom('all', 'callable'), (list, shown) =>
        roundTrip(
          JSON.stringify({
            list: shown,
            session_ceiling: 7,
            tools: { [TOOL]: { secrets: 'clear', rules: list } },
          }),
        ),
      ),
      RUNS,
    );
  });
  for (const name of fixtures('ok')) {
    it(`parse(print(policy)) equals the policy of ${name}`, () =>
      roundTrip(fixture('ok', `${name}.yaml`), name.startsWith('any-')));
  }
  it('parse(print(policy)) equals the policy for numbers that are large and texts of all kinds', () => {
    const value = fc.oneof(
      fc.constantFrom(2 ** 69, 1e300, 9007199254740991, 1e-7),
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    );
    fc.assert(
      fc.property(value, (each) =>
        roundTrip(policyWith([{ conditions: [{ path: 'identity.claims.x', op: 'eq', value: each }] }])),
      ),
      RUNS,
    );
  });
});

function roundTrip(text: string, any = false): void {
  const tools = any ? null : operations;
  const first = parsePolicy(text, tools);
  if (!first.ok) throw new Error(problemsOf(text, any ? 'any' : 'known').join('\n'));
  for (const print of [printPolicy, writePolicy]) {
    const second = parsePolicy(print(first.policy), tools);
    expect(second).toMatchObject({ ok: true });
    expect(second.ok ? second.policy : null).toEqual(first.policy);
  }
}

const bits = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '"',
  "'",
  '&a ',
  '*a',
  '!!str ',
  '? ',
  '|\n',
  '#',
  '%YAML 1.1\n',
  '---\n',
  '...\n',
  ',',
  'tools',
  'rules',
  'null',
  '.nan',
  '\t',
  '\u0000',
  '\ud800',
  '~',
  '<<',
);

describe('whatever is thrown at it', () => {
  it('parse answers any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc.array(fc.oneof(bits, fc.string({ maxLength: 4 })), { maxLength: 25 }).map((all) => all.join('')),
        ),
        answers,
      ),
      { ...RUNS, numRuns: 400 },
    );
  });
  it('parse answers any JSON', () => {
    fc.assert(
      fc.property(json, (value) => answers(JSON.stringify(value))),
      RUNS,
    );
  });
  it('parse answers any change of a policy', () => {
    const text = fixture('ok', 'forms.yaml');
    const change = fc.tuple(fc.nat(text.length), fc.nat(8), fc.oneof(bits, fc.string({ maxLength: 3 })));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) =>
        answers(changes.reduce((all, [at, cut, put]) => all.slice(0, at) + put + all.slice(at + cut), text)),
      ),
      { ...RUNS, numRuns: 100 },
    );
  });
  it('decide answers any arguments', async () => {
    const bench = openBench(fixture('ok', 'forms.yaml'));
    const args = fc.dictionary(
      fc.oneof(fc.constantFrom('body', 'token', 'userId', 'encodedJWT', 'tenantId'), fc.string()),
      json,
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...operations), args, async ({ name }, given) => {
        expect(['allow', 'deny']).toContain((await bench.call(name, given as JsonObject)).verdict);
      }),
      { ...RUNS, numRuns: 500 },
    );
  });
});

/** Every problem is one line and stands at a place of the file. */
function answers(text: string): void {
  for (const tools of ['known', 'any'] as const) {
    for (const problem of problemsOf(text, tools))
      expect(problem).toMatch(/^[1-9][0-9]*:[1-9][0-9]* (error|warning) [a-z_]+ [^\n\r]+$/);
  }
}
