import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { type Recorded, readRecord, recordedCalls } from '../../src/cli/recorded-calls.ts';
import { record } from '../support/records.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string | Buffer): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

async function read(...files: readonly string[]): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const each of recordedCalls(files)) seen.push(shown(each));
  return seen;
}

function shown(each: Recorded): string {
  const name = each.file.slice(folder.path.length + 1);
  return `${name}:${each.line} ${'record' in each ? each.record.id : each.problem}`;
}

const [a, b, c] = ['a', 'b', 'c'].map((id) => JSON.stringify(record({ id })));

describe('the records of audit files', () => {
  it('come in the order of files and lines, plain or packed, whatever a file is called', async () => {
    const packed = file('packed.log', Buffer.concat([gzipSync(`${a}\n`), gzipSync(`${b}\n`)]));
    const plain = file('plain.gz', `${c}`);
    expect(await read(packed, plain)).toEqual(['packed.log:1 a', 'packed.log:2 b', 'plain.gz:1 c']);
  });

  it('may have blank lines and carriage returns between them', async () => {
    expect(await read(file('blank', `\n${a}\r\n\r\n${b}\r\n`))).toEqual(['blank:2 a', 'blank:4 b']);
  });

  it('are read on behind bytes that are no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(`${a}\n`), Buffer.from([0xff, 0x0a]), Buffer.from(`${b}é`)]);
    expect(await read(file('bytes', bytes))).toEqual([
      'bytes:1 a',
      'bytes:2 expected UTF-8',
      expect.stringMatching(/^bytes:3 not JSON/),
    ]);
  });

  it('are read on behind a line that is too long for memory', async () => {
    const path = join(folder.path, 'long');
    const out = createWriteStream(path);
    out.write(`${a}\n"`);
    for (let i = 0; i < 9; i++) out.write('x'.repeat(1024 * 1024));
    await new Promise((done) => out.end(`"\n${b}\n`, () => done(null)));
    expect(await read(path)).toEqual(['long:1 a', 'long:2 expected a line of at most 4 MiB', 'long:3 b']);
  });

  it('of a packed file that was cut off are told up to there, and the next file is read', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => JSON.stringify(record({ id: `r${i * 7919}` })));
    const packed = gzipSync(text.join('\n'));
    const seen = await read(file('cut.gz', packed.subarray(0, packed.length - 400)), file('next', `${a}`));
    expect(seen.length).toBeGreaterThan(100);
    expect(seen.at(-2)).toMatch(/^cut\.gz:\d+ the file cannot be read from here on: unexpected end of file$/);
    expect(seen.at(-1)).toBe('next:1 a');
  });

  it('keep letters that a piece of the file ends within', async () => {
    const note = 'é✓𝄞'.repeat(100_000);
    const [one] = await readAll(file('letters', JSON.stringify(record({ note }))));
    expect(one).toEqual(record({ note }));
  });
});

async function readAll(path: string): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for await (const each of recordedCalls([path])) all.push('record' in each ? each.record : each.problem);
  return all;
}

const problems = [
  ['a text that is no JSON', '{"id":', /^not JSON/],
  ['a list', '[]', /^expected a record, a JSON object/],
  ['a key that is there twice', a?.replace('{', '{"id":"x",'), /duplicate_key/],
  ['a key that is there twice deep inside', a?.replace('"args":{', '"args":{"x":1,"x":2'), /duplicate_key/],
  ['a number that was lost', a?.replace('"ms":1', '"ms":1e999'), /number_out_of_range/],
  ['lost records', '{"at":"2026-01-01T00:00:00.000Z","lost":12}', /^12 records were lost here/],
  ['a record without an id', JSON.stringify({ ...record({}), id: 1 }), /`id` is to be a text$/],
  ['a time without milliseconds', JSON.stringify(record({ at: '2026-01-01T00:00:00Z' })), /`at` is to be/],
  ['a time that is none', JSON.stringify(record({ at: '2026-01-41T00:00:00.000Z' })), /`at` is to be/],
  ['a code that nobody knows', JSON.stringify({ ...record({}), code: 'toString' }), /`code` is to be/],
  ['a caller without a session', JSON.stringify({ ...record({}), caller: {} }), /`caller` is to be/],
  ['a call line', '{"tool":"fusionauth-vendjwtwithid"}', /^expected a record of the audit: `id`/],
] as const;

describe('a line that is no record', () => {
  it.each(problems)('is told: %s', (_name, text, problem) => {
    expect(readRecord(text ?? '')).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('is not one that is only written in another way', () => {
    expect(readRecord(JSON.stringify(record({}), null, 1).replaceAll('\n', ''))).toEqual({
      record: record({}),
    });
  });
});
