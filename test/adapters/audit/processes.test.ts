import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { compiled, folder, linesOf, record, verifyFiles, ZEROS } from './files.ts';

const run = promisify(execFile);

const script = (body: string) => `
  const [jsonl, file, name] = process.argv.slice(1);
  const { openAudit } = await import(jsonl);
  const record = (id, note = 'x'.repeat(300)) => ({ ...${JSON.stringify(record('?'))}, id, note });
  ${body}`;
const node = (body: string, ...args: string[]) => ['--input-type=module', '-e', script(body), ...args];

describe('several processes', () => {
  it('append to one file without tearing a line of each other', async () => {
    const jsonl = compiled();
    const file = join(folder(), 'a.jsonl');
    const body = `
      const audit = await openAudit({ to: { file }, onProblem: (m) => process.stderr.write(m) });
      for (let n = 0; n < 1500; n++) {
        if (n % 50 === 0) await audit.intent(record(name + n));
        else audit.write(record(name + n, 'x'.repeat(n)));
      }
      await audit.close();`;
    const names = ['a', 'b', 'c'];
    const outputs = await Promise.all(
      names.map((name) => run(process.execPath, node(body, jsonl, file, name))),
    );
    expect(outputs.map(({ stderr }) => stderr)).toEqual(['', '', '']);
    // A line that took another process a while to write may have an empty one behind it.
    const ids = linesOf(file).flatMap((line) => (line === '' ? [] : [JSON.parse(line).id]));
    for (const name of names) {
      const own = ids.filter((id) => id.startsWith(name));
      expect(own).toEqual(Array.from({ length: 1_500 }, (_, n) => `${name}${n}`));
    }
    const verified = await verifyFiles(file);
    expect(verified).toMatchObject({ ok: true, count: 4_500, from: ZEROS, torn: 0 });
    expect(verified.ok && verified.chains).toBeLessThanOrEqual(3);
  });
});

describe('a process', () => {
  it('that may not write there says so in one line', () => {
    const jsonl = compiled();
    const top = folder();
    chmodSync(top, 0o555);
    const file = join(top, 'state', 'a.jsonl');
    const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const body = `
      await openAudit({ to: { file }, onProblem: () => {} }).catch((error) => process.stdout.write(error.message));`;
    const { stdout, stderr } = spawnSync(process.execPath, node(body, jsonl, file), {
      encoding: 'utf8',
      cwd: '/',
      ...nobody,
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^the audit cannot be written to `.*a\.jsonl`: EACCES: permission denied, [^\n]+$/,
    );
  });

  const prlimit = spawnSync('prlimit', ['--version']).status === 0;
  it.runIf(prlimit)('that runs out of space within a line ends it once there is space again', async () => {
    const jsonl = compiled();
    const file = join(folder(), 'a.jsonl');
    const body = `
      import { execFileSync } from 'node:child_process';
      const limit = (bytes) =>
        execFileSync('prlimit', ['--fsize=' + bytes + ':unlimited', '--pid', String(process.pid)]);
      // Without a listener the signal would end the process before it sees the error.
      process.on('SIGXFSZ', () => {});
      const problems = [];
      limit(4096);
      const audit = await openAudit({ to: { file }, onProblem: (m) => problems.push(m) });
      const told = await Promise.all(Array.from({ length: 20 }, (_, n) => audit.intent(record('a' + n))));
      limit('unlimited');
      const after = await audit.intent(record('b'));
      await audit.close();
      process.stdout.write(JSON.stringify({ told, after, problems }));`;
    const { stdout, stderr } = spawnSync(process.execPath, node(body, jsonl, file), { encoding: 'utf8' });
    expect(stderr).toBe('');
    const { told, after, problems } = JSON.parse(stdout);
    const written = told.indexOf(false);
    expect(written).toBeGreaterThan(1);
    expect(told).toEqual(told.map((_: boolean, n: number) => n < written));
    expect(after).toBe(true);
    expect(problems).toEqual([expect.stringMatching(/: EFBIG: file too large, write; its lines wait$/)]);
    const ids = linesOf(file).map((line) => (line.endsWith('}') ? JSON.parse(line).id : 'torn'));
    const all = [...Array.from({ length: 20 }, (_, n) => `a${n}`), 'b'];
    expect(ids).toEqual([...all.slice(0, written), 'torn', ...all.slice(written)]);
    expect(await verifyFiles(file)).toEqual({ ok: true, count: 21, from: ZEROS, chains: 1, torn: 1 });
  });

  it.runIf(prlimit)(
    'that met a full disk does not write behind what another left unfinished there',
    async () => {
      const jsonl = compiled();
      const file = join(folder(), 'a.jsonl');
      const body = `
      import { execFileSync } from 'node:child_process';
      const limit = (bytes) =>
        execFileSync('prlimit', ['--fsize=' + bytes + ':unlimited', '--pid', String(process.pid)]);
      process.on('SIGXFSZ', () => {});
      limit(4096);
      const [one, other] = await Promise.all([0, 1].map(() => openAudit({ to: { file }, onProblem: () => {} })));
      const filled = await Promise.all(Array.from({ length: 20 }, (_, n) => one.intent(record('a' + n))));
      const refused = await other.intent(record('b0'));
      limit('unlimited');
      const after = [await other.intent(record('b1')), await one.intent(record('c'))];
      await Promise.all([one.close(), other.close()]);
      process.stdout.write(JSON.stringify({ isFull: filled.includes(false), refused, after }));`;
      const { stdout, stderr } = spawnSync(process.execPath, node(body, jsonl, file), { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({ isFull: true, refused: false, after: [true, true] });
      expect(await verifyFiles(file)).toMatchObject({ ok: true, count: 23, torn: 1 });
    },
  );

  it('does not wait for ever for a pipe that nobody reads, neither at its start nor at a rotation', () => {
    const jsonl = compiled();
    const file = join(folder(), 'pipe');
    execFileSync('mkfifo', [file]);
    const body = `
      import { spawn } from 'node:child_process';
      import { once } from 'node:events';
      const said = [];
      const open = () => openAudit({ to: { file }, onProblem: (m) => said.push(m) });
      await open().catch((error) => said.push(error.message));
      const reader = spawn('cat', [file], { stdio: 'ignore' });
      let audit = null;
      while (audit === null) audit = await open().catch(() => null);
      const told = [await audit.intent(record('a'))];
      reader.kill();
      await once(reader, 'exit');
      await audit.reopen();
      told.push(await audit.intent(record('b')));
      await audit.close();
      process.stdout.write(JSON.stringify({ told, said }));`;
    const { stdout } = spawnSync(process.execPath, node(body, jsonl, file), {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    const nobody = 'it is a pipe that nobody reads';
    expect(JSON.parse(stdout)).toEqual({
      told: [true, false],
      said: [
        `the audit cannot be written to \`${file}\`: ${nobody}`,
        `the audit stays in its old file, \`${file}\` cannot be opened: ${nobody}`,
        `the audit cannot be written to \`${file}\`: EPIPE: broken pipe, write; its lines wait`,
        'the audit was closed with 1 lines that could not be written',
      ],
    });
  }, 30_000);
});
