import { existsSync, writeFileSync } from 'node:fs';
import { CommandError, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** A file that a command makes. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** Throws a `CommandError` where one of these files is there and must not be replaced. */
export function refuseToReplace(paths: readonly string[], force: boolean): void {
  const there = force ? undefined : paths.find((path) => existsSync(path));
  if (there !== undefined)
    throw new CommandError(`\`${there}\` is there already; \`--force\` replaces it`, exit.usage);
}

/** Writes files whole. Throws a `CommandError` where one cannot be written, or came to be there in the meantime. */
export function writeFiles(files: readonly NewFile[], force: boolean): void {
  for (const { path, text } of files) {
    try {
      writeFileSync(path, text, { flag: force ? 'w' : 'wx' });
    } catch (error) {
      throw new CommandError(`cannot write \`${path}\`: ${reasonOf(error)}`, exit.usage);
    }
  }
}
