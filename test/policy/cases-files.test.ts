import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { readIdentity, readTime } from '../../src/cli/call-line.ts';
import { parseCases } from '../../src/policy/read-cases.ts';
import { run, temporaryFolder } from '../support/cli.ts';
import { wrongFiles } from './cases-rows.ts';

const words = { tools: operations, identity: readIdentity, time: readTime };

function parse(text: string) {
  return parseCases(text, words);
}

describe('a test file with problems', () => {
  it.each(wrongFiles)('%j', (text, problems) => {
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
