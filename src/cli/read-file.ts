import { closeSync, openSync, readSync } from 'node:fs';

/** A file that is written by people and larger than this is not read at all; its parser tells the exact bound. */
const MAX_TEXT_BYTES = 2 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;

/** The bytes of a file, at most so many. Throws where it cannot be read or has more: a device or a pipe may never end. */
export function readFile(file: string, maxBytes: number): Buffer {
  const bytes = readAtMost(file, maxBytes);
  if (bytes === null) throw new Error(`it has more than ${maxBytes / 1024} KiB`);
  return bytes;
}

/** The bytes of a policy, a directory or tests; of one that is too large as many zeros as show it. `-` is stdin. */
export function readTextFile(file: string): Uint8Array {
  return readAtMost(file, MAX_TEXT_BYTES) ?? new Uint8Array(MAX_TEXT_BYTES);
}

function readAtMost(file: string, maxBytes: number): Buffer | null {
  const descriptor = file === '-' ? 0 : openSync(file, 'r');
  try {
    const blocks: Buffer[] = [];
    for (let bytes = 0; bytes <= maxBytes; ) {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      const count = readSync(descriptor, block);
      if (count === 0) return Buffer.concat(blocks);
      blocks.push(block.subarray(0, count));
      bytes += count;
    }
    return null;
  } finally {
    if (file !== '-') closeSync(descriptor);
  }
}
