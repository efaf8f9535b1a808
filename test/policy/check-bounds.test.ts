import { describe, expect, it } from 'vitest';
import { schemaChecker } from '../../src/policy/check-schema.ts';
import { Report, START } from '../../src/policy/located.ts';
import { inWords, openBench, problemsOf, type Tools } from './support.ts';

const MANY = 'error too_large expected at most 2000 schemas in all `arguments` of a file';
const ENDLESS =
  'error bad_schema expected a schema to refer to itself only below `properties`, `items` or the like; this never ends';
const JUDGES = 'error bad_schema expected one value to be judged by at most 2000 schemas';
const MIB = 1024 * 1024;

const list = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(', ');
const inArguments = (schema: string) =>
  `default: deny\ntools:\n  vendJWTWithId: { arguments: { ${schema} } }`;
const inClaims = (schema: string) =>
  inArguments(`properties: { body: { properties: { claims: { ${schema} } } } }`);
/** References one behind the other; `link` is what holds each. */
const chain = (count: number, link = (ref: string) => ref) =>
  inArguments(
    `$ref: "#/$defs/a1", $defs: { ${list(count, (i) => `a${i + 1}: { ${i + 1 === count ? 'minProperties: 1' : link(`$ref: "#/$defs/a${i + 2}"`)} }`)} }`,
  );
/** Four schemas, each with so many in it, one behind the other: in the last one no reference stands. */
const deepBehindRefs = (levels: number) => {
  const deep = (i: number) =>
    `d${i}: ${'{ anyOf: ['.repeat(levels - 1)}${i < 3 ? `{ $ref: "#/$defs/d${i + 1}" }` : '{}'}${'] }'.repeat(levels - 1)}`;
  return inArguments(`$defs: { ${list(4, deep)} }, $ref: "#/$defs/d0"`);
};
const rules = (count: number, rule: (i: number) => string, rest = '') =>
  `default: deny\ntools: { vendJWTWithId: { rules: [${list(count, rule)}${rest}] } }`;
const when = (path: string, value = 'x') =>
  `{ action: deny, when: [{ path: ${path}, op: eq, value: ${value} }] }`;
const long = (text: string) =>
  text.replace('SPACES', ' '.repeat(200_000)).replace('DIGITS', '1'.repeat(200_000));
const mint = (i: number) => when('call.kind', `m${i}`);

interface Row {
  readonly sentence: string;
  readonly text: string;
  readonly tools?: Tools;
  /** All problems, or how many they are and the last ones. */
  readonly problems: readonly (string | number)[];
  /** Where a time that grows with the square would be several times as long. */
  readonly atMostMs?: number;
}

const rows: readonly Row[] = [
  { sentence: 'a chain of 100 references is followed', text: chain(100), problems: [] },
  {
    sentence: 'a chain of 101 is not',
    text: chain(101),
    problems: ['3 error too_large expected `$ref`s to at most 100 schemas'],
  },
  {
    sentence: 'a chain that goes deeper with each reference is followed as well',
    text: chain(100, (ref) => `properties: { x: { ${ref} } }`),
    tools: 'any',
    problems: [],
  },
  { sentence: 'a chain of 20 000 does not overflow', text: chain(20_000), problems: [`3 ${MANY}`] },
  {
    sentence: 'numbers among as many texts are looked for in a moment',
    atMostMs: 10_000,
    text: `default: deny\ntools: { vendJWTWithId: { rules: [{ conditions: [{ path: identity.claims.x, op: in, value: [${list(60_000, (i) => `${i}, "${i}"`)}] }] }] } }`,
    problems: ['1 warning not_compared so many rules are not compared: what is in vain in them is not told'],
  },
  {
    sentence: 'of a million carriage returns one is told',
    text: `default: deny #${'\r'.repeat(1_000_000)}`,
    problems: ['1 error line_break expected LF or CR LF as line break; found CR alone'],
  },
  {
    sentence: 'a chain that a plain value holds does not overflow',
    text: inArguments(`$ref: "#/enum/0", enum: [${list(10_000, (i) => `{ $ref: "#/enum/${i + 1}" }`)}, {}]`),
    problems: ['3 error too_large expected `$ref`s to at most 100 schemas'],
  },
  {
    sentence: '297 levels of schemas are read, those behind references included',
    text: deepBehindRefs(74),
    tools: 'any',
    problems: [],
  },
  {
    sentence: '301 levels are not',
    text: deepBehindRefs(75),
    tools: 'any',
    problems: ['3 error too_deep expected at most 300 levels of schemas, those behind `$ref`s included'],
  },
  {
    sentence: 'what refers to itself is told for each reference',
    text: inArguments(`allOf: [${list(2, () => '{ $ref: "#" }')}]`),
    problems: [`3 ${ENDLESS}`, `3 ${ENDLESS}`],
  },
  {
    sentence: 'a schema that refers to itself 5000 times does not overflow',
    text: inArguments(`allOf: [${list(5000, () => '{ $ref: "#" }')}]`),
    problems: [`3 ${MANY}`],
  },
  {
    sentence: 'references that double thirty times are refused where they are too many',
    text: inArguments(
      `$defs: { ${list(30, (i) => `d${i}: { allOf: [${list(2, () => `{ $ref: "#/$defs/d${i + 1}" }`)}] }`)}, d30: {} }, $ref: "#/$defs/d0"`,
    ),
    problems: [`3 ${JUDGES}`],
  },
  {
    sentence: '2000 schemas are read',
    text: inClaims(`properties: { ${list(1997, (i) => `p${i}: {}`)} }`),
    problems: [],
  },
  {
    sentence: '2001 are not',
    text: inClaims(`properties: { ${list(1998, (i) => `p${i}: {}`)} }`),
    problems: [`3 ${MANY}`],
  },
  {
    sentence: 'schemas are counted over all keys, and none is accepted unread',
    text: `default: deny\ntools:\n  a: { arguments: { anyOf: [${list(1999, () => 'true')}] } }\n  b: { arguments: { maximum: x } }\n  c: { arguments: { maximum: x } }`,
    tools: 'any',
    problems: [`4 ${MANY}`],
  },
  {
    sentence: '60 000 dependencies are as many schemas',
    text: inClaims(`dependentRequired: { ${list(60_000, (i) => `a${i}: [b]`)} }`),
    problems: [`3 ${MANY}`],
  },
  {
    sentence: 'a list of 60 000 wrong types is told as far as it goes',
    text: inArguments(`type: [${list(60_000, (i) => `t${i}`)}]`),
    problems: [
      1001,
      '3 error bad_schema expected a JSON Schema: `type/998` must be one of `array`, `boolean`, `integer`, `null`, `number`, `object`, `string`',
      '3 error more not shown: 59001 more errors and 0 more warnings',
    ],
  },
];

const many: readonly Row[] = [
  {
    sentence: 'a thousand are shown',
    text: `{ ${list(999, (i) => `k${i}: 1`)} }`,
    problems: [
      1000,
      '1 error unknown_key unknown key `k998` in a policy; expected one of `version`, `description`, `mode`, `default`, `list`, `session_ceiling`, `hide`, `grants`, `tools`',
    ],
  },
  {
    sentence: 'errors come before warnings',
    text: `{ ${list(1000, (i) => `k${i}: 1`)} }`,
    problems: [1001, '1 warning more not shown: 0 more errors and 1 more warnings'],
  },
  {
    sentence: 'further ones are counted',
    text: `{ ${list(1500, (i) => `k${i}: 1`)} }`,
    problems: [1001, '1 error more not shown: 500 more errors and 1 more warnings'],
  },
  {
    sentence: 'mistakes of YAML that may follow from others are counted without a list of them',
    text: `[${','.repeat(300_000)}`,
    problems: [
      2,
      '1 error yaml not valid YAML: Unexpected , in flow sequence; 299999 more behind it, which may follow from these',
    ],
  },
  {
    sentence: 'warnings are counted too',
    text: rules(1200, mint),
    problems: [1001, '2 warning more not shown: 0 more errors and 201 more warnings'],
  },
  {
    sentence: 'an error behind a thousand warnings is an error',
    text: rules(1200, mint, `, ${when('args.bdy')}`),
    problems: [
      1001,
      '2 error unknown_path no tool here has `args.bdy` in normal form; did you mean `args.body`?',
      '2 warning more not shown: 0 more errors and 201 more warnings',
    ],
  },
  {
    sentence: 'wrong paths are counted without looking for the right ones',
    text: rules(8000, (i) => when(`args.bdy.clms.x${i}`)),
    problems: [1001, '2 error more not shown: 7000 more errors and 0 more warnings'],
  },
];

const names: readonly Row[] = [
  {
    sentence: 'nothing is near a name of more than 100 characters',
    text: `default: deny\nhide: [fusionauth-vendjwtwithi${'*'.repeat(77)}X, fusionauth-vendjwtwithi${'*'.repeat(76)}X]`,
    problems: [
      '2 error unknown_tool no tool matches `fusionauth-vendjwtwithi*************************************…`; `portcullis tools` lists them',
      '2 error unknown_tool no tool matches `fusionauth-vendjwtwithi*************************************…`; did you mean `fusionauth-vendjwtwithid`?',
    ],
  },
  ...['"1SPACESx"', '"1/DIGITS!"', '"1 per DIGITS!"'].map((limit) => ({
    sentence: `nobody knows what a limit as long as ${limit} was meant to be`,
    text: rules(1, () => `{ rate_limit: ${long(limit)} }`),
    problems: [
      1,
      expect.stringMatching(/^2 error bad_limit expected `N\/UNIT` [^;]+; found the text `[^`]+`$/),
    ],
  })),
  ...['DIGITS!', '1.DIGITS!', 'pDIGITS!', 'SPACES1s!'].map((window) => ({
    sentence: `nor a window as long as ${window}`,
    text: rules(1, () => `{ rate_limit: { max: 1, window: "${long(window)}" } }`),
    problems: [
      1,
      expect.stringMatching(/^2 error bad_window expected a window: [^;]+; found the text `[^`]+`$/),
    ],
  })),
  {
    sentence: 'a megabyte of `*` is a glob',
    text: `default: deny\nhide: ["${'*'.repeat(MIB - 100)}"]`,
    problems: [],
  },
  {
    sentence: 'a key has at most 1024 characters, however it is written',
    text: `default: deny\ntools:\n  ? v${'*'.repeat(1023)}\n  : {}\n  ? v${'*'.repeat(1024)}\n  : rules: [{ action: allow }]`,
    problems: ['5 error key expected a key of at most 1024 characters'],
  },
  {
    sentence: '60 000 names of tools that are not known are looked up, not searched',
    text: `default: deny\ntools: { ${list(60_000, (i) => `t${i}: {}`)} }`,
    tools: 'any',
    problems: [],
  },
  {
    sentence: '25 000 hidden names too',
    text: `default: deny\nhide: [${list(25_000, (i) => `t${i}`)}]\ntools: { ${list(25_000, (i) => `t${i + 24_999}: { arguments: ${i < 2 ? '{ maximum: 1 }' : 'null'} }`).replaceAll('{ arguments: null }', '{}')} }`,
    tools: 'any',
    problems: [`3 warning hidden_with_rules \`t24999\` is hidden; its rules never apply`],
  },
  {
    sentence: 'names are not compared with too many globs, which is told',
    text: `default: deny\ntools: { ${list(2000, (i) => `t${i}: {}, "*g${i}*": {}`)} }\ngrants: [{ to: [{ path: call.tool, op: eq, value: x }], tools: [z] }]`,
    tools: 'any',
    problems: [
      '1 warning not_compared so many names and globs are not compared: what is hidden, granted or listed in vain is not told',
    ],
  },
  {
    sentence: 'the first name that means a tool is where a warning stands, exact or not',
    text: `default: deny\ntools: { "b*": {}, bc: {}, ac: {}, "a*": {} }\ngrants: [{ to: [{ path: call.tool, op: eq, value: x }], tools: [z] }]`,
    tools: 'any',
    problems: [
      '2 warning listed_not_granted `bc` is listed but in no grant: nobody can call it',
      '2 warning listed_not_granted `ac` is listed but in no grant: nobody can call it',
      '3 warning granted_not_listed `z` is granted but not listed, and `default: deny` denies it',
    ],
  },
];

function show({ text, tools, problems }: Row): void {
  // In lines that long a column would tell nobody anything.
  const found = problemsOf(text, tools).map((problem) => problem.replace(/^([0-9]+):[0-9]+ /, '$1 '));
  const [count] = problems;
  expect(typeof count === 'number' ? [found.length, ...found.slice(1 - problems.length)] : found).toEqual(
    problems,
  );
}

describe('schemas at their bounds', () => {
  for (const row of rows) it(row.sentence, { timeout: row.atMostMs ?? 30_000 }, () => show(row));

  it('a walk over too many names at too many places stops', () => {
    const report = new Report();
    const required = Array.from({ length: 110_000 }, (_, i) => `n${i}`);
    const ref = { $ref: '#/$defs/r' };
    const schema = { $defs: { r: { required } }, properties: { a: ref, b: ref, c: ref } };
    const tool = {
      properties: { a: { minProperties: 0 }, b: { minProperties: 1 }, c: { minProperties: 2 } },
    };
    schemaChecker(report)(schema, [tool], START);
    expect(report.problems.map(({ message }) => message)).toEqual([
      'expected `arguments` that look at fewer places',
    ]);
  });

  it('a schema that goes deeper with each reference judges arguments as deep as they may be', async () => {
    const bench = openBench(
      inArguments(
        `properties: { body: { properties: { claims: { $ref: "#tree" } } } }, $defs: { tree: { $anchor: tree, properties: { size: { maximum: 3 }, x: { $ref: "#tree" } } } }`,
      ),
    );
    const nested = (size: number) => {
      let claims: object = { size };
      for (let i = 0; i < 120; i++) claims = { x: claims };
      return { body: { claims } } as Parameters<typeof bench.call>[1];
    };
    expect(inWords(await bench.call('vendJWTWithId', nested(3)))).toBe('allowed');
    expect(inWords(await bench.call('vendJWTWithId', nested(4)))).toBe('invalid_arguments');
  });
});

describe('many problems', () => {
  for (const row of many) it(row.sentence, () => show(row));
});

describe('many and long names', () => {
  for (const row of names) it(row.sentence, () => show(row));
});
