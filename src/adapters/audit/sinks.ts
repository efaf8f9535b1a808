import { constants, fstatSync, readSync } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NO_PREVIOUS, readLink } from './chain.ts';

/** Where lines go. */
export interface Sink {
  /** Resolves to how many bytes were accepted, which may be fewer; rejects where none were. */
  append(bytes: Buffer): Promise<number>;
  close(): Promise<void>;
  /** Whether what is written goes nowhere, since the file has no name any more. */
  isRemoved(): boolean;
  /** The size of the file where others wrote to it since, and what they wrote ends within a line; else null. */
  tornAt(): number | null;
  /** The hash of the last whole line that was there before. */
  readonly lastHash: string;
  /** What was there before ends within a line. */
  readonly torn: boolean;
}

/** A sink that can be opened anew, under the words that name it in messages. */
export interface Target {
  readonly name: string;
  open(): Promise<Sink>;
}

const FIRST_LOOK = 64 * 1024;
const NEWLINE = 0x0a;

/** A file that is appended to; it and the folders above it are for its owner only where they are made here. */
export function fileTarget(file: string): Target {
  return {
    name: `\`${file}\``,
    async open() {
      const handle = await openForAppending(file);
      try {
        return { ...(await lookBack(file, handle)), ...appending(handle) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
  };
}

async function openForAppending(file: string): Promise<FileHandle> {
  const found = await stat(file).catch(() => null);
  const reader = found?.isFIFO() === true ? await findReader(file) : null;
  // How a file ends is read; whoever opens a pipe for reading would be its reader.
  const flags = found === null || found.isFile() ? 'a+' : 'a';
  try {
    return await open(file, flags, 0o600);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeFolder(dirname(file));
    return await open(file, flags, 0o600);
  } finally {
    await reader?.close();
  }
}

/** To open a pipe that nobody reads would wait for ever, and a thread of the process with it; without waiting it fails. */
async function findReader(file: string): Promise<FileHandle> {
  try {
    return await open(file, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENXIO') throw new Error('it is a pipe that nobody reads');
    throw error;
  }
}

/** Not `mkdir` with `recursive`: in a place like /proc, where nothing can be made, that never returns. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (!isMissing(error) || dirname(folder) === folder) throw error;
    await makeParent(folder);
    await mkdir(folder, { mode: 0o700 });
  }
}

async function makeParent(folder: string): Promise<void> {
  if (await stat(dirname(folder)).catch(() => null)) return;
  await makeFolder(dirname(folder));
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function appending(handle: FileHandle): Omit<Sink, keyof Before> {
  let { size: end } = fstatSync(handle.fd);
  return {
    // One write(2) with O_APPEND: lines of several processes follow each other and never mix.
    async append(bytes) {
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, null);
      end += bytesWritten;
      return bytesWritten;
    },
    close: () => handle.close(),
    isRemoved: () => fstatSync(handle.fd).nlink === 0,
    tornAt() {
      const { size } = fstatSync(handle.fd);
      if (size === end || size === 0) return null;
      const last = Buffer.alloc(1);
      if (readSync(handle.fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE) return size;
      end = size;
      return null;
    },
  };
}

type Before = Pick<Sink, 'lastHash' | 'torn'>;
const NOTHING_BEFORE: Before = { lastHash: NO_PREVIOUS, torn: false };

async function lookBack(file: string, appender: FileHandle): Promise<Before> {
  const { size } = await appender.stat();
  // Devices and pipes have no size, and no past.
  if (size === 0) return NOTHING_BEFORE;
  const reader = await open(file, 'r');
  try {
    for (let length = FIRST_LOOK; ; length *= 4) {
      const tail = await readEnd(reader, size, Math.min(length, size));
      const lastHash = lastHashIn(tail, tail.length === size);
      if (lastHash !== null) return { lastHash, torn: tail.at(-1) !== NEWLINE };
      if (tail.length === size) return { lastHash: NO_PREVIOUS, torn: tail.at(-1) !== NEWLINE };
    }
  } finally {
    await reader.close();
  }
}

async function readEnd(reader: FileHandle, size: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await reader.read(Buffer.alloc(length), 0, length, size - length);
  if (bytesRead < length) throw new Error('the file became shorter while it was read');
  return buffer;
}

function lastHashIn(tail: Buffer, whole: boolean): string | null {
  const lines = tail.toString('utf8').split('\n');
  lines.pop();
  // Where this is not the whole file, its first line may have begun before.
  if (!whole) lines.shift();
  for (const line of lines.reverse()) {
    const found = readLink(line);
    if (found) return found.hash;
  }
  return null;
}

/** A stream that belongs to somebody else: it is written to and never ended. */
export function streamTarget(stream: NodeJS.WritableStream): Target {
  // A broken pipe is told to each write; without a listener it would also end the process, even after closing.
  stream.on('error', () => {});
  const sink: Sink = {
    ...NOTHING_BEFORE,
    append: (bytes) => writeTo(stream, bytes),
    close: async () => {},
    isRemoved: () => false,
    tornAt: () => null,
  };
  return { name: 'the stream', open: async () => sink };
}

function writeTo(stream: NodeJS.WritableStream, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    // A stream that failed may never answer another write.
    if (!stream.writable) throw new Error('it takes no more');
    stream.write(bytes, (error) => (error ? reject(error) : resolve(bytes.length)));
  });
}
