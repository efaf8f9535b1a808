import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/policy/parse.ts';
import { NOON, openBench, toolsOf } from './support.ts';

const conditions = fc.subarray(
  [
    '{ path: identity.tenant, op: eq, value: t1 }',
    '{ path: identity.tenant, op: in, value: [t1, t2] }',
    '{ path: time.hour, op: gte, value: 12 }',
    '{ path: time.hour, op: gt, value: 12 }',
    '{ path: identity.sub, op: starts_with, value: a }',
    '{ path: identity.sub, op: starts_with, value: an }',
  ],
  { minLength: 1, maxLength: 2 },
);
const limit = fc.record({
  max: fc.integer({ min: 1, max: 6 }),
  window: fc.constantFrom('1m', 'minute', '2m', '150s', 'hour', '1h'),
  per: fc.constantFrom('session', 'identity', 'tenant', 'everyone'),
});
const rule = fc
  .record({
    when: fc.option(conditions, { freq: 2, nil: null }),
    observe: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    does: fc.oneof(
      { weight: 4, arbitrary: limit.map((each) => `rate_limit: ${JSON.stringify(each)}`) },
      { weight: 1, arbitrary: fc.constant('action: deny') },
      { weight: 1, arbitrary: conditions.map((each) => `conditions: [${each.join(', ')}]`) },
    ),
  })
  .map(({ when, observe, does }) =>
    [
      does,
      ...(when === null ? [] : [`when: [${when.join(', ')}]`]),
      ...(observe ? ['mode: observe'] : []),
    ].join(', '),
  );
const rules = fc.array(fc.tuple(fc.constantFrom('validateJWTWithId', 'validate*', '"*"'), rule), {
  minLength: 2,
  maxLength: 4,
});
const calls = fc.array(
  fc.record({
    wait: fc.constantFrom(0, 0, 1, 7, 30, 61, 90),
    session: fc.constantFrom('s1', 's2'),
    identity: fc.constantFrom(
      { sub: 'ann', tenant: 't1' },
      { sub: 'abe', tenant: 't1' },
      { sub: 'bob', tenant: 't2' },
      { tenant: 't1' },
      { tenant: 't2' },
      {},
    ),
  }),
  { minLength: 30, maxLength: 30 },
);

/** A rule a line, so that a warning names it by its line; `without` is left out. */
function policy(all: readonly (readonly [key: string, rule: string])[], without: number | null) {
  const lines = ['default: deny', 'session_ceiling: 2', 'tools:'];
  const numbers = new Map<number, number>();
  for (const key of new Set(all.map(([each]) => each))) {
    lines.push(`  ${key}:`, '    rules:');
    all.forEach(([each, text], i) => {
      if (each !== key || i === without) return;
      lines.push(`      - { name: r${i}, ${text} }`);
      numbers.set(lines.length, i);
    });
    if (lines.at(-1) === '    rules:') lines.splice(-2, 2, `  ${key}: {}`);
  }
  return { text: `${lines.join('\n')}\n`, numbers };
}

const VAIN = new Set(['rule_never_decides', 'limit_never_reached']);

function inVain({ text, numbers }: ReturnType<typeof policy>): readonly number[] {
  const parsed = parsePolicy(text, toolsOf('known'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.warnings.filter(({ code }) => VAIN.has(code)).flatMap(({ at }) => numbers.get(at.line) ?? []);
}

type Made = typeof calls extends fc.Arbitrary<infer T> ? T : never;

async function verdicts(text: string, made: Made): Promise<readonly string[]> {
  const bench = openBench(text);
  const told: string[] = [];
  let at = 3500;
  for (const { wait, session, identity } of made) {
    at += wait;
    const circumstances = { session, identity, at: new Date(NOON + at * 1000).toISOString() };
    const judgement = await bench.call('validateJWTWithId', { encodedJWT: 'a.b.c' }, circumstances);
    told.push(judgement.verdict);
  }
  return told;
}

describe('a rule or limit that is said to be in vain', () => {
  it('changes no verdict when it is taken out', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(rules, calls, async (all, made) => {
        const whole = policy(all, null);
        for (const i of inVain(whole)) {
          found++;
          expect(await verdicts(policy(all, i).text, made)).toEqual(await verdicts(whole.text, made));
        }
      }),
      { numRuns: 400, seed: 20261125 },
    );
    expect(found).toBeGreaterThan(100);
  });
});
