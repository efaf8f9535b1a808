import type { PreparedPolicy } from '../policy/prepare.ts';
import { CommandError, exit } from './exit-codes.ts';
import { followFile } from './follow-file.ts';
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

/** Loads a policy file and follows its changes. Throws a `CommandError` with every problem where it has errors. */
export function openPolicy(file: string, log: Log): PolicySource {
  const first = readPolicyFile(file);
  let loaded = accepted(file, loadText(first, 'known'));
  const listeners = new Set<(now: PreparedPolicy, before: PreparedPolicy) => void>();

  const reload = (fresh: Uint8Array) => {
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

  const stop = followFile(file, {
    read: () => readPolicyFile(file),
    first,
    onChange: reload,
    onProblem: (why) => log.error(`${why}; the policy before stays in force`),
  });

  return {
    current: () => loaded.prepared,
    warnings: () => lines(file, loaded),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: stop,
  };
}

function accepted(file: string, loaded: LoadedPolicy): Extract<LoadedPolicy, { ok: true }> {
  if (loaded.ok) return loaded;
  throw new CommandError(lines(file, loaded).join('\n'), exit.policy);
}

function lines(file: string, { problems }: LoadedPolicy): readonly string[] {
  return problems.map((problem) => problemLine(file, problem));
}
