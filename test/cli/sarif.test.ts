import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../src/policy/problem-codes.ts';
import { run, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
mkdirSync(join(folder.path, 'some policies'));
writeFileSync(join(folder.path, 'some policies/a b.yaml'), 'tols: {}\nhide: [vendJWT]\n');
writeFileSync(join(folder.path, 'clean.yaml'), 'default: deny\n');

interface Log {
  readonly version: string;
  readonly runs: readonly [{ readonly results: readonly object[]; readonly tool: { driver: object } }];
}

async function sarif(...args: readonly string[]) {
  const ran = await run(['check', '--sarif', ...args], { cwd: folder.path });
  return { ...ran, log: JSON.parse(ran.stdout) as Log };
}

const text = {
  type: 'object',
  additionalProperties: false,
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1 } },
};
const level = { enum: ['none', 'note', 'warning', 'error'] };

/** What SARIF 2.1.0 (sections 3.13 to 3.30) says of the members that are written, and no other member. */
const LOG = closed({
  $schema: { type: 'string', format: 'uri' },
  version: { const: '2.1.0' },
  runs: listOf(
    closed({
      tool: closed({
        driver: closed({
          name: { type: 'string', minLength: 1 },
          version: { type: 'string', minLength: 1 },
          rules: {
            ...listOf(
              closed({
                id: { type: 'string', minLength: 1 },
                shortDescription: text,
                defaultConfiguration: closed({ level }),
              }),
            ),
            uniqueItems: true,
          },
        }),
      }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      originalUriBaseIds: { type: 'object', additionalProperties: closed({ description: text }) },
      results: listOf(
        closed({
          ruleId: { type: 'string' },
          ruleIndex: { type: 'integer', minimum: 0 },
          level,
          message: text,
          locations: listOf(
            closed({
              physicalLocation: closed({
                artifactLocation: closed({
                  uri: { type: 'string', pattern: '^(?!/)[A-Za-z0-9%._~/-]+$' },
                  uriBaseId: { type: 'string' },
                }),
                region: closed({
                  startLine: { type: 'integer', minimum: 1 },
                  startColumn: { type: 'integer', minimum: 1 },
                }),
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

function closed(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', additionalProperties: false, properties, required: Object.keys(properties) };
}

function listOf(items: object): object {
  return { type: 'array', items };
}

const isLog = new Ajv2020({ validateFormats: false }).compile(LOG);

describe('check --sarif', () => {
  it('tells each problem with its rule, its level and its place in a relative file', async () => {
    const { code, log } = await sarif('some policies/a b.yaml');
    expect(code).toBe(3);
    const place = (startLine: number, startColumn: number) => [
      {
        physicalLocation: {
          artifactLocation: { uri: 'some%20policies/a%20b.yaml', uriBaseId: '%SRCROOT%' },
          region: { startLine, startColumn },
        },
      },
    ];
    expect(log.runs[0].results).toMatchObject([
      { ruleId: 'unknown_key', level: 'error', locations: place(1, 1) },
      { ruleId: 'default_left_out', level: 'warning', locations: place(1, 1) },
      { ruleId: 'unknown_tool', level: 'error', locations: place(2, 8) },
    ]);
  });

  it('has a rule for every code, and each result is of the rule at its index', async () => {
    const { log } = await sarif('some policies/a b.yaml');
    const { rules } = log.runs[0].tool.driver as { rules: readonly { id: string }[] };
    expect(rules.map(({ id }) => id)).toEqual(Object.keys(PROBLEMS));
    for (const result of log.runs[0].results as readonly { ruleId: string; ruleIndex: number }[]) {
      expect(rules[result.ruleIndex]?.id).toBe(result.ruleId);
    }
  });

  it('says error for a warning under --strict', async () => {
    writeFileSync(join(folder.path, 'warned.yaml'), '{}\n');
    expect((await sarif('--strict', 'warned.yaml')).log.runs[0].results).toMatchObject([
      { ruleId: 'default_left_out', level: 'error' },
    ]);
  });

  it('is a log without results for a clean file', async () => {
    const { code, log } = await sarif('clean.yaml');
    expect([code, log.runs[0].results]).toEqual([0, []]);
  });

  it.each([
    [['clean.yaml']],
    [['some policies/a b.yaml', 'clean.yaml']],
    [['clean.yaml', 'missing.yaml']],
    [[resolve(import.meta.dirname, '../policy/cases/bad/rules.yaml')]],
  ])('writes what SARIF 2.1.0 allows for %j', async (files) => {
    const { log } = await sarif(...files);
    isLog(log);
    expect(isLog.errors).toBeNull();
  });

  it('excludes --json', async () => {
    const ran = await run(['check', '--sarif', '--json', 'clean.yaml'], { cwd: folder.path });
    expect([ran.code, ran.stdout]).toEqual([2, '']);
  });
});

describe('a code of a problem', () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/check.md'), 'utf8');
  const rows = Array.from(docs.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm), ([, code, about]) => [code, about]);

  it('stands in docs/check.md with the words that SARIF has for it, and no other does', () => {
    expect(rows).toEqual(Object.entries(PROBLEMS).map(([code, { about }]) => [code, about]));
  });

  it('is told in docs/check.md to be seen by the schemas in no form, in some, or in all', () => {
    const [, never = '', sometimes = ''] =
      /it never sees (.*), and only some forms of (.*)\. All others it always sees\./.exec(docs) ?? [];
    const told = (words: string) => Array.from(words.matchAll(/`(\w+)`/g), ([, code]) => code);
    const errors = Object.entries(PROBLEMS).filter(
      ([code, { severity }]) => severity === 'error' && code !== 'more',
    );
    const seen = (how: string) => errors.filter(([, { inSchema }]) => inSchema === how).map(([code]) => code);
    expect([told(never), told(sometimes)]).toEqual([seen('never'), seen('sometimes')]);
  });

  it('is given by the program, each of them', () => {
    const src = resolve(import.meta.dirname, '../../src');
    const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('problem-codes.ts'))
      .map((name) => readFileSync(join(src, name), 'utf8'))
      .join('\n');
    expect(Object.keys(PROBLEMS).filter((each) => !code.includes(`'${each}'`))).toEqual([]);
  });

  it('of a warning is shown by a policy in test/policy/cases/ok', () => {
    const cases = resolve(import.meta.dirname, '../policy/cases/ok');
    const told = readdirSync(cases)
      .filter((name) => name.endsWith('.txt'))
      .map((name) => readFileSync(join(cases, name), 'utf8'))
      .join('\n');
    const warnings = Object.entries(PROBLEMS).filter(([, { severity }]) => severity === 'warning');
    const unseen = warnings.map(([each]) => each).filter((each) => !told.includes(` warning ${each} `));
    // A file that is too large for it stands in test/policy/check-bounds.test.ts.
    expect(unseen).toEqual(['not_compared']);
  });
});
