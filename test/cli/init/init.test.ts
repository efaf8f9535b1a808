import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../../support/cli.ts';
import { openLine } from '../../support/line.ts';
import { keys, startTerminal } from '../../support/terminal.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const cwd = folder.path;

/** The policy is clean, and its tests pass and see every rule go each way. */
async function holds(policy: string): Promise<void> {
  const tests = policy.replace('.yaml', '.test.yaml');
  expect(await run(['check', '--strict', policy, tests], { cwd })).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  });
  expect(await run(['test', tests, '--min-coverage', '100'], { cwd })).toMatchObject({ code: 0, stderr: '' });
}

describe('init with flags', () => {
  it.each(['low', 'medium', 'high'])('writes all tools for %s risk, clean and tested', async (risk) => {
    const out = `${risk}.yaml`;
    const ran = await run(['init', '--tools', '*', '--risk', risk, '-o', out], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(`^wrote ${out} and `) });
    await holds(out);
  });

  it('takes names, operation ids, globs and kinds, and writes policy.yaml', async () => {
    const tools = 'read, fusionauth-vendjwtwithid,*LogOUT*,create*';
    const wrong = await run(['init', '--tools', tools, '--risk', 'low'], { cwd });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no tool `*LogOUT*`') });
    const ran = await run(['init', '--tools', tools.replace('*LogOUT*,', ''), '--risk', 'low'], { cwd });
    expect(ran.code).toBe(0);
    const keysThere = readFileSync(join(cwd, 'policy.yaml'), 'utf8').match(/^ {2}\w+(?=:)/gm);
    expect(keysThere).toEqual([
      '  retrieveJwtPublicKey',
      '  validateJWTWithId',
      '  vendJWTWithId',
      '  createLogout',
    ]);
  });

  const rows = [
    {
      name: 'neither tools nor risk',
      args: [],
      stderr: /expected `--tools` and `--risk`, since there is no terminal/,
    },
    { name: 'no risk', args: ['--tools', 'read'], stderr: /expected `--risk`, since/ },
    { name: 'an unknown risk', args: ['--tools', 'read', '--risk', 'none'], stderr: /low, medium, high/ },
    {
      name: 'a file that is there',
      args: ['--tools', 'read', '--risk', 'low', '-o', 'low.yaml'],
      stderr: /`low\.yaml` is there already/,
    },
    {
      name: 'a file of tests',
      args: ['--tools', 'read', '--risk', 'low', '-o', 'x.test.yaml'],
      stderr: /and not in `\.test\.yaml`/,
    },
    {
      name: 'a folder that is not there',
      args: ['--tools', 'read', '--risk', 'low', '-o', 'no/x.yaml'],
      stderr: /cannot write `no\/x\.yaml`/,
    },
    {
      name: 'tools beside records',
      args: ['--tools', 'read', '--from', 'x.jsonl'],
      stderr: /no `--tools` and no `--risk` beside `--from`/,
    },
    { name: 'records that are not there', args: ['--from', 'x.jsonl', '-o', 'new.yaml'], stderr: /x\.jsonl/ },
    { name: 'a tenant without records', args: ['--tenant', 'x'], stderr: /beside `--from` only/ },
  ];
  it.each(rows)('ends with 2 and writes nothing for $name', async ({ args, stderr }) => {
    const before = readFileSync(join(cwd, 'low.yaml'), 'utf8');
    expect(await run(['init', ...args], { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(stderr),
    });
    expect([readFileSync(join(cwd, 'low.yaml'), 'utf8'), existsSync(join(cwd, 'new.yaml'))]).toEqual([
      before,
      false,
    ]);
  });
});

describe('the line for editors', () => {
  const dist = resolve(import.meta.dirname, '../../../dist');
  const flags = ['--tools', 'read', '--risk', 'low'];
  /** The schemas that two files name, and whether they are there. */
  const named = (policy: string) =>
    [policy, policy.replace('.yaml', '.test.yaml')].map((name) => {
      const text = readFileSync(join(cwd, name), 'utf8');
      const path = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? '';
      return [path, existsSync(resolve(cwd, name, '..', path))];
    });

  it('names the schemas of the package, where it is installed above', async () => {
    mkdirSync(join(cwd, 'project/node_modules'), { recursive: true });
    mkdirSync(join(cwd, 'project/policies'));
    symlinkSync(resolve(dist, '..'), join(cwd, 'project/node_modules/portcullis'));
    for (const [out, folder] of [
      ['project/desk.yaml', './'],
      ['project/policies/desk.yaml', '../'],
    ] as const) {
      const ran = await run(['init', ...flags, '-o', out], { cwd });
      expect(ran.stdout).not.toContain('schema');
      const at = `${folder}node_modules/portcullis/dist`;
      expect(named(out)).toEqual([
        [`${at}/policy.schema.json`, true],
        [`${at}/tests.schema.json`, true],
      ]);
    }
  });

  it('names schemas beside the files elsewhere, and says how they get there', async () => {
    mkdirSync(join(cwd, 'alone'));
    const ran = await run(['init', ...flags, '-o', 'alone/desk.yaml'], { cwd });
    const commands = Array.from(ran.stdout.matchAll(/portcullis (schema\S*(?: --tests)?) > (\S+\.json)/g));
    expect(commands).toHaveLength(2);
    for (const [, command = '', file = ''] of commands) {
      const { stdout } = await run(command.split(' '), { cwd });
      writeFileSync(join(cwd, file), stdout);
    }
    expect(named('alone/desk.yaml')).toEqual([
      ['./policy.schema.json', true],
      ['./tests.schema.json', true],
    ]);
  });
});

describe('init on a terminal', () => {
  it('asks for tools, risk and file, and writes what was answered', async () => {
    const terminal = startTerminal(['init'], cwd);
    await terminal.shows(/Which tools may agents call\?[\s\S]*createLogout[\s\S]*confirm/);
    // From the group of reads, which are chosen at first, up to the last tool of all.
    terminal.press(keys.up);
    await terminal.shows(/createLogout \(Log out\)/);
    terminal.press(keys.space);
    await terminal.shows(/◼ createLogout/);
    terminal.press(keys.enter);
    await terminal.shows(/How much risk is acceptable\?[\s\S]*confirm/);
    terminal.press(keys.down);
    await terminal.shows(/● medium/);
    terminal.press(keys.enter);
    await terminal.shows(/Where is it written\?[\s\S]*policy\.yaml/);
    terminal.press(`${'\u007f'.repeat('policy.yaml'.length)}asked.yaml`);
    await terminal.shows(/asked\.yaml/);
    terminal.press(keys.enter);
    const { code, screen } = await terminal.ended;
    expect([code, screen.includes('wrote asked.yaml and asked.test.yaml')]).toEqual([0, true]);
    const text = readFileSync(join(cwd, 'asked.yaml'), 'utf8');
    expect(text).toContain('for medium risk');
    expect(text.match(/^ {2}\w+(?=:)/gm)).toEqual([
      '  retrieveJwtPublicKey',
      '  validateJWTWithId',
      '  createLogout',
    ]);
    await holds('asked.yaml');
  });

  it('asks only for what the flags leave open, and before it replaces a file', async () => {
    writeFileSync(join(cwd, 'mine.yaml'), 'mine');
    const terminal = startTerminal(['init', '--tools', 'read', '-o', 'mine.yaml'], cwd);
    await terminal.shows(/How much risk is acceptable\?[\s\S]*confirm/);
    terminal.press(keys.enter);
    await terminal.shows(/mine\.yaml is there already\. Replace\?/);
    terminal.press(keys.enter);
    const { code, screen } = await terminal.ended;
    expect([code, screen.includes('Nothing was written.'), screen.includes('Which tools')]).toEqual([
      2,
      true,
      false,
    ]);
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe('mine');
  });

  it.each([
    ['Ctrl-C', keys.interrupt],
    ['Escape', keys.escape],
  ])('writes nothing and ends with 2 after %s', async (_name, key) => {
    const terminal = startTerminal(['init', '-o', 'none.yaml'], cwd);
    await terminal.shows(/Which tools may agents call\?[\s\S]*confirm/);
    terminal.press(key);
    const { code, screen } = await terminal.ended;
    expect([code, screen.includes('Nothing was written.')]).toEqual([2, true]);
    expect(existsSync(join(cwd, 'none.yaml'))).toBe(false);
  });
});

describe('init from an audit', () => {
  it('writes a policy that is clean, with tests that pass, and tells of lines that are no records', async () => {
    const line = openLine({ policy: 'default: allow\n' });
    const lines: string[] = [];
    for (let i = 0; i < 12; i++) {
      const args = { body: { claims: { sub: `s${i % 3}` }, timeToLiveInSeconds: 60 + i } };
      const walked = await line.call('fusionauth-vendjwtwithid', args, {
        caller: { identity: { sub: 'ann' }, session: `s${i % 2}` },
      });
      const at = new Date(Date.UTC(2026, 0, 5, 9, 0, 25 * i)).toISOString();
      for (const record of walked.records)
        lines.push(JSON.stringify({ ...record, at, prev: '0', hash: '0' }));
    }
    writeFileSync(join(cwd, 'audit.jsonl'), `${lines.join('\n')}\n{"torn"`);
    const ran = await run(['init', '--from', 'audit.jsonl', '-o', 'proposed.yaml'], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/audit\.jsonl:25: not JSON/) });
    await holds('proposed.yaml');
    const text = readFileSync(join(cwd, 'proposed.yaml'), 'utf8');
    expect(text).toContain(
      '# always there: from 60 to 71\n            timeToLiveInSeconds: { minimum: 60, maximum: 71 }',
    );
    expect(text).toContain('sub: { enum: [s0, s1, s2] }');
  });

  it('proposes nothing where no call was allowed', async () => {
    writeFileSync(join(cwd, 'empty.jsonl'), '');
    const ran = await run(['init', '--from', 'empty.jsonl', '-o', 'nothing.yaml'], { cwd });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('no allowed call is recorded') });
    expect(existsSync(join(cwd, 'nothing.yaml'))).toBe(false);
  });
});
