import { statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { CommandError, exit } from './exit-codes.ts';
import { type LoadedPolicy, loadText, problemLine, readPolicyFile } from './load-policy.ts';
import type { Log } from './log.ts';

/** The policy in force, replaced whole when its file changes to another one without errors. */
export interface PolicySource {
  current(): PreparedPolicy;
  /** Warnings of the policy in force, as lines. */
  warnings(): readonly string[];
  /** Told after each replacement. Answers the function that stops it. */
  onChange(listener: (now: PreparedPolicy, before: PreparedPolicy) => void): () => void;
  close(): void;
}

/** The file is looked at this often even where the system tells of no change. */
const POLL_MS = 1000;
/** A file is read when two looks this far apart saw the same bytes: half of a policy may be a valid one. */
const SETTLE_MS = 500;

/** Loads a policy file and follows its changes. Throws a `CommandError` with every problem where it has errors. */
export function openPolicy(file: string, log: Log): PolicySource {
  let seen = stamp(file);
  let bytes = readPolicyFile(file);
  let loaded = accepted(file, loadText(bytes, 'known'));
  const listeners = new Set<(now: PreparedPolicy, before: PreparedPolicy) => void>();
  let settling: NodeJS.Timeout | null = null;

  const reload = (fresh: Uint8Array) => {
    bytes = fresh;
    const next = loadText(fresh, 'known');
    if (!next.ok) {
      log.error(
        `the changed policy has errors and was refused; the one before stays in force\n${lines(file, next).join('\n')}`,
      );
      return;
    }
    const before = loaded.prepared;
    loaded = next;
    log.info(`policy reloaded: ${file} (${next.prepared.digest})`);
    for (const listener of listeners) listener(next.prepared, before);
  };

  const look = (previous: Uint8Array | null) => {
    settling = null;
    try {
      const fresh = readPolicyFile(file);
      if (equal(fresh, bytes)) return;
      if (previous !== null && equal(fresh, previous)) reload(fresh);
      else settling = setTimeout(look, SETTLE_MS, fresh).unref();
    } catch (error) {
      log.error(`${error instanceof Error ? error.message : error}; the policy before stays in force`);
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

  return {
    current: () => loaded.prepared,
    warnings: () => lines(file, loaded),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      watcher.close();
      clearInterval(poll);
      if (settling !== null) clearTimeout(settling);
    },
  };
}

function accepted(file: string, loaded: LoadedPolicy): Extract<LoadedPolicy, { ok: true }> {
  if (loaded.ok) return loaded;
  throw new CommandError(lines(file, loaded).join('\n'), exit.policy);
}

function lines(file: string, { problems }: LoadedPolicy): readonly string[] {
  return problems.map((problem) => problemLine(file, problem));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** What changes when a file does, also through a link. */
function stamp(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'missing';
  }
}
