import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { readIdentity, readTime } from '../../src/cli/call-line.ts';
import { parseCases } from '../../src/policy/read-cases.ts';
import { run, temporaryFolder } from '../support/cli.ts';

const words = { tools: operations, identity: readIdentity, time: readTime };

function parse(text: string) {
  return parseCases(text, words);
}

/** A file of one case with more keys, which begin at 2:11. */
function fileOf(more: string): string {
  return `policy: p.yaml\ncases: [{ ${more}, name: a, call: createLogout, args: { refreshToken: r }, expect: allow }]\n`;
}

/** What is wrong with a file, each as `LINE:COLUMN code` and words of the message. */
const wrong = [
  ['', ['1:1 empty expected a test file']],
  ['[]', ['1:1 wrong_type expected a test file, a mapping']],
  ['{}', ['1:1 missing_key expected `policy`', '1:1 missing_key expected `cases`']],
  ['policy: p.yaml\ncases: []\n', ['2:8 empty_list']],
  ['policy: ""\ncases: [1]\n', ['1:9 wrong_type expected `policy`', '2:9 wrong_type expected a case']],
  [
    'policy: p\npolcy: p\ncases: [{}]\n',
    [
      '2:1 unknown_key did you mean `policy`',
      '3:9 missing_key `name`',
      '3:9 missing_key `call`',
      '3:9 missing_key `expect`',
    ],
  ],
  [
    'policy: p\nname: x\ncases: &a\n  - *a\n',
    ['2:1 unknown_key `name` belongs into a case', '4:3 anchor', '4:5 alias'],
  ],
  ['policy: p\ncases: [}\n', ['2:9 yaml']],
  [fileOf('nam: b'), ['2:11 unknown_key did you mean `name`']],
  [fileOf('outcome: ok'), ['2:11 unknown_key `outcome` belongs to a call in `given`']],
  [fileOf('caller: ann'), ['2:19 unknown_caller `callers` has no `ann`']],
  [
    `callers: { anna: { rols: [], sub: 1, roles: [a] } }\n${fileOf('caller: ann')}`,
    [
      '1:20 identity unknown member',
      '1:30 identity expected `identity.sub`',
      '3:19 unknown_caller did you mean `anna`',
    ],
  ],
  [`callers: []\n${fileOf('session: s')}`, ['1:10 wrong_type expected `callers`']],
  [
    `at: yesterday\n${fileOf('at: 2026-01-01')}`,
    [
      '1:5 time expected `at`',
      '3:15 time expected `at`, a time such as 2026-01-01T00:00:00Z; found the text `2026-01-01`',
    ],
  ],
  [fileOf('transport: htp'), ['2:22 wrong_value did you mean `http`']],
  [fileOf('session: ""'), ['2:20 wrong_type expected `session`']],
  [fileOf('given: five calls of createLogout'), ['2:18 wrong_value expected `N calls of TOOL { ARGS }`']],
  [fileOf('given: 0 calls of createLogout'), ['2:18 wrong_value']],
  [fileOf('given: 100001 calls of createLogout'), ['2:18 wrong_value N from 1 to 100000']],
  [fileOf('given: 5 calls of createLogut'), ['2:18 unknown_tool did you mean `createLogout`']],
  [fileOf('given: 5 calls of deleteRefreshToken'), ['2:18 unknown_tool']],
  [fileOf('given: "5 calls of createLogout { a: 1, a: 2 }"'), ['2:18 duplicate_key']],
  [fileOf('given: "5 calls of createLogout { a: }}"'), ['2:18 yaml']],
  [fileOf('given: { call: createLogout }'), ['2:18 wrong_type expected `given`']],
  [
    fileOf('given: [{ cal: x, times: 0, outcome: lost, args: [] }]'),
    [
      '2:21 unknown_key did you mean `call`',
      '2:21 missing_key `call`',
      '2:36 wrong_value `times`',
      '2:48 wrong_value `unreached`',
      '2:60 wrong_type `args`',
    ],
  ],
  [fileOf('given: [{ call: createLogout, at: "2026-01-01T00:00:01Z" }]'), ['2:41 order not after']],
  [
    fileOf('given: [1 call of createLogout, { call: createLogout, at: "2025-01-01T00:00:01Z" }]'),
    ['2:65 order in the order of their times'],
  ],
  [
    fileOf('given: [{ call: createLogout, settled_at: "2025-01-01T00:00:00Z" }]'),
    ['2:41 order expected `settled_at` not before `at`'],
  ],
  [
    'policy: p\ncases:\n  - { name: a, call: createLogout, expect: allow }\n  - { name: a, call: createLogout, expect: allow }\n',
    ['4:7 duplicate_name two cases are named `a`'],
  ],
] as const;

/** Expectations that are none, at 2:48. */
const expectations = [
  ['deny', '2:48 wrong_value expected `allow`'],
  ['[]', '2:48 wrong_value expected `allow`'],
  ['{}', '2:48 missing_key `allow` or `deny`'],
  ['{ allow, deny: not_listed }', '2:50 missing_key one of the two'],
  ['{ allow: false }', '2:57 wrong_value expected `allow: true`'],
  ['{ allow, rule: x }', '2:57 unknown_key `would: { code: CODE, rule: NAME }`'],
  ['{ allow, would: rate_limted }', '2:64 wrong_value did you mean `rate_limited`'],
  ['{ allow, would: unknown_tool }', '2:64 wrong_value'],
  ['{ allow, would: { rule: x } }', '2:64 missing_key expected `code`'],
  ['{ deny: rate_limit }', '2:56 wrong_value did you mean `rate_limited`'],
  ['{ deny: allowed }', '2:56 wrong_value'],
  ['{ deny: rate_limited, would: nothing }', '2:70 unknown_key beside a denial'],
  ['{ deny: rate_limited, retry_after: 1 }', '2:70 unknown_key did you mean `retry_after_s`'],
  ['{ deny: rate_limited, retry_after_s: 1.5 }', '2:85 wrong_value `retry_after_s`, an integer'],
  ['{ deny: rate_limited, rule: null }', '2:76 wrong_type expected `rule`'],
] as const;

describe('a test file with problems', () => {
  const rows = [
    ...wrong,
    ...expectations.map(
      ([text, problem]) =>
        [`policy: p.yaml\ncases: [{ name: a, call: createLogout, expect: ${text} }]\n`, [problem]] as const,
    ),
  ];
  it.each(rows)('%j', (text, problems) => {
    const parsed = parse(text);
    const found = parsed.ok ? [] : parsed.problems;
    expect(found.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual(
      problems.map((problem) => problem.split(' ').slice(0, 2).join(' ')),
    );
    problems.forEach((problem, i) => {
      expect(found[i]?.message).toContain(problem.split(' ').slice(2).join(' '));
    });
  });
});

/** The short form, written in every way, and the arguments that are read. */
const shorts = [
  ['    given: 2 calls of createLogout { refreshToken: t }', [{ refreshToken: 't' }]],
  ['    given: 2 calls of createLogout { refreshToken: t }   # a } b', [{ refreshToken: 't' }]],
  [
    '    given: 2 calls of createLogout { refreshToken: "it\'s # 1", global: true }',
    [{ refreshToken: "it's # 1", global: true }],
  ],
  ["    given: '2 calls of createLogout { refreshToken: t }'", [{ refreshToken: 't' }]],
  ['    given: 2 calls of createLogout {}\r', [{}]],
  ['    given: 2 calls of createLogout', [{}]],
  [
    '    given:\n      - 1 call of createLogout { refreshToken: t }\n      - 2 calls of fusionauth-createlogout { refreshToken: u, global: false } # x',
    [{ refreshToken: 't' }, { refreshToken: 'u', global: false }],
  ],
  ['    given:\n    - 1 call of createLogout { refreshToken: t }', [{ refreshToken: 't' }]],
  [
    '    args:\n      refreshToken: |-\n        given: 5 calls of x { a: b }\n    given: 2 calls of createLogout { refreshToken: t }',
    [{ refreshToken: 't' }],
  ],
] as const;

describe('the short form', () => {
  it.each(shorts)('%j', (line, args) => {
    const parsed = parse(
      `policy: p\ncases:\n  - name: a\n${line}\n    call: createLogout\n    expect: allow\n`,
    );
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    expect(parsed.file.cases[0]?.given.map((given) => given.args)).toEqual(args);
    expect(parsed.file.cases[0]?.given.map((given) => given.tool)).toEqual(
      args.map(() => 'fusionauth-createlogout'),
    );
  });

  it('leaves a text alone that only looks like one', () => {
    const parsed = parse(
      'policy: p\ncases:\n  - name: a\n    call: createLogout\n    args:\n      refreshToken: |-\n        given: 5 calls of x { a: b }\n    expect: allow\n',
    );
    expect(parsed).toMatchObject({
      ok: true,
      file: { cases: [{ call: { args: { refreshToken: 'given: 5 calls of x { a: b }' } } }] },
    });
  });
});

describe('an example of docs/testing.md', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/testing.md'), 'utf8');
  const blocks = Array.from(text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm), ([, kind, body = '']) => ({
    kind,
    body,
  }));
  const policies = blocks.filter(({ kind }) => kind === 'yaml').map(({ body }) => body);
  const tests = blocks.filter(({ kind }) => kind === 'yml').map(({ body }) => body);
  const shown = blocks.filter(({ kind }) => kind === 'text').map(({ body }) => body);
  const names = tests.map((body) => /^policy: (.*)\.yaml$/m.exec(body)?.[1] ?? '');
  const write = (name: string, body: string) => writeFileSync(join(folder.path, name), body);

  it('is there, each policy with its tests', () => {
    expect(names).toEqual(['support-desk', 'observe']);
    expect([policies.length, shown.length]).toEqual([2, 2]);
  });

  it.each(names.map((name, i) => [name, i] as const))('%s passes', async (name, i) => {
    write(`${name}.yaml`, policies[i] ?? '');
    write(`${name}.test.yaml`, tests[i] ?? '');
    const ran = await run(['test', `${name}.test.yaml`, '--coverage'], { cwd: folder.path });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    if (name === 'support-desk') expect(ran.stdout).toContain(shown[1] ?? 'an example');
  });

  it('support-desk fails as it is shown where its window slides', async () => {
    write('support-desk.yaml', (policies[0] ?? '').replace('window: hour', 'window: 1h'));
    write('support-desk.test.yaml', tests[0] ?? '');
    const ran = await run(['test', 'support-desk.test.yaml'], { cwd: folder.path });
    expect(ran.code).toBe(5);
    expect(ran.stdout.slice(0, shown[0]?.length)).toBe(shown[0]);
  });
});
