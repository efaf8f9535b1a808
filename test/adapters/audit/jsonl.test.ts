import { EventEmitter } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { openAudit } from '../../../src/adapters/audit/jsonl.ts';
import { folder, idsOf, linesOf, record, sha256, verify, verifyFiles, ZEROS } from './files.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const MIB = 1024 * 1024;

function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ids = (from: number, to: number) => numbers(from, to).map(String);

function open(file: string, problems: string[] = [], recoveries: string[] = []) {
  return openAudit({
    to: { file },
    onProblem: (message) => problems.push(message),
    onRecovery: (message) => recoveries.push(message),
  });
}

describe('the audit file', () => {
  it('has the record, then `prev`, then `hash` over the rest of the line', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    audit.write(record(1));
    expect(await audit.intent({ ...record(2), intent: true })).toBe(true);
    await audit.close();
    const [first = '', second = ''] = linesOf(file);
    const firstHash = sha256(JSON.stringify({ ...record(1), prev: ZEROS }));
    const secondHash = sha256(JSON.stringify({ ...record(2), intent: true, prev: firstHash }));
    expect(first).toBe(JSON.stringify({ ...record(1), prev: ZEROS, hash: firstHash }));
    expect(second).toBe(JSON.stringify({ ...record(2), intent: true, prev: firstHash, hash: secondHash }));
  });

  it('and the folders above it are for their owner only', async () => {
    const top = folder();
    const file = join(top, 'state', 'portcullis', 'a.jsonl');
    await (await open(file)).close();
    const modes = [file, join(top, 'state', 'portcullis'), join(top, 'state')].map(
      (path) => statSync(path).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o700, 0o700]);
  });

  it('is not continued within a line that another process left unfinished meanwhile', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    expect(await audit.intent(record(1))).toBe(true);
    appendFileSync(file, '{"id":"of another that');
    expect(await audit.intent(record(2))).toBe(true);
    appendFileSync(file, '{"id":"whole"}\n');
    expect(await audit.intent(record(3))).toBe(true);
    await audit.close();
    const lines = linesOf(file);
    expect(lines.map((line) => (line.endsWith('}') ? JSON.parse(line).id : 'torn'))).toEqual([
      '1',
      'torn',
      '2',
      'whole',
      '3',
    ]);
  });

  it('does not let lines gather of which more than one write waits already', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    const large = 'x'.repeat(1_000);
    const records = numbers(1, 20_000).map((id) => record(id, large));
    const sizes = records.map((each) => JSON.stringify({ ...each, prev: ZEROS, hash: ZEROS }).length + 1);
    const size = sizes.reduce((sum, each) => sum + each);
    for (const each of records) audit.write(each);
    // Some 400 writes. Had each waited for a timer, there were as many turns of this one.
    for (let turns = 0; statSync(file).size < size; turns++) {
      expect(turns).toBeLessThan(200);
      await setTimeout(5);
    }
    await audit.close();
    expect(idsOf(file)).toEqual(ids(1, 20_000));
  });

  it('keeps the order of the calls, and an intent is in the file when it says so', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    const large = 'x'.repeat(1_000);
    const intents = numbers(1, 3_000).map(async (id) => {
      if (id % 3 !== 0) return audit.write(record(id, large));
      expect(await audit.intent(record(id, large))).toBe(true);
      if (id % 100 === 0) expect(idsOf(file)).toContain(String(id));
    });
    await Promise.all(intents);
    await audit.close();
    expect(idsOf(file)).toEqual(ids(1, 3_000));
    expect(await verifyFiles(file)).toEqual({ ok: true, count: 3_000, from: ZEROS, chains: 1, torn: 0 });
  });

  it('writes a line that is longer than a batch', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    for (const id of numbers(1, 4)) audit.write(record(id, 'é'.repeat(id % 2 === 0 ? 200_000 : 1)));
    await audit.close();
    expect(idsOf(file)).toEqual(ids(1, 4));
  });

  it('continues where the process before ended, however long its last line was', async () => {
    const file = join(folder(), 'a.jsonl');
    for (const id of numbers(1, 3)) {
      const audit = await open(file);
      audit.write(record(id, 'x'.repeat(300_000)));
      await audit.close();
    }
    expect(await verifyFiles(file)).toEqual({ ok: true, count: 3, from: ZEROS, chains: 1, torn: 0 });
  });

  const unfinished = ['{"id":"torn","at', '{"id":"torn","hash":"00"}', 'é'.repeat(70_000)];
  for (const text of unfinished) {
    it(`ends a line that a crash left as \`${text.slice(0, 30)}\``, async () => {
      const file = join(folder(), 'a.jsonl');
      for (const id of numbers(1, 3)) {
        const audit = await open(file);
        audit.write(record(id));
        await audit.close();
        appendFileSync(file, text);
      }
      appendFileSync(file, '\n');
      expect(linesOf(file)).toHaveLength(6);
      expect(await verifyFiles(file)).toEqual({ ok: true, count: 3, from: ZEROS, chains: 1, torn: 3 });
    });
  }

  it('begins anew after something that is no audit', async () => {
    const file = join(folder(), 'a.jsonl');
    writeFileSync(file, 'hello\nworld');
    const audit = await open(file);
    audit.write(record(1));
    await audit.close();
    expect(linesOf(file)[2]).toContain(`"prev":"${ZEROS}"`);
  });

  it('takes nothing after it was closed', async () => {
    const file = join(folder(), 'a.jsonl');
    const audit = await open(file);
    const before = audit.intent(record(1));
    await audit.close();
    await audit.close();
    expect(idsOf(file)).toEqual(['1']);
    unlinkSync(file);
    await audit.reopen();
    audit.write(record(2));
    expect([await before, await audit.intent(record(3))]).toEqual([true, false]);
    expect(existsSync(file)).toBe(false);
  });
});

describe('an audit that cannot be opened', () => {
  const rows: readonly (readonly [name: string, file: (folder: string) => string, code: string])[] = [
    ['a folder', (folder) => folder, 'EISDIR'],
    ['under a file', (folder) => join(folder, 'file', 'a.jsonl'), 'EEXIST|ENOTDIR'],
    ['where nothing can be made', () => '/proc/portcullis/a.jsonl', 'ENOENT'],
  ];
  for (const [name, file, code] of rows) {
    it(`says so in one line: ${name}`, async () => {
      const top = folder();
      writeFileSync(join(top, 'file'), '');
      const path = file(top);
      const problem = await open(path).then(
        () => 'opened',
        (error: Error) => error.message,
      );
      expect(problem.startsWith(`the audit cannot be written to \`${path}\`: `)).toBe(true);
      expect(problem).toMatch(new RegExp(`: (${code}): [^\\n]+$`));
    });
  }
});

describe('an outage', () => {
  it('is told once, and intents are not written', async () => {
    const problems: string[] = [];
    const audit = await open('/dev/full', problems);
    expect(await audit.intent(record(1))).toBe(false);
    audit.write(record(2));
    expect(await Promise.all([audit.intent(record(3)), audit.intent(record(4))])).toEqual([false, false]);
    expect(problems).toEqual([
      'the audit cannot be written to `/dev/full`: ENOSPC: no space left on device, write; its lines wait',
    ]);
    await audit.close();
    expect(problems[1]).toBe('the audit was closed with 4 lines that could not be written');
  });

  it('loses no line that can wait; its end is told, and the next outage again', async () => {
    const top = folder();
    const file = join(top, 'a.jsonl');
    symlinkSync('/dev/full', file);
    const problems: string[] = [];
    const recoveries: string[] = [];
    const audit = await open(file, problems, recoveries);
    for (const id of numbers(1, 500)) audit.write(record(id));
    expect(await audit.intent(record(501))).toBe(false);
    unlinkSync(file);
    await audit.reopen();
    expect(await audit.intent(record(502))).toBe(true);
    expect(idsOf(file)).toEqual(ids(1, 502));
    expect(problems).toHaveLength(1);
    expect(recoveries).toEqual([`the audit is written to \`${file}\` again`]);
    await rename(file, join(top, 'whole.jsonl'));
    symlinkSync('/dev/full', file);
    await audit.reopen();
    expect(await audit.intent(record(503))).toBe(false);
    expect(problems).toHaveLength(2);
    await audit.close();
    expect(await verifyFiles(join(top, 'whole.jsonl'))).toMatchObject({ ok: true, count: 502 });
  });

  it('is tried again without being asked', async () => {
    const failing = { now: true };
    const seen: string[] = [];
    const stream = Object.assign(new EventEmitter(), {
      writable: true,
      write(chunk: Buffer, done: (error?: Error) => void) {
        if (!failing.now) seen.push(String(chunk));
        queueMicrotask(() => done(failing.now ? new Error('not now') : undefined));
      },
    }) as unknown as NodeJS.WritableStream;
    const audit = await openAudit({ to: { stream }, onProblem: () => {} });
    expect(await audit.intent(record(1))).toBe(false);
    failing.now = false;
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(1);
    await audit.close();
  });

  it('of more lines than can wait drops the oldest and says how many', async () => {
    const file = join(folder(), 'a.jsonl');
    symlinkSync('/dev/full', file);
    const audit = await open(file);
    const first = audit.intent(record(1));
    for (const id of numbers(2, 100_050)) audit.write(record(id, ''));
    expect(await first).toBe(false);
    expect(await audit.intent(record(100_051))).toBe(false);
    unlinkSync(file);
    await audit.reopen();
    await audit.close();
    const [lost = '', ...rest] = linesOf(file);
    expect(JSON.parse(lost)).toEqual({
      at: expect.stringMatching(/^\d{4}-.*Z$/),
      lost: 51,
      prev: ZEROS,
      hash: expect.any(String),
    });
    expect(rest.map((line) => JSON.parse(line).id)).toEqual(ids(52, 100_051));
    expect(await verifyFiles(file)).toMatchObject({ ok: true, count: 100_001, chains: 1 });
  });

  it('of long lines does not become one of memory', async () => {
    const file = join(folder(), 'a.jsonl');
    symlinkSync('/dev/full', file);
    const audit = await open(file);
    const large = 'x'.repeat(1024 * 1024);
    for (const id of numbers(1, 100)) audit.write(record(id, large));
    expect(await audit.intent(record(101))).toBe(false);
    unlinkSync(file);
    await audit.reopen();
    await audit.close();
    const [lost = '', ...rest] = linesOf(file);
    expect(JSON.parse(lost).lost).toBeGreaterThan(35);
    expect(JSON.parse(lost).lost + rest.length).toBe(101);
  });
});

describe('a write that does not end', () => {
  it('lets no more wait behind it than an outage does', async () => {
    const stream = Object.assign(new EventEmitter(), { writable: true, write: () => true });
    const audit = await openAudit({ to: { stream: stream as never }, onProblem: () => {} });
    audit.write(record('under way'));
    await setTimeout(50);
    const before = heldBytes();
    // Flat strings, each in memory of its own.
    for (const id of numbers(1, 5_000)) audit.write(record(id, Buffer.alloc(64 * 1024, 'x').toString()));
    // 64 MiB of lines, and for a while as many that gave way.
    expect((heldBytes() - before) / MIB).toBeLessThan(64 + 64 + 16);
    await audit.close();
  });

  it('keeps nobody waiting, is told once, and what it wrote counts when it ends', async () => {
    const problems: string[] = [];
    const seen: string[] = [];
    let take = () => {};
    const stream = Object.assign(new EventEmitter(), {
      writable: true,
      write(chunk: Buffer, done: () => void) {
        seen.push(String(chunk));
        if (seen.length === 1) take = done;
        else done();
      },
    }) as unknown as NodeJS.WritableStream;
    const audit = await openAudit({ to: { stream }, onProblem: (message) => problems.push(message) });
    expect(audit.isWritten()).toBe(true);
    expect(await Promise.all([audit.intent(record(1)), audit.intent(record(2))])).toEqual([false, false]);
    expect(audit.isWritten()).toBe(false);
    audit.write(record(3));
    expect(await audit.intent(record(4))).toBe(false);
    expect(problems).toEqual([
      'the audit cannot be written to the stream: nothing was taken for 5 seconds; its lines wait',
    ]);
    take();
    await expect.poll(() => audit.isWritten(), { timeout: 10_000 }).toBe(true);
    expect(await audit.intent(record(5))).toBe(true);
    await audit.close();
    const lines = seen.join('').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(ids(1, 5));
    expect(await verify(...lines)).toMatchObject({ ok: true, count: 5, chains: 1 });
  });

  it('does not keep the audit from closing', async () => {
    const problems: string[] = [];
    const stream = Object.assign(new EventEmitter(), {
      writable: true,
      write() {},
    }) as unknown as NodeJS.WritableStream;
    const audit = await openAudit({ to: { stream }, onProblem: (message) => problems.push(message) });
    const first = audit.intent(record(1));
    await audit.close();
    expect(await first).toBe(false);
    await audit.close();
    expect(problems.at(-1)).toBe('the audit was closed with 1 lines that could not be written');
  });
});

describe('a file that is removed', () => {
  it('is begun anew under its name, which is told, and the chain continues', async () => {
    const top = folder();
    const file = join(top, 'a.jsonl');
    const problems: string[] = [];
    const audit = await open(file, problems);
    expect(await audit.intent(record(1))).toBe(true);
    const [first = ''] = linesOf(file);
    unlinkSync(file);
    expect(await audit.intent(record(2))).toBe(true);
    await audit.close();
    expect(idsOf(file)).toEqual(['2']);
    expect(problems).toEqual([`the audit was begun anew: \`${file}\` was removed`]);
    expect(await verify(first, ...linesOf(file))).toMatchObject({ ok: true, count: 2, chains: 1 });
  });

  it('and cannot be made again is an outage, until it can', async () => {
    const top = folder();
    mkdirSync(join(top, 'in'));
    const file = join(top, 'in', 'a.jsonl');
    const problems: string[] = [];
    const audit = await open(file, problems);
    unlinkSync(file);
    rmdirSync(join(top, 'in'));
    writeFileSync(join(top, 'in'), 'a file now');
    expect([await audit.intent(record(1)), audit.isWritten()]).toEqual([false, false]);
    unlinkSync(join(top, 'in'));
    expect([await audit.intent(record(2)), audit.isWritten()]).toEqual([true, true]);
    await audit.close();
    expect(idsOf(file)).toEqual(['1', '2']);
    expect(problems).toEqual([
      expect.stringMatching(/^the audit cannot be written to `.*`: E(NOTDIR|EXIST)/),
      expect.stringMatching(/begun anew/),
    ]);
  });
});

describe('opening anew', () => {
  it('after a rename writes to the new file, loses nothing and continues the chain', async () => {
    const top = folder();
    const file = join(top, 'a.jsonl');
    const old = join(top, 'a.jsonl.1');
    const audit = await open(file);
    for (const id of numbers(1, 200)) audit.write(record(id));
    expect(await audit.intent(record(201))).toBe(true);
    await rename(file, old);
    for (const id of numbers(202, 400)) audit.write(record(id));
    const reopened = audit.reopen();
    for (const id of numbers(401, 600)) audit.write(record(id));
    await reopened;
    audit.write(record(601));
    await audit.close();
    expect([...idsOf(old), ...idsOf(file)]).toEqual(ids(1, 601));
    expect(idsOf(file)).toContain('601');
    expect(await verifyFiles(old, file)).toEqual({ ok: true, count: 601, from: ZEROS, chains: 1, torn: 0 });
    const last = JSON.parse(linesOf(old).at(-1) ?? '').hash;
    expect(await verifyFiles(file)).toMatchObject({ ok: true, from: last });
  });

  it('that fails stays in the old file', async () => {
    const top = folder();
    mkdirSync(join(top, 'in'));
    const file = join(top, 'in', 'a.jsonl');
    const problems: string[] = [];
    const audit = await open(file, problems);
    await rename(join(top, 'in'), join(top, 'out'));
    writeFileSync(join(top, 'in'), 'a file now');
    await audit.reopen();
    expect(await audit.intent(record(1))).toBe(true);
    await audit.close();
    expect(idsOf(join(top, 'out', 'a.jsonl'))).toEqual(['1']);
    expect(problems).toEqual([
      expect.stringMatching(/^the audit stays in its old file, `.*` cannot be opened: E/),
    ]);
  });
});

describe('other places', () => {
  it('a stream gets the same lines and is not ended', async () => {
    const stream = new PassThrough();
    const audit = await openAudit({ to: { stream }, onProblem: () => {} });
    expect(await audit.intent(record(1))).toBe(true);
    audit.write(record(2));
    await audit.reopen();
    await audit.close();
    expect(stream.writableEnded).toBe(false);
    const text = String(stream.read());
    expect(text.split('\n').map((line) => line && JSON.parse(line).id)).toEqual(['1', '2', '']);
    expect(text).toContain(`"prev":"${ZEROS}"`);
  });

  it('a stream that breaks is an outage and ends nothing', async () => {
    const problems: string[] = [];
    const stream = new PassThrough();
    const audit = await openAudit({ to: { stream }, onProblem: (message) => problems.push(message) });
    stream.destroy(new Error('broken pipe'));
    expect(await audit.intent(record(1))).toBe(false);
    audit.write(record(2));
    await audit.close();
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^the audit cannot be written to the stream: .*; its lines wait$/);
  });

  it('a stream that failed without ending keeps nobody waiting', async () => {
    const stream = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(new Error('no')),
    });
    const audit = await openAudit({ to: { stream }, onProblem: () => {} });
    expect([await audit.intent(record(1)), await audit.intent(record(2))]).toEqual([false, false]);
    await audit.close();
  });

  it('off holds nobody up and makes no file', async () => {
    const audit = await openAudit({ to: 'off', onProblem: () => {} });
    audit.write(record(1));
    expect(await audit.intent(record(2))).toBe(true);
    await audit.reopen();
    await audit.close();
    expect(existsSync('off')).toBe(false);
  });
});
