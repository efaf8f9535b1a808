import { describe, expect, it } from 'vitest';
import { openBench } from './support.ts';

const LOWER = 'd7d09513-a3f5-401c-9685-34ab6c552453';
const UPPER = LOWER.toUpperCase();
const REVOKE = 'fusionauth-deletejwtrefresh';

const denying = (when: string) =>
  `default: deny\ntools:\n  deleteJwtRefresh:\n    rules: [{ action: deny, when: [${when}] }]\n`;
const schema = (applicationId: string, beside = '') =>
  whole(`{ properties: { applicationId: ${applicationId} }${beside} }`);
const whole = (schemaOfAll: string) =>
  `default: deny\ntools:\n  deleteJwtRefresh:\n    arguments: ${schemaOfAll}\n`;

/** Policies that deny this one application, and no other, however they spell it. */
const policies = [
  ['eq', denying(`{ path: args.applicationId, op: eq, value: ${UPPER} }`)],
  ['in', denying(`{ path: args.applicationId, op: in, value: [x, ${UPPER}] }`)],
  ['not neq', denying(`{ not: { path: args.applicationId, op: neq, value: ${UPPER} } }`)],
  ['any', denying(`{ any: [{ path: args.applicationId, op: eq, value: ${UPPER} }] }`)],
  ['all', denying(`{ all: [{ path: args.applicationId, op: eq, value: ${UPPER} }] }`)],
  ['enum', schema(`{ not: { enum: [${UPPER}] } }`)],
  ['const', schema(`{ allOf: [{ not: { const: ${UPPER} } }] }`)],
  [
    'a definition',
    schema('{ not: { $ref: "#/$defs/blocked" } }', `, $defs: { blocked: { enum: [${UPPER}] } }`),
  ],
  [
    'a definition by its anchor',
    schema('{ not: { $ref: "#blocked" } }', `, $defs: { x: { $anchor: blocked, enum: [${UPPER}] } }`),
  ],
  [
    'a definition of the whole',
    whole(
      `{ $ref: "#/$defs/all", $defs: { all: { properties: { applicationId: { not: { const: ${UPPER} } } } } } }`,
    ),
  ],
  ['patternProperties', whole(`{ patternProperties: { ^application: { not: { const: ${UPPER} } } } }`)],
  ['additionalProperties', whole(`{ additionalProperties: { not: { const: ${UPPER} } } }`)],
  [
    'dependentSchemas',
    whole(
      `{ dependentSchemas: { applicationId: { properties: { applicationId: { not: { const: ${UPPER} } } } } } }`,
    ),
  ],
  ['the const of an object', whole(`{ not: { const: { applicationId: ${UPPER} } } }`)],
  [
    'const beside the word const',
    schema(`{ not: { const: ${UPPER} } }`, ', not: { const: { const: [x], enum: [x] } }'),
  ],
  [
    'a grant',
    `default: deny\ngrants: [{ to: [{ path: args.applicationId, op: not_in, value: [${UPPER}] }], tools: [deleteJwtRefresh] }]\ntools: { deleteJwtRefresh: {} }\n`,
  ],
] as const;

describe('an id in a policy, in capitals, denies a call with that id', () => {
  for (const [name, policy] of policies) {
    it.each([LOWER, UPPER])(`by ${name}, spelt %s`, async (applicationId) => {
      const bench = openBench(policy);
      expect((await bench.call(REVOKE, { applicationId })).verdict).toBe('deny');
      expect((await bench.call(REVOKE, { applicationId: LOWER.replace('d7', 'd8') })).verdict).toBe('allow');
    });
  }
});

it('a definition for ids and for other texts still means the text as it stands', async () => {
  const bench = openBench(
    `default: deny\ntools:\n  vendJWTWithId:\n    arguments:\n      $defs: { known: { enum: [${UPPER}] } }\n      properties: { body: { properties: { keyId: { $ref: "#/$defs/known" }, claims: { properties: { id: { $ref: "#/$defs/known" } } } } } }\n`,
  );
  const call = (id: string) =>
    bench.call('fusionauth-vendjwtwithid', { body: { keyId: UPPER, claims: { id } } });
  expect((await call(UPPER)).verdict).toBe('allow');
  expect((await call(UPPER.replace('D7', 'D8'))).verdict).toBe('deny');
});

describe('a list of known ids within an object, in capitals', () => {
  it.each([
    ['eq', `{ keyId: ${UPPER} }`],
    ['in', `[{ keyId: ${UPPER} }]`],
  ])('is met by %s', async (op, value) => {
    const bench = openBench(
      `default: deny\ntools:\n  vendJWTWithId:\n    rules: [{ action: deny, when: [{ path: args.body, op: ${op}, value: ${value} }] }]\n`,
    );
    expect((await bench.call('fusionauth-vendjwtwithid', { body: { keyId: UPPER } })).verdict).toBe('deny');
    expect(
      (await bench.call('fusionauth-vendjwtwithid', { body: { keyId: LOWER.replace('d7', 'd8') } })).verdict,
    ).toBe('allow');
  });
});

describe('arguments that are large', () => {
  it('are told their first violation only', async () => {
    const bench = openBench('default: allow\n');
    const call = (count: number) =>
      bench.call('fusionauth-reconcilejwtwithid', {
        body: { metaData: { scopes: Array.from({ length: count }, () => 1) } },
      });
    const [few, many] = [await call(20), await call(100_000)];
    expect(few.verdict === 'deny' && 'violations' in few && few.violations.length).toBeGreaterThan(20);
    expect(many.verdict === 'deny' && 'violations' in many && many.violations.length).toBe(1);
  });

  it('may have to be without equal elements, which costs no more than reading them', async () => {
    const bench = openBench(
      'default: deny\ntools: { vendJWTWithId: { arguments: { properties: { body: { properties: { claims: { properties: { list: { uniqueItems: true } } } } } } } } }\n',
    );
    const call = (list: readonly (number | object)[]) =>
      bench.call('fusionauth-vendjwtwithid', { body: { claims: { list: list as number[] } } });
    const numbers = Array.from({ length: 100_000 }, (_, i) => i);
    expect((await call(numbers)).verdict).toBe('allow');
    expect((await call([...numbers, 7])).verdict).toBe('deny');
    expect(
      (
        await call([
          { a: 1, b: [2] },
          { b: [2], a: 1 },
        ])
      ).verdict,
    ).toBe('deny');
    expect((await call([1, { a: 1 }, '1', [1]] as number[])).verdict).toBe('allow');
  });
});
