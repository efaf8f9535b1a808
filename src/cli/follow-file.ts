import { statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What is done with the bytes of a file. */
export interface Following {
  /** Throws where it cannot be read. */
  readonly read: () => Uint8Array;
  readonly first: Uint8Array;
  /** Told of bytes that are not those before. */
  readonly onChange: (fresh: Uint8Array) => void;
  /** Told that the file could not be read, in words. */
  readonly onProblem: (why: string) => void;
}

/** The file is looked at this often even where the system tells of no change. */
const POLL_MS = 1000;
/** A file is read when two looks this far apart saw the same bytes: half of a file may be a valid one. */
const SETTLE_MS = 500;

/** The stamp of no file. */
const UNREAD = '';

/** Follows a file, also through a link. Answers the function that stops it. */
export function followFile(file: string, { read, first, onChange, onProblem }: Following): () => void {
  let seen = stamp(file);
  let bytes = first;
  let settling: NodeJS.Timeout | null = null;
  let problem = '';

  const fail = (why: string) => {
    // What may pass without a change of the file, such as too many open files, must not leave its change unseen.
    seen = UNREAD;
    if (why !== problem) onProblem(why);
    problem = why;
  };
  const look = (previous: Uint8Array | null) => {
    settling = null;
    try {
      // To read what is no file, as a pipe, could take for ever.
      if (statSync(file, { throwIfNoEntry: false })?.isFile() === false)
        throw new Error(`expected \`${file}\` to be a file`);
      const fresh = read();
      problem = '';
      if (equal(fresh, bytes)) return;
      if (previous !== null && equal(fresh, previous)) {
        bytes = fresh;
        onChange(fresh);
      } else settling = setTimeout(look, SETTLE_MS, fresh).unref();
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };
  const nudge = () => {
    settling ??= setTimeout(look, SETTLE_MS, null).unref();
  };

  const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
    if (name === null || name === basename(file)) nudge();
  });
  watcher.on('error', () => watcher.close());
  const poll = setInterval(() => {
    const now = stamp(file);
    if (now !== seen) nudge();
    seen = now;
  }, POLL_MS).unref();

  return () => {
    watcher.close();
    clearInterval(poll);
    if (settling !== null) clearTimeout(settling);
  };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** What changes when a file does, also through a link. */
function stamp(file: string): string {
  try {
    const { ino, size, mtimeMs, mode } = statSync(file);
    return `${ino} ${size} ${mtimeMs} ${mode}`;
  } catch {
    return 'missing';
  }
}
