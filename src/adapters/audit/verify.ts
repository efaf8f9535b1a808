import { NO_PREVIOUS, readLink } from './chain.ts';

export type Verified =
  | {
      readonly ok: true;
      /** Whole lines. */
      readonly count: number;
      /** `prev` of the first line: 64 zeros at the very beginning, else the hash that an older file ends with. */
      readonly from: string;
      /** How often a line does not follow the newest line of its chain: 1 for one process after another. */
      readonly chains: number;
      /** Lines that a crash or a full disk left unfinished. */
      readonly torn: number;
    }
  | {
      readonly ok: false;
      /** From 1. */
      readonly line: number;
      readonly why: string;
    };

/**
 * Checks lines of an audit, without newlines, oldest file first. Every line must have the hash of its own text, and
 * as `prev` the hash of an earlier line, of which several may follow one (processes that share a file), or 64 zeros
 * (a process that found the file empty). What came before the first line is not known and taken as given.
 */
export async function verifyAudit(lines: AsyncIterable<string>): Promise<Verified> {
  // Every hash so far, and whether a line followed it.
  const followed = new Map<string, boolean>();
  let number = 0;
  let count = 0;
  let chains = 0;
  let torn = 0;
  let from = NO_PREVIOUS;
  for await (const line of lines) {
    number++;
    if (line === '') continue;
    const link = readLink(line);
    if (link === null) {
      torn++;
      continue;
    }
    if (count > 0 && link.hash === from) {
      return {
        ok: false,
        line: number,
        why: 'a file before this one continues it; expected the oldest file first',
      };
    }
    if (link.hash !== link.computed)
      return { ok: false, line: number, why: 'the line is not what was written' };
    const [prev, hash] = [bytesOf(link.prev), bytesOf(link.hash)];
    if (count === 0) from = link.prev;
    else if (link.prev !== NO_PREVIOUS && !followed.has(prev)) {
      return { ok: false, line: number, why: 'the line before it, by its `prev`, is missing' };
    }
    if (followed.has(hash)) return { ok: false, line: number, why: 'the same line was there before' };
    if (followed.get(prev) !== false) chains++;
    followed.set(prev, true);
    followed.set(hash, false);
    count++;
  }
  return { ok: true, count, from, chains, torn };
}

/** A hash as a text of its own: the one that was read is a window onto its line, which would be kept with it. */
function bytesOf(hash: string): string {
  return Buffer.from(hash, 'hex').toString('latin1');
}
