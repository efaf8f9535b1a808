import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/model/index.ts';
import { schemaCompiler } from '../../src/policy/schema.ts';
import { openBench } from './support.ts';
import { ID, under } from './table.ts';

/** What a caller is told is accepted under `arguments`, a row a keyword: the schema's words, never the call's. */
const rows: readonly (readonly [schema: string, args: Json, expected: string])[] = [
  ['required: [a]', {}, 'args.a: a value: it is required'],
  ['properties: { a: { type: [string, number] } }', { a: true }, 'args.a: a value of type string,number'],
  ['properties: { a: { enum: [x, 5, null] } }', { a: 'y' }, 'args.a: one of "x", 5, null'],
  ['properties: { a: { const: x } }', { a: 'y' }, 'args.a: "x"'],
  ['properties: { a: { maximum: 300 } }', { a: 301 }, 'args.a: a number of at most 300'],
  ['properties: { a: { minimum: 3 } }', { a: 2 }, 'args.a: a number of at least 3'],
  ['properties: { a: { exclusiveMaximum: 300 } }', { a: 300 }, 'args.a: a number below 300'],
  ['properties: { a: { exclusiveMinimum: 3 } }', { a: 3 }, 'args.a: a number above 3'],
  ['properties: { a: { multipleOf: 60 } }', { a: 61 }, 'args.a: a multiple of 60'],
  ['properties: { a: { maxLength: 2 } }', { a: 'abc' }, 'args.a: a text of at most 2 characters'],
  ['properties: { a: { minLength: 2 } }', { a: 'a' }, 'args.a: a text of at least 2 characters'],
  ['properties: { a: { minLength: 1 } }', { a: '' }, 'args.a: a text of at least 1 character'],
  ['properties: { a: { pattern: "^x" } }', { a: 'yx' }, 'args.a: a text that matches ^x'],
  ['properties: { a: { format: uuid } }', { a: 'x' }, 'args.a: a UUID'],
  ['properties: { a: { format: uuid } }', { a: ID.replace('1', 'A') }, 'args.a: a UUID'],
  ['properties: { a: { format: uri } }', { a: 'x' }, 'args.a: a URI'],
  ['properties: { a: { format: email } }', { a: 'x' }, 'args.a: an e-mail address'],
  ['properties: { a: { format: date } }', { a: '2026-02-30' }, 'args.a: a date such as 2026-01-31'],
  ['properties: { a: { format: time } }', { a: '12:00' }, 'args.a: a time such as 12:30:00Z'],
  [
    'properties: { a: { format: date-time } }',
    { a: '2026-01-31' },
    'args.a: a time such as 2026-01-31T12:30:00Z',
  ],
  ['properties: { a: { format: ipv4 } }', { a: '1.2.3' }, 'args.a: an IPv4 address'],
  ['properties: { a: { format: ipv6 } }', { a: '1.2.3.4' }, 'args.a: an IPv6 address'],
  ['properties: { a: { format: hostname } }', { a: '-x' }, 'args.a: a host name'],
  ['properties: { a: { maxItems: 1 } }', { a: [1, 2] }, 'args.a: a list of at most 1'],
  ['properties: { a: { minItems: 1 } }', { a: [] }, 'args.a: a list of at least 1'],
  ['properties: { a: { uniqueItems: true } }', { a: [1, 1] }, 'args.a: a list without equal elements'],
  ['properties: { a: { items: { maximum: 5 } } }', { a: [1, 6] }, 'args.a[1]: a number of at most 5'],
  [
    'properties: { a: { contains: { const: 5 } } }',
    { a: [[]] },
    'args.a: a list in which at least 1 of the elements fit; args.a[0]: 5',
  ],
  [
    'properties: { a: { contains: { const: 5 }, minContains: 2, maxContains: 3 } }',
    { a: [5, 5, 5, 5] },
    'args.a: a list in which at least 2 and at most 3 of the elements fit',
  ],
  [
    'properties: { a: { prefixItems: [{}], unevaluatedItems: false } }',
    { a: [1, 2] },
    'args.a: no further elements',
  ],
  ['properties: { a: { prefixItems: [{}], items: false } }', { a: [1, 2] }, 'args.a: a list of at most 1'],
  ['properties: { a: { minProperties: 2 } }', { a: {} }, 'args.a: at least 2 members'],
  ['properties: { a: { maxProperties: 0 } }', { a: { b: 1 } }, 'args.a: at most 0 members'],
  ['properties: { a: { minProperties: 1 } }', { a: {} }, 'args.a: at least 1 member'],
  ['properties: { a: { maxProperties: 1 } }', { a: { b: 1, c: 1 } }, 'args.a: at most 1 member'],
  ['dependentRequired: { a: [b] }', { a: 1 }, 'args: `b` beside `a`'],
  [
    'additionalProperties: false, properties: { tokens: {} }',
    { token: 1 },
    'args: no member but `tokens`; did you mean `tokens`?',
  ],
  [
    'additionalProperties: false, properties: { body: { properties: { claims: {} } }, other: true }',
    { claims: 1 },
    'args: no member but `body`, `other`; `claims` belongs into `body`',
  ],
  ['additionalProperties: false', { anything: 1 }, 'args: no members'],
  ['unevaluatedProperties: false, properties: { a: {} }', { secret: 1 }, 'args: no member but `a`'],
  ['properties: { a: false }', { a: 1 }, 'args.a: nothing here'],
  [
    'propertyNames: { maxLength: 3 }',
    { long: 1 },
    'args: a text of at most 3 characters; args: other names of members',
  ],
  ['not: { required: [a] }', { a: 1 }, 'args: something that the policy does not exclude'],
  [
    'anyOf: [{ required: [a] }, { required: [b] }]',
    {},
    'args.a: a value: it is required; args.b: a value: it is required; args: what fits at least one of the alternatives',
  ],
  [
    'oneOf: [{ required: [a] }, { required: [b] }]',
    { a: 1, b: 1 },
    'args: what fits exactly one of the alternatives',
  ],
  [
    'if: { required: [a] }, then: { required: [b] }',
    { a: 1 },
    "args.b: a value: it is required; args: what fits `then` of the policy's schema",
  ],
  [
    'properties: { a: { properties: { b: { maximum: 1 } } } }',
    { a: { b: 2, c: 2 } },
    'args.a.b: a number of at most 1',
  ],
  ['additionalProperties: { maximum: 1 }', { 'a-secret/with~signs': 2 }, 'args.…: a number of at most 1'],
];

describe('a violation says what is accepted', () => {
  for (const [schema, args, expected] of rows) {
    it(`${schema}: ${expected}`, async () => {
      const policy = `default: allow\ntools: { any: { arguments: { ${schema} } } }`;
      const judgement = await openBench(policy, 'any').call('any', args as object as { [key: string]: Json });
      const violations = judgement.verdict === 'deny' ? judgement.violations : [];
      expect(
        violations
          .map((each) => `${each.path}: ${each.expected}`)
          .sort()
          .join('; '),
      ).toBe(expected);
    });
  }
  it('many allowed values are not all listed', () => {
    const values = Array.from({ length: 25 }, (_, i) => i);
    const [violation] = schemaCompiler().compile({ enum: values })('x');
    expect(violation?.expected).toBe(`one of ${values.slice(0, 20).join(', ')}, …`);
  });
  it('at most 50 violations are listed, each once', () => {
    const validate = schemaCompiler().compile({ items: { allOf: [{ maximum: 1 }, { maximum: 1 }] } });
    const violations = validate(Array<number>(80).fill(2));
    expect(violations).toHaveLength(50);
    expect(new Set(violations.map(({ path }) => path)).size).toBe(50);
  });
  it('a pattern is matched in linear time', () => {
    const validate = schemaCompiler().compile({ pattern: '^(a+)+$' });
    const started = performance.now();
    expect(validate(`${'a'.repeat(50_000)}b`)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });
  it('two patterns are two: none is taken for another', () => {
    const schemas = schemaCompiler();
    expect(schemas.compile({ pattern: '^x' })('y')).toHaveLength(1);
    expect(schemas.compile({ pattern: '^y' })('y')).toEqual([]);
  });
});

describe('the violations of a call', () => {
  const policy = `${under('validateJWTWithId', '{ action: deny }')}
mode: enforce`.replace('rules:', 'arguments: { properties: { encodedJWT: { maxLength: 3 } } }, rules:');

  it('are told at once: those of the tool and those of the policy, each place once', async () => {
    expect(await openBench(policy).call('validateJWTWithId', { encodedJWT: 'x y\n', more: 1 })).toMatchObject(
      {
        code: 'invalid_arguments',
        rule: null,
        reason:
          'The arguments are not accepted. args: expected no member but `encodedJWT`; args.encodedJWT: expected a text that matches ^[!-~]([ -~]*[!-~])?$.',
      },
    );
    expect(await openBench(policy).call('validateJWTWithId', { encodedJWT: 'long', more: 1 })).toMatchObject({
      violations: [
        { path: 'args', expected: 'no member but `encodedJWT`' },
        { path: 'args.encodedJWT', expected: 'a text of at most 3 characters' },
      ],
    });
  });
});
