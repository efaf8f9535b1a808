import { createReadStream } from 'node:fs';
import { type CallLine, type Read, readCallLine } from './call-line.ts';
import { CommandError, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** A line of a calls file: a call with its time, or what is wrong with it. */
export interface FiledCall {
  /** From 1; blank lines count. */
  readonly line: number;
  readonly read: Read<TimedCall>;
}

export interface TimedCall extends CallLine {
  readonly at: number;
}

/** The calls of a file, `-` for stdin, in the order of their times; a line that is none is told, and left out. */
export async function* callsOf(file: string): AsyncGenerator<FiledCall> {
  let line = 0;
  let previousAt: number | null = null;
  for await (const bytes of linesOf(file)) {
    line++;
    const read = readBytes(bytes);
    if (read === null) continue;
    const timed = inOrder(read, previousAt);
    if (timed.ok) previousAt = timed.value.at;
    yield { line, read: timed };
  }
}

/** As much as a line of an audit may have, from which a call can be replayed as well. */
const MAX_LINE_MIB = 4;
const MAX_LINE_BYTES = MAX_LINE_MIB * 1024 * 1024;

/** A line's bytes -> a call; null for a blank line. */
function readBytes(bytes: Buffer): Read<CallLine> | null {
  if (bytes.length > MAX_LINE_BYTES)
    return { ok: false, error: `expected a line of at most ${MAX_LINE_MIB} MiB` };
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.trim() === '' ? null : readCallLine(text);
  } catch {
    return { ok: false, error: 'expected UTF-8' };
  }
}

/** A call without a time has that of the line before; the first has none before it. */
function inOrder(read: Read<CallLine>, previousAt: number | null): Read<TimedCall> {
  if (!read.ok) return read;
  const at = read.value.at ?? previousAt ?? Date.now();
  if (previousAt !== null && at < previousAt) {
    return { ok: false, error: 'expected `at` not before the time of the last decided line' };
  }
  const { settledAt } = read.value;
  if (settledAt !== null && settledAt < at)
    return { ok: false, error: 'expected `settled_at` not before `at`' };
  return { ok: true, value: { ...read.value, at } };
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const input = file === '-' ? process.stdin : createReadStream(file);
  let rest: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        yield Buffer.concat([...rest, chunk.subarray(start, end)]);
        rest = [];
        length = 0;
        start = end + 1;
      }
      // Of a line that is too long no more is kept than what shows it.
      if (start < chunk.length && length <= MAX_LINE_BYTES) rest.push(chunk.subarray(start));
      length += chunk.length - start;
    }
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
