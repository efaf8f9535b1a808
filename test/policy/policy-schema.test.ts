import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/model/index.ts';
import { Report, toJson } from '../../src/policy/located.ts';
import { parsePolicy, readYaml } from '../../src/policy/parse.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import type { ProblemCode } from '../../src/policy/problem-codes.ts';
import { upTo } from '../../src/policy/up-to.ts';
import { sightOf } from './schema-sight.ts';
import { fixture, fixtures, type Tools, toolsOf } from './support.ts';

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
const accepts = {
  known: ajv.compile(policySchema(toolsOf('known'))),
  any: ajv.compile(policySchema(null)),
};

/** The value that a text holds, whatever else is wrong with it; undefined where there is none. */
function held(text: string): Json | undefined {
  const root = readYaml(text.replace(/^\uFEFF/, ''), new Report());
  return root === null ? undefined : toJson(root, new Report());
}

function codesOf(text: string, tools: Tools): readonly ProblemCode[] {
  const parsed = parsePolicy(text, toolsOf(tools));
  const problems = parsed.ok ? [] : parsed.problems.filter(({ severity }) => severity === 'error');
  return [...new Set(problems.map(({ code }) => code as ProblemCode))];
}

const policies = resolve(import.meta.dirname, '../../policies');
const files = [
  ...(['ok', 'bad'] as const).flatMap((folder) =>
    fixtures(folder).map((name) => [`${folder}/${name}`, fixture(folder, `${name}.yaml`)] as const),
  ),
  ...readdirSync(policies)
    .filter((name) => !name.endsWith('.test.yaml'))
    .map((name) => [name, readFileSync(join(policies, name), 'utf8')] as const),
].map(([name, text]) => ({ name, text, tools: /\/any-/.test(name) ? 'any' : 'known' }) as const);

/** A rule, in a policy that is else right. */
const rule = (text: string) => `{ default: deny, tools: { vendJWTWithId: { rules: [${text}] } } }`;
const condition = (text: string) => rule(`{ conditions: [${text}] }`);
const limit = (text: string) => rule(`{ rate_limit: ${text} }`);

/** Policies with one problem each: where the schema always sees its code, it sees it in each of these. */
const single: readonly string[] = [
  '[]',
  '{ default: maybe }',
  '{ mode: dry }',
  '{ list: some }',
  '{ tols: {} }',
  '{ session_ceiling: 0 }',
  '{ session_ceiling: 1000001 }',
  '{ session_ceiling: 1.5 }',
  '{ description: "" }',
  '{ hide: x }',
  '{ hide: [1] }',
  '{ hide: [vendJWT] }',
  '{ grants: {} }',
  '{ grants: [{ to: [{ path: identity.sub, op: exists, value: true }] }] }',
  '{ grants: [{ to: [], tools: ["*"] }] }',
  '{ grants: [{ to: [{ path: identity.sub, op: exists, value: true }], tools: [] }] }',
  '{ tools: [] }',
  '{ tools: { vendJWTWithId: null } }',
  '{ tools: { vendJWTWithId: { rule: [] } } }',
  '{ tools: { vendJWTWithId: { secrets: hidden } } }',
  '{ tools: { vendJWTWithId: { arguments: true } } }',
  '{ tools: { vendJWTWithId: { rules: {} } } }',
  rule('1'),
  rule('{ name: a }'),
  rule('{ name: "", action: deny }'),
  rule('{ action: evaluate }'),
  rule('{ action: denied }'),
  rule('{ action: deny, rate_limit: 5/minute }'),
  rule('{ action: deny, conditions: [{ path: identity.sub, op: exists, value: true }] }'),
  rule('{ action: allow, conditions: [{ path: identity.sub, op: exists, value: true }] }'),
  rule('{ action: deny, on_deny: a, reason: b }'),
  rule('{ action: deny, when: [] }'),
  rule('{ action: deny, mode: observed }'),
  rule('{ validate: {} }'),
  rule('{ validate: { required_args: false } }'),
  limit('5'),
  limit('5/week'),
  limit('0/minute'),
  limit('1000000001/minute'),
  limit('5/367d'),
  limit('{ max: 5 }'),
  limit('{ max: 0, window: 60 }'),
  limit('{ max: 5, window: 0 }'),
  limit('{ max: 5, window: 31622401 }'),
  limit('{ max: 5, window: 8785h }'),
  limit('{ max: 5, window: minutes }'),
  limit('{ max: 5, window: minute, per: user }'),
  condition('{ path: identity.sub, op: eq }'),
  condition('{ path: identity.sub, op: is, value: 1 }'),
  condition('{ path: identity.sub, op: eq, value: null }'),
  condition('{ path: identity.sub, op: in, value: ann }'),
  condition('{ path: identity.sub, op: in, value: [] }'),
  condition('{ path: identity.sub, op: in, value: [null] }'),
  condition('{ path: identity.sub, op: eq, value: { a: [[null]] } }'),
  condition('{ path: identity.roles, op: subset_of, value: [[]] }'),
  condition('{ path: time.hour, op: lt, value: "9" }'),
  condition('{ path: identity.sub, op: exists, value: "true" }'),
  condition('{ path: identity.sub, op: regex, value: 5 }'),
  condition('{ any: [] }'),
  condition('{ not: [] }'),
  condition(
    '{ any: [{ path: identity.sub, op: exists, value: true }], all: [{ path: identity.sub, op: exists, value: true }] }',
  ),
  condition('{ not: { not: { path: identity.sub, op: equals, value: a } } }'),
];

describe('the JSON Schema of policies', () => {
  it.each(files)('says of $name what the parser says, as far as a schema can', ({ text, tools }) => {
    const value = held(text);
    if (value === undefined) return expect(codesOf(text, tools)).not.toEqual([]);
    const codes = codesOf(text, tools);
    expect([codes, sightOf(codes)]).toEqual([codes, expect.arrayContaining([accepts[tools](value)])]);
  });

  it.each(single)('refuses %s, and so does the parser', (text) => {
    expect(codesOf(text, 'known')).toHaveLength(1);
    expect(accepts.known(held(text))).toBe(false);
  });

  it('names every tool for editors, with what it is', () => {
    expect(policySchema(toolsOf('known'))).toMatchObject({
      properties: {
        tools: { properties: { vendJWTWithId: { description: expect.any(String) } } },
      },
    });
  });

  it('describes every key that it has', () => {
    const undescribed: string[] = [];
    const look = (schema: Json, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [key, member] of Object.entries(schema)) {
        if (key === 'if' || key === 'then' || key === 'allOf') continue;
        if (key === 'properties')
          for (const [name, each] of Object.entries(member as object))
            if (!('description' in each) && !('$ref' in each)) undescribed.push(`${path}.${name}`);
        look(member, `${path}.${key}`);
      }
    };
    look(policySchema(null), '');
    expect(undescribed).toEqual([]);
  });
});

describe('the numbers up to another one', () => {
  it.each([1, 7, 10, 19, 20, 366, 527])('%i', (most) => {
    const pattern = new RegExp(`^(?:${upTo(most)})$`);
    for (let n = 0; n <= 1100; n++) expect([n, pattern.test(String(n))]).toEqual([n, n >= 1 && n <= most]);
    expect(pattern.test('01')).toBe(false);
  });
});
