import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string | Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

const clean = file('clean.yaml', 'default: deny\n');
const warned = file('warned.yaml', 'tools:\n  vendJWTWithId: {}\n');
const wrong = file('wrong.yaml', 'default: deny\ntols: {}\nhide: [vendJWT]\n');
const latin = file('latin.yaml', Buffer.from([0x64, 0xe9, 0x0a]));
const other = file(
  'other.yaml',
  'default: deny\ntools:\n  any_tool:\n    rules: [{ rate_limit: 5/minute }]\n',
);
mkdirSync(join(folder.path, 'a-folder'));
const dist = resolve(import.meta.dirname, '../../dist');
const missing = join(folder.path, 'missing.yaml');

const rows = [
  { name: 'says nothing of a clean policy', args: [clean], code: 0, stdout: '' },
  {
    name: 'tells a warning and exits 0',
    args: [warned],
    code: 0,
    stdout: `${warned}:1:1: warning: \`default\` is left out, which means \`allow\`: tools that no key names can be called too; write \`default: deny\` or \`default: allow\` [default_left_out]\n  1 | tools:\n    | ^\n`,
  },
  {
    name: 'exits 3 for a warning under --strict',
    args: [warned, '--strict'],
    code: 3,
    stdout: /:1:1: error: `default` is left out/,
  },
  {
    name: 'tells every error with line and column and exits 3',
    args: [wrong],
    code: 3,
    stdout: new RegExp(
      `^${wrong}:2:1: error: unknown key \`tols\` in a policy; .* did you mean \`tools\`\\? \\[unknown_key\\]\n  2 \\| tols: {}\n    \\| \\^\n${wrong}:3:8: error: \`vendJWT\` is the name in a FusionAuth client; expected \`vendJWTWithId\` or \`fusionauth-vendjwtwithid\` \\[unknown_tool\\]\n  3 \\| hide: \\[vendJWT\\]\n    \\|        \\^\n$`,
    ),
  },
  {
    name: 'refuses a file that is not UTF-8',
    args: [latin],
    code: 3,
    stdout: `${latin}:1:1: error: expected UTF-8 [encoding]\n`,
  },
  {
    name: 'refuses tools of another server',
    args: [other],
    code: 3,
    stdout: /:3:3: error: unknown tool `any_tool`/,
  },
  {
    name: 'takes tools of another server under --tools any',
    args: [other, '--tools', 'any'],
    code: 0,
    stdout: '',
  },
  {
    name: 'exits 2 for a file that is not there, and says so',
    args: [missing],
    code: 2,
    stdout: '',
    stderr: /there is no such file/,
  },
  {
    name: 'exits 2 for a folder',
    args: [join(folder.path, 'a-folder')],
    code: 2,
    stdout: '',
    stderr: /it is a folder/,
  },
  {
    name: 'lets an unreadable file outweigh a wrong one, and checks that too',
    args: [missing, wrong],
    code: 2,
    stdout: /\[unknown_tool\]/,
  },
  {
    name: 'exits 2 without a file',
    args: [],
    code: 2,
    stdout: '',
    stderr: /missing required argument `file`/,
  },
  {
    name: 'exits 2 for an unknown flag',
    args: [clean, '--strickt'],
    code: 2,
    stdout: '',
    stderr: /--strict/,
  },
] as const;

describe('check', () => {
  it('is clean for everything in policies/, which has the tests of the policies beside them', async () => {
    const policies = resolve(import.meta.dirname, '../../policies');
    const files = readdirSync(policies).map((name) => join(policies, name));
    expect(files.some((name) => name.endsWith('.test.yaml'))).toBe(true);
    expect(await run(['check', ...files])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('tells the problems of a test file', async () => {
    const tests = file('broken.test.yaml', 'policy: clean.yaml\ncasses: []\n');
    expect(await run(['check', tests])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/:2:1: error: unknown key `casses`/),
    });
  });

  it.each(rows)('$name', async ({ args, code, stdout, ...rest }) => {
    const ran = await run(['check', ...args]);
    expect(ran.code).toBe(code);
    if (typeof stdout === 'string') expect(ran.stdout).toBe(stdout);
    else expect(ran.stdout).toMatch(stdout);
    expect(ran.stderr).toMatch('stderr' in rest ? rest.stderr : /^$|there is no such file/);
  });

  it('gives the same problems as JSON', async () => {
    const ran = await run(['check', '--json', wrong]);
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject([
      { file: wrong, line: 2, column: 1, severity: 'error', code: 'unknown_key' },
      { file: wrong, line: 3, column: 8, severity: 'error', code: 'unknown_tool' },
    ]);
  });
});

describe('the example of docs/check.md', () => {
  const docs = readFileSync(resolve(import.meta.dirname, '../../docs/check.md'), 'utf8');
  const [policy = ''] = Array.from(docs.matchAll(/^```yml\n([\s\S]*?)^```$/gm), ([, body = '']) => body);
  const shown = Array.from(docs.matchAll(/^```text\n([\s\S]*?)^```$/gm), ([, body = '']) => body);

  it.each([
    [3, policy, shown[0]],
    [0, policy.replace('args.user,', 'args.userId,'), shown[1]],
  ])('exits %i and prints what is shown', async (code, text, stdout) => {
    file('desk.yaml', text);
    expect(await run(['check', 'desk.yaml'], { cwd: folder.path })).toEqual({ code, stdout, stderr: '' });
  });
});

describe('check --lines', () => {
  it('prints the lines of the problems alone', async () => {
    const ran = await run(['check', '--lines', wrong]);
    expect(ran.stdout.split('\n').map((line) => /^\S+:\d+:\d+: error: .* \[\w+\]$/.test(line))).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('schema', () => {
  it.each([
    ['policies', [], 'policy.schema.json'],
    ['test files', ['--tests'], 'tests.schema.json'],
  ] as const)('prints the JSON Schema of %s, which the package has too', async (_of, flags, name) => {
    const ran = await run(['schema', ...flags]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
    expect(ran).toEqual({ code: 0, stdout: readFileSync(join(dist, name), 'utf8'), stderr: '' });
  });

  it('takes any tool under --tools any', async () => {
    for (const flags of [[], ['--tests']]) {
      const ran = await run(['schema', '--tools', 'any', ...flags]);
      expect(ran.stdout).not.toContain('vendJWTWithId');
    }
  });
});
