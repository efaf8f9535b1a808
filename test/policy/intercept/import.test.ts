import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/catalog/operations.ts';
import { importIntercept } from '../../../src/policy/intercept/import.ts';
import { openBench } from '../support.ts';

/** One rule, of vending where nothing else is said, and what is written for it. */
interface Row {
  readonly name: string;
  readonly key?: string;
  readonly rule: string;
  readonly written: readonly string[];
  /** `FATE CODE LINE:COLUMN` of what is said of the rule. */
  readonly said: readonly string[];
}

const DENIED = [
  'action: deny',
  'on_deny: This could not be carried over from Intercept, so it is denied; ask whoever keeps the policy.',
];
const RATE = ['differs failed_calls', 'same per_everyone'];

const rows: readonly Row[] = [
  {
    name: 'a short limit is everybody’s',
    rule: '{ name: x, rate_limit: 5/hour }',
    written: ['name: x', 'rate_limit: { max: 5, window: hour, per: everyone }'],
    said: RATE,
  },
  {
    name: 'a limit of the catalogue is a session’s, and slides',
    rule: '{ action: allow, rate_limit: { max: 30, window: 60 } }',
    written: ['rate_limit: { max: 30, window: 60, per: session }'],
    said: ['differs failed_calls', 'differs slides', 'differs ceiling'],
  },
  {
    name: 'a deny of the catalogue keeps its reason',
    rule: '{ action: deny, reason: "no: never # at all" }',
    written: ['action: deny', 'on_deny: "no: never # at all"'],
    said: ['same rule'],
  },
  {
    name: 'required arguments are asked for anyway',
    rule: '{ action: allow, validate: { required_args: true } }',
    written: ['action: allow'],
    said: ['same rule'],
  },
  {
    name: 'the body may be called requestBody',
    rule: '{ name: x, conditions: [{ path: args.requestBody.keyId, op: exists, value: false }] }',
    written: ['name: x', 'conditions: [{ path: args.body.keyId, op: exists, value: false }]'],
    said: ['same rule'],
  },
  {
    name: 'a selector of a body stands at the top',
    key: 'deleteJwtRefresh',
    rule: '{ name: x, conditions: [{ path: args.body.userId, op: eq, value: a }] }',
    written: ['name: x', 'conditions: [{ path: args.userId, op: eq, value: a }]'],
    said: ['same path'],
  },
  {
    name: 'what must be absent must be absent by all its names',
    key: '"*"',
    rule: '{ name: x, conditions: [{ path: args.body.applicationId, op: exists, value: false }] }',
    written: [
      'name: x',
      'conditions:',
      '  - { path: args.body.applicationId, op: exists, value: false }',
      '  - { path: args.applicationId, op: exists, value: false }',
    ],
    said: ['same rule'],
  },
  {
    name: 'an absent body says nothing where its members move',
    key: 'deleteJwtRefresh',
    rule: '{ conditions: [{ path: args.body, op: exists, value: false }] }',
    written: DENIED,
    said: ['refused body'],
  },
  {
    name: 'an argument that is not known is denied',
    rule: '{ conditions: [{ path: args.kid, op: exists, value: false }] }',
    written: DENIED,
    said: ['refused unknown_path'],
  },
  {
    name: 'kid of the public key is keyId',
    key: 'retrieveJwtPublicKey',
    rule: '{ conditions: [{ path: args.kid, op: exists, value: false }] }',
    written: ['conditions: [{ path: args.keyId, op: exists, value: false }]'],
    said: ['same rule'],
  },
  {
    name: 'a text of digits is the number that stands there',
    rule: '{ conditions: [{ path: args.body.timeToLiveInSeconds, op: eq, value: "300" }] }',
    written: ['conditions: [{ path: args.body.timeToLiveInSeconds, op: eq, value: 300 }]'],
    said: ['same type'],
  },
  {
    name: 'what is not in a mixed list is not in it by either type',
    rule: '{ conditions: [{ path: args.body.claims.a, op: not_in, value: ["5", 6, true, x, null] }] }',
    written: [
      'conditions: [{ path: args.body.claims.a, op: not_in, value: ["5", 5, 6, "6", true, "true", x] }]',
    ],
    said: ['differs types', 'same null'],
  },
  {
    name: 'not null is present',
    rule: '{ conditions: [{ path: args.body.keyId, op: neq, value: null }] }',
    written: ['conditions: [{ path: args.body.keyId, op: exists, value: true }]'],
    said: ['same rule'],
  },
  {
    name: 'null cannot be asked for',
    rule: '{ conditions: [{ path: args.body.keyId, op: eq, value: null }] }',
    written: DENIED,
    said: ['refused value'],
  },
  {
    name: 'a number with a leading zero is octal there',
    rule: '{ conditions: [{ path: args.body.timeToLiveInSeconds, op: lte, value: 0777 }] }',
    written: DENIED,
    said: ['refused number'],
  },
  {
    name: 'a date without quotes is a text here',
    rule: '{ conditions: [{ path: args.body.claims.day, op: in, value: [2026-01-01, 1_000] }] }',
    written: ['conditions: [{ path: args.body.claims.day, op: in, value: ["2026-01-01", "1_000"] }]'],
    said: ['differs bare_text', 'differs bare_text', 'differs types'],
  },
  {
    name: 'a bound is cut to a whole number',
    rule: '{ conditions: [{ path: state.vendJWTWithId.c, op: lt, value: 2.5 }], state: { counter: c, window: day } }',
    written: [
      'conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 1 }]',
      'state: { counter: c, window: day, per: everyone, increment: 1 }',
    ],
    said: RATE,
  },
  {
    name: 'a bound of nothing denies',
    rule: '{ conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 0 }], state: { counter: c, window: day } }',
    written: DENIED,
    said: ['refused state'],
  },
  {
    name: 'amounts are never negative',
    rule: '{ conditions: [{ path: state.vendJWTWithId.c, op: lt, value: 900 }], state: { counter: c, window: day, increment_from: args.body.timeToLiveInSeconds } }',
    written: [
      'conditions: [{ path: state.vendJWTWithId.c, op: lt, value: 900 }]',
      'state: { counter: c, window: day, per: everyone, increment_from: args.body.timeToLiveInSeconds }',
    ],
    said: ['differs failed_calls', 'differs amounts', 'same per_everyone'],
  },
  {
    name: 'a counter that no condition of its rule bounds counts nothing, there neither',
    rule: '{ conditions: [{ path: args.body.keyId, op: exists, value: false }], state: { counter: c, window: day } }',
    written: ['conditions: [{ path: args.body.keyId, op: exists, value: false }]'],
    said: ['same unbounded'],
  },
  {
    name: 'a counter of another rule is denied',
    rule: '{ conditions: [{ path: state.deleteJwtRefresh.c, op: lte, value: 5 }] }',
    written: DENIED,
    said: ['refused state'],
  },
  {
    name: 'conditions beside allow have no known meaning',
    rule: '{ action: allow, conditions: [{ path: args.body.keyId, op: exists, value: false }] }',
    written: DENIED,
    said: ['refused allow'],
  },
];

/** What is said of the rule on line 4, as codes. */
function imported({ key = 'vendJWTWithId', rule }: Pick<Row, 'key' | 'rule'>) {
  const result = importIntercept(`default: deny\ntools:\n  ${key}:\n    rules: [${rule}]\n`, operations);
  if (!result.ok) throw new Error(JSON.stringify(result.findings));
  return result;
}

describe('one rule of Intercept', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const { text, findings } = imported(row);
    const [first = '', ...rest] = row.written;
    const block = [`      - ${first}`, ...rest.map((line) => `        ${line}`)].join('\n');
    expect(text.slice(text.indexOf('      - '))).toBe(`${block}\n`);
    expect(findings.map(({ fate, code }) => `${fate} ${code}`).toSorted()).toEqual(row.said.toSorted());
    expect(findings.every(({ at }) => at.line === 4)).toBe(true);
  });
});

describe('a file of Intercept', () => {
  const files = [
    { name: 'an unknown key', text: 'version: "1"\nlimits: {}\n', expected: ['2:1 unknown_key'] },
    {
      name: 'a rule of this project',
      text: 'tools:\n  vendJWTWithId:\n    rules:\n      - { action: deny, when: [] }\n',
      expected: ['4:25 unknown_key'],
    },
    { name: 'another version', text: 'version: "2"\n', expected: ['1:10 version'] },
    {
      name: 'a misspelt tool',
      text: 'tools:\n  vendJwtWithId: {}\nhide: [VendJWTWithId]\n',
      expected: ['2:3 unknown_tool', '3:8 unknown_tool'],
    },
    {
      name: 'two errors of rules',
      text: 'tools:\n  vendJWTWithId:\n    rules:\n      - name: x\n      - rate_limit: 5/week\n',
      expected: ['4:9 bad_rule', '5:21 bad_limit'],
    },
    { name: 'no YAML', text: 'tools: [\n', expected: ['2:1 yaml'] },
    { name: 'nothing', text: '', expected: ['1:1 empty'] },
  ];
  it.each(files)('with $name is not imported', ({ text, expected }) => {
    const result = importIntercept(text, operations);
    expect(result.ok).toBe(false);
    expect(result.findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual(expected);
  });

  it('leaves out tools that there are not here, and says default', () => {
    const result = importIntercept('hide: [x]\ntools:\n  createUserWithId: { rules: [] }\n', operations);
    expect(result.ok && result.text.split('\n').slice(1, 3)).toEqual(['version: "1"', 'default: allow']);
    expect(result.findings.map(({ fate, code }) => `${fate} ${code}`)).toEqual([
      'same default',
      'left_out unknown_tool',
      'left_out unknown_tool',
    ]);
  });

  it('lets no glob list tools that Intercept would not', () => {
    const rules = '{ rules: [{ name: x, action: deny }] }';
    const denying = importIntercept(`default: deny\ntools:\n  "retrieve*": ${rules}\n`, operations);
    expect(denying.ok && denying.text).not.toContain('retrieve');
    expect(denying.findings[0]).toMatchObject({ fate: 'refused', code: 'glob' });
    const allowing = importIntercept(`tools:\n  "retrieve*": ${rules}\n`, operations);
    expect(allowing.ok && allowing.text).toContain('"retrieve*":');
  });

  it('puts the rules of a tool with two names under one', async () => {
    const text = [
      'tools:',
      '  validateJWT: { rules: [{ name: x, rate_limit: 2/minute }] }',
      '  validateJWTWithId: { rules: [{ name: x, rate_limit: 1/minute }] }',
    ].join('\n');
    const result = importIntercept(text, operations);
    const bench = openBench(result.ok ? result.text : '');
    const call = () => bench.call('validateJWTWithId', { encodedJWT: 'a.b.c' });
    expect((await call()).verdict).toBe('allow');
    expect(await call()).toMatchObject({ verdict: 'deny', rule: 'x (2)' });
  });

  it('keeps the comments of tools and rules', () => {
    const text =
      'default: deny\ntools:\n  # Reads: "all"\n  validateJWTWithId:\n    rules:\n      # why\n      # not\n      - { name: x, rate_limit: 2/minute }\n';
    const result = importIntercept(text, operations);
    expect(
      result.ok &&
        result.text
          .split('\n')
          .filter((line) => line.includes('#'))
          .slice(1),
    ).toEqual(['  # Reads: "all"', '      # why', '      # not']);
  });

  it('of another server keeps its tools', () => {
    const result = importIntercept(
      'tools:\n  create_issue:\n    rules: [{ name: x, rate_limit: 5/hour }]\n',
      null,
    );
    expect(result.ok && result.text).toContain('  create_issue:\n    rules:\n      - name: x\n');
  });
});
