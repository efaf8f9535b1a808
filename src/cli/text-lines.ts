import { isAscii, isUtf8 } from 'node:buffer';
import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CommandError, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** One line of a file, or why its text cannot be had. Lines are numbered from 1. */
export type TextLine = { readonly file: string; readonly line: number } & (
  | { readonly text: string }
  | { readonly problem: string }
);

/** Told how many bytes were read, as they stand in the file: compressed ones where it is. */
export type OnBytes = (count: number) => void;

/** More than any record or call that the proxy accepts: it holds at most 1 MiB of arguments. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** So much is read at once. The text of a block this large is not copied when memory is collected. */
const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** The size of all files together, or null where one has none, as stdin. Throws where one cannot be read. */
export function sizeOf(files: readonly string[]): number | null {
  const sizes = files.map((file) => (file === '-' ? null : sizeOfFile(file)));
  return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
}

function sizeOfFile(file: string): number {
  try {
    const stats = statSync(file);
    if (!stats.isDirectory()) return stats.size;
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
  throw new CommandError(`cannot read \`${file}\`: it is a folder`, exit.usage);
}

/**
 * The lines of files one after another, many at a time: waiting for each of them would take longer than reading it.
 * Files are read in their order, `-` for stdin, plain or gzip (told by its first bytes, not by its name).
 * Blank lines are left out and counted. What is longer than a line can be, is not UTF-8, or cannot be read to its end
 * is answered as a problem where it stands, and the next line or file goes on.
 */
export async function* textLines(
  files: readonly string[],
  onBytes: OnBytes = () => {},
): AsyncGenerator<readonly TextLine[]> {
  for (const file of files) {
    let line = 1;
    try {
      for await (const block of blocksOf(openFile(file, onBytes))) {
        const lines: TextLine[] = [];
        line = readLines(block, file, line, lines);
        yield lines;
      }
    } catch (error) {
      yield [{ file, line, problem: `the file cannot be read from here on: ${reasonOf(error)}` }];
    }
  }
}

/** The bytes of a file, `-` for stdin, unpacked where they begin as gzip does. */
export async function* openFile(file: string, onBytes: OnBytes = () => {}): AsyncGenerator<Buffer> {
  const input: Readable =
    file === '-' ? process.stdin : createReadStream(file, { highWaterMark: BLOCK_BYTES });
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await chunks.next();
  if (first.done === true) return;
  const all = counted(first.value, chunks, onBytes);
  const isPacked = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (isPacked) yield* unpacked(all);
  else yield* all;
}

async function* counted(
  first: Buffer,
  rest: AsyncIterator<Buffer>,
  onBytes: OnBytes,
): AsyncGenerator<Buffer> {
  for (let chunk = first; ; ) {
    onBytes(chunk.length);
    yield chunk;
    const next = await rest.next();
    if (next.done === true) return;
    chunk = next.value;
  }
}

async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { pipeline, Readable: From } = await import('node:stream');
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  // Its failure is told by reading from it.
  pipeline(From.from(packed, { highWaterMark: 1 }), gunzip, () => {});
  yield* gunzip as AsyncIterable<Buffer>;
}

/** A run of whole lines, or one line that is too long. */
type Block = Buffer | 'too long';

async function* blocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const begin = chunk.indexOf(NEWLINE) + 1;
    if (begin === 0) {
      // A line that is too long is counted, and not kept.
      rest = length > MAX_LINE_BYTES ? [] : [...rest, chunk];
      length += chunk.length;
      continue;
    }
    yield length > MAX_LINE_BYTES ? 'too long' : Buffer.concat([...rest, chunk.subarray(0, begin - 1)]);
    const end = chunk.lastIndexOf(NEWLINE);
    if (begin <= end) yield chunk.subarray(begin, end);
    rest = [chunk.subarray(end + 1)];
    length = chunk.length - end - 1;
  }
  if (length > MAX_LINE_BYTES) yield 'too long';
  else if (length > 0) yield Buffer.concat(rest);
}

const TOO_LONG = `expected a line of at most ${MAX_LINE_BYTES / 1024 / 1024} MiB`;
const NOT_UTF8 = 'expected UTF-8';

/** Adds the lines of a block, the first of which has a number. Answers the number of the line behind it. */
function readLines(block: Block, file: string, first: number, lines: TextLine[]): number {
  if (block === 'too long') {
    lines.push({ file, line: first, problem: TOO_LONG });
    return first + 1;
  }
  // Checked as a whole: bytes that are no UTF-8 would become U+FFFD and look like text.
  const isText = isUtf8(block);
  const text = block.toString(isText && !isAscii(block) ? 'utf8' : 'latin1');
  let line = first;
  for (let begin = 0; begin <= text.length; line++) {
    const newline = text.indexOf('\n', begin);
    const end = newline === -1 ? text.length : newline;
    const each = text.slice(begin, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
    begin = end + 1;
    const whole = isText ? each : fromLatin1(each);
    if (whole === null) lines.push({ file, line, problem: NOT_UTF8 });
    else if (whole.length > MAX_LINE_BYTES) lines.push({ file, line, problem: TOO_LONG });
    else if (whole.trim() !== '') lines.push({ file, line, text: whole });
  }
  return line;
}

/** Of a block with bytes that are no UTF-8, a line that is; null: it is none. */
function fromLatin1(line: string): string | null {
  const bytes = Buffer.from(line, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}
