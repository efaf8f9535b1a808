import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { IDENTITY_SCHEMA, readIdentity, readTime, TIME_SCHEMA } from '../../src/cli/call-line.ts';
import type { Json } from '../../src/model/index.ts';
import { casesSchema } from '../../src/policy/cases-schema.ts';
import { Report, toJson } from '../../src/policy/located.ts';
import type { ProblemCode } from '../../src/policy/problem-codes.ts';
import { parseCases } from '../../src/policy/read-cases.ts';
import { readCaseYaml } from '../../src/policy/short-given.ts';
import { wrongFiles } from './cases-rows.ts';
import { sightOf } from './schema-sight.ts';

const forms = { identity: IDENTITY_SCHEMA, time: TIME_SCHEMA };
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
const accepts = ajv.compile(casesSchema({ tools: operations, ...forms }));

/** The value that a text holds, whatever else is wrong with it; undefined where there is none. */
function held(text: string): Json | undefined {
  const { root } = readCaseYaml(text);
  return root === null ? undefined : toJson(root, new Report());
}

function codesOf(text: string): readonly ProblemCode[] {
  const parsed = parseCases(text, { tools: operations, identity: readIdentity, time: readTime });
  return parsed.ok ? [] : [...new Set(parsed.problems.map(({ code }) => code as ProblemCode))];
}

const BASE = { name: 'a', call: 'createLogout', args: '{ refreshToken: r }', expect: 'allow' };

/** A file of one case with this key in place of its own. */
function fileWith(more: string): string {
  const others = Object.entries(BASE).filter(([key]) => !more.startsWith(`${key}:`));
  const keys = [more, ...others.map(([key, value]) => `${key}: ${value}`)];
  return `policy: p.yaml\ncases: [{ ${keys.join(', ')} }]\n`;
}

/** Files with one problem each that the schema sees. */
const single = [
  ...['session: 5', 'name: ""', 'transport: htp', 'args: []', 'at: noon', 'caller: ""', 'given: 5'],
  ...['given: 100001 calls of createLogout', 'given: 0 calls of createLogout', 'given: {}'],
  ...['', 'times: 0', 'times: 100001', 'times: 1.5', 'outcome: lost', 'settled_at: noon', 'wait: 1'].map(
    (more) => `given: [{ ${more} }]`.replace('{ ', more === '' ? '{' : '{ call: createLogout, '),
  ),
  ...['given: [{ call: createLogout, expect: denied }]', 'given: [[]]', 'given: [5]'],
];

/** Forms of everything that may be written, each without a problem. */
const right = [
  'given: []',
  'given: 100000 calls of createLogout',
  'given: [1 call of createLogout, { call: fusionauth-createlogout, args: {}, times: 1, session: s }]',
  'given: [{ call: createLogout, outcome: unreached, settled_at: "2026-01-01T00:00:01.5+00:00" }]',
  'given: [{ call: createLogout, transport: rest, expect: { deny: unknown_tool, rule: r, reason: x } }]',
  'given: [{ call: createLogout, expect: { allow, would: { code: rate_limited, rule: r } } }]',
  'given: [{ call: createLogout, expect: { allow: true, would: nothing } }]',
  'given: [{ call: createLogout, expect: { deny: rate_limited, retry_after_s: 31622400 } }]',
  'at: 2026-01-01T00:00:00Z, transport: http, session: s',
];

const policies = resolve(import.meta.dirname, '../../policies');
const shipped = readdirSync(policies).filter((name) => name.endsWith('.test.yaml'));

describe('the JSON Schema of test files', () => {
  it.each(wrongFiles.map(([text]) => text))('says of %j what the reader says, as far as it can', (text) => {
    const value = held(text);
    const codes = codesOf(text);
    expect(codes).not.toEqual([]);
    if (value === undefined) return;
    expect([codes, sightOf(codes)]).toEqual([codes, expect.arrayContaining([accepts(value)])]);
  });

  it.each(single)('refuses a case with %s, and so does the reader', (more) => {
    const text = fileWith(more);
    expect(codesOf(text)).toHaveLength(1);
    expect(accepts(held(text))).toBe(false);
  });

  it.each(right)('accepts a case with %s, and so does the reader', (more) => {
    const text = fileWith(more);
    expect(codesOf(text)).toEqual([]);
    expect([accepts(held(text)), accepts.errors]).toEqual([true, null]);
  });

  it('is held against shipped test files', () => expect(shipped.length).toBeGreaterThan(4));
  it.each(shipped)('accepts %s', (name) => {
    accepts(held(readFileSync(resolve(policies, name), 'utf8')));
    expect(accepts.errors).toBeNull();
  });

  it('takes any tool where none is known', () => {
    const any = ajv.compile(casesSchema({ tools: null, ...forms }));
    const file = { policy: 'p', cases: [{ name: 'a', call: 'read_file', expect: 'allow' }] };
    expect([any(file), accepts(file)]).toEqual([true, false]);
  });
});
