import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call, Json, JsonObject } from '../../src/model/index.ts';
import { type DecisionContext, decide } from '../../src/policy/decide.ts';
import type { DimCall } from '../../src/policy/dim-call.ts';
import { foresee } from '../../src/policy/foresee.ts';
import { policyOf } from './support.ts';

const TOOL = 'fusionauth-vendjwtwithid';
const SECRET = ['body', 'claims', 'secret'];

/** Conditions on a value that may be unseen, and on one that is not. */
const conditions = fc.constantFrom(
  ...[
    'exists, value: true',
    'eq, value: a',
    'neq, value: a',
    'in, value: [a, 1]',
    'regex, value: a',
    'lt, value: 5',
  ].map((text) => `{ path: args.body.claims.secret, op: ${text} }`),
  ...['contains, value: a', 'subset_of, value: [a]', 'starts_with, value: a'].map(
    (text) => `{ path: args.body.claims.secret, op: ${text} }`,
  ),
  '{ path: args.body.claims.open, op: eq, value: a }',
);
const trees = fc.oneof(
  { weight: 3, arbitrary: conditions },
  fc.tuple(conditions, conditions).map(([a, b]) => `{ any: [${a}, ${b}] }`),
  fc.tuple(conditions, conditions).map(([a, b]) => `{ all: [${a}, { not: ${b} }] }`),
);
const lists = fc.array(trees, { minLength: 1, maxLength: 2 }).map((list) => `[${list.join()}]`);
const observed = fc.constantFrom('', ', mode: observe');
const rules = fc.oneof(
  fc.tuple(lists, observed).map(([when, mode]) => `{ action: deny, when: ${when}${mode} }`),
  fc.tuple(lists, observed).map(([list, mode]) => `{ conditions: ${list}, rate_limit: 5/hour${mode} }`),
  fc.tuple(lists, lists).map(([when, list]) => `{ when: ${when}, conditions: ${list}, rate_limit: 9/day }`),
);
const grants = fc.option(lists).map((to) => (to === null ? '' : `grants: [{ to: ${to}, tools: ["*"] }]\n`));
const policies = fc
  .tuple(fc.constantFrom('', 'mode: observe\n'), grants, fc.array(rules, { minLength: 1, maxLength: 4 }))
  .map(
    ([mode, granted, list]) =>
      `default: deny\n${mode}${granted}tools: { vendJWTWithId: { rules: [${list.join()}] } }`,
  );
const anything = fc.constantFrom<Json | undefined>(undefined, null, 'a', 'b', '', 1, 7, true, ['a'], ['b'], {
  a: 1,
});
const context: DecisionContext = {
  caller: { identity: { sub: 'ann' }, session: 's' },
  at: 0,
  fingerprint: () => '',
};

function callWith(secret: Json | undefined, open: Json): Call {
  const claims: JsonObject = { open, ...(secret === undefined ? {} : { secret }) };
  return { tool: TOOL, transport: 'http', args: { body: { claims } }, jwt: null, violations: [] };
}

function dim(call: Call, what: 'text' | 'anything' | null): DimCall {
  const isSecret = (path: readonly unknown[]) => path.join() === SECRET.join();
  return {
    call,
    unseen: (root, path) => (root === 'args' && isSecret(path) ? what : null),
    places: what === null ? [] : [SECRET],
    mayViolate: false,
  };
}

/** What is foreseen and what is decided, side by side. */
function compare(policy: string, call: Call, dimmed: DimCall) {
  const prepared = policyOf(policy);
  return { foreseen: foresee(prepared, dimmed, context), decision: decide(prepared, call, context) };
}

describe('foreseeing a call', () => {
  it('of which everything is seen says what decide says', () => {
    const property = fc.property(policies, anything, (policy, secret) => {
      const call = callWith(secret, 'a');
      const { foreseen, decision } = compare(policy, call, dim(call, null));
      if (decision.verdict === 'allow') {
        const { would, claims, observing } = decision;
        expect(foreseen).toEqual({ denials: [], allow: { would: [would], claims, perhaps: [], observing } });
      } else if (decision.verdict === 'deny') {
        expect(foreseen).toEqual({ denials: [{ code: decision.code, rule: decision.rule }], allow: null });
      }
    });
    fc.assert(property, { seed: 3, numRuns: 300 });
  });

  it('has every ending among its own that decide has, whatever stood where nothing is seen', () => {
    const property = fc.property(policies, anything, fc.constantFrom('a', 'b'), (policy, secret, open) => {
      const what = typeof secret === 'string' && secret !== '' ? 'text' : 'anything';
      const call = callWith(secret, open);
      const { foreseen, decision } = compare(policy, call, dim(callWith('hmac:x', open), what));
      if (decision.verdict === 'deny') {
        expect(foreseen?.denials).toContainEqual({ code: decision.code, rule: decision.rule });
      } else if (decision.verdict === 'allow') {
        expect(foreseen?.allow?.would).toContainEqual(decision.would);
        const { claims = [], perhaps = [] } = foreseen?.allow ?? {};
        expect(decision.claims).toEqual(expect.arrayContaining([...claims]));
        expect([...claims, ...perhaps]).toEqual(expect.arrayContaining([...decision.claims]));
      }
    });
    fc.assert(property, { seed: 4, numRuns: 1000 });
  });
});
