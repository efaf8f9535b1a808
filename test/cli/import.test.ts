import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string | Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

const PAGE =
  'tools:\n  vendJWTWithId:\n    rules:\n      - action: allow\n        rate_limit:\n          max: 30\n          window: 60\n';
const page = file('page.yaml', PAGE);
const crossed = file(
  'crossed.yaml',
  'version: "1"\ndefault: deny\ntools:\n  vendJWTWithId:\n    rules:\n      - name: x\n        conditions: [{ path: state.a.b, op: lte, value: 5 }]\n',
);
const broken = file('broken.yaml', 'version: "1"\ntools:\n  vendJWTWithId: { limits: [] }\n');
const other = file('other.yaml', 'tools:\n  create_issue: { rules: [{ name: x, rate_limit: 5/hour }] }\n');
const there = file('there.yaml', 'default: deny\n');

const rows = [
  {
    name: 'writes a clean policy to stdout and tells what differs on stderr',
    args: [page],
    code: 0,
    stdout: /^# Imported .*\nversion: "1"\ndefault: allow\n\ntools:\n/,
    stderr: /^means something else here \(3\):\n {2}\S+page\.yaml:6:11: /,
  },
  {
    name: 'exits 3 where a rule cannot be carried over, and writes a denial in its place',
    args: [crossed],
    code: 3,
    stdout: /# Not carried over: .*\n {6}- name: x\n {8}action: deny\n/,
    stderr:
      /^cannot be carried over \(1\):\n {2}\S+:7:24: a counter .*; what could not be carried over is denied in it\n$/s,
  },
  {
    name: 'writes nothing of what is no policy of Intercept',
    args: [broken],
    code: 3,
    stdout: '',
    stderr: /:3:20: error: unknown key `limits` in a tool; .* \[unknown_key\]\nnothing is written/,
  },
  {
    name: 'leaves a file alone that is there',
    args: [page, '-o', there],
    code: 2,
    stdout: '',
    stderr: /`.*there\.yaml` is there already; `--force` replaces it/,
  },
  {
    name: 'needs a file that can be read',
    args: [join(folder.path, 'x')],
    code: 2,
    stdout: '',
    stderr: /there is no such file/,
  },
  {
    name: 'reads UTF-8 only',
    args: [file('latin.yaml', Buffer.from([0xe9]))],
    code: 2,
    stdout: '',
    stderr: /UTF-8/,
  },
  {
    name: 'keeps the tools of another server',
    args: [other, '--tools', 'any'],
    code: 0,
    stdout: /create_issue:\n/,
    stderr: /download; written\n$/,
  },
];

describe('import', () => {
  it.each(rows)('$name', async ({ args, code, stdout, stderr }) => {
    const ran = await run(['import', ...args]);
    expect(ran).toEqual({
      code,
      stdout: stdout === '' ? '' : expect.stringMatching(stdout),
      stderr: expect.stringMatching(stderr),
    });
  });

  it('reads stdin, and what it writes passes check', async () => {
    const out = join(folder.path, 'out.yaml');
    const { code, stdout } = await run(['import', '-', '-o', out], { input: PAGE });
    expect([code, stdout, existsSync(out)]).toEqual([0, '', true]);
    expect(await run(['check', '--strict', out])).toMatchObject({ code: 0, stdout: '' });
  });

  it('--json has the findings and the policy', async () => {
    const { stdout, stderr } = await run(['import', crossed, '--json']);
    const report = JSON.parse(stdout) as { findings: unknown; policy: string };
    expect(report).toMatchObject({
      file: crossed,
      dialect: 'open source, version "1"',
      findings: [{ fate: 'refused', line: 7, column: 24, code: 'state' }],
      policy: expect.stringContaining('action: deny'),
    });
    expect(stderr).toBe('');
    const failed = await run(['import', broken, '--json', '-o', join(folder.path, 'none.yaml')]);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      policy: null,
      findings: [{ code: 'unknown_key', line: 3 }],
    });
    expect(existsSync(join(folder.path, 'none.yaml'))).toBe(false);
  });

  it('--force replaces a file', async () => {
    expect((await run(['import', page, '-o', there, '--force'])).code).toBe(0);
    expect(readFileSync(there, 'utf8')).toContain('vendJWTWithId');
  });
});
