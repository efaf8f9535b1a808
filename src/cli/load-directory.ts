import { type ParsedDirectory, parseDirectory } from '../issuer/read-directory.ts';
import type { Problem } from '../model/index.ts';
import type { Directory } from '../model/tokens.ts';
import { CommandError, exit } from './exit-codes.ts';
import { problemLine } from './load-policy.ts';
import { readTextFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';

/** A directory that may be used, and what is to be said of it. */
export interface LoadedDirectory {
  readonly directory: Directory;
  /** As lines. */
  readonly warnings: readonly string[];
}

/** Every problem of a directory file. Throws a `CommandError` where the file cannot be read. */
export function directoryProblems(file: string): readonly Problem[] {
  const parsed = parse(file);
  return parsed.ok ? parsed.warnings : parsed.problems;
}

/** Reads and checks a directory file. Throws a `CommandError` with every problem where it has errors. */
export function loadDirectory(file: string): LoadedDirectory {
  const parsed = parse(file);
  const lines = (problems: readonly Problem[]) => problems.map((problem) => problemLine(file, problem));
  if (!parsed.ok) throw new CommandError(lines(parsed.problems).join('\n'), exit.policy);
  return { directory: parsed.directory, warnings: lines(parsed.warnings) };
}

function parse(file: string): ParsedDirectory {
  const bytes = readDirectoryFile(file);
  try {
    return parseDirectory(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const at = { line: 1, column: 1 };
    return { ok: false, problems: [{ severity: 'error', code: 'encoding', message: 'expected UTF-8', at }] };
  }
}

/** The bytes of a directory file. Throws a `CommandError` where it cannot be read. */
export function readDirectoryFile(file: string): Uint8Array {
  try {
    return readTextFile(file);
  } catch (error) {
    throw new CommandError(`cannot read the directory \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
}
