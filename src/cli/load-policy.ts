import { isAbsolute } from 'node:path';
import { operations } from '../catalog/operations.ts';
import type { Operation, Problem } from '../model/index.ts';
import { digestOf } from '../policy/fingerprint.ts';
import { parsePolicy } from '../policy/parse.ts';
import { type PreparedPolicy, prepare } from '../policy/prepare.ts';
import type { ProblemCode } from '../policy/problem-codes.ts';
import { excerpt, printable } from './excerpt.ts';
import { CommandError, exit } from './exit-codes.ts';
import { readTextFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';
import { unfilled } from './settings.ts';

/** A policy file made ready, or every problem of it. */
export type LoadedPolicy = {
  /** The text of the file; empty where it is not UTF-8. */
  readonly source: string;
  readonly problems: readonly Problem[];
} & ({ readonly ok: true; readonly prepared: PreparedPolicy } | { readonly ok: false });

/** Whose tools a policy speaks of: those of the catalog, or any (`--tools any`). */
export type Tools = 'known' | 'any';

/** How the names of test files end. */
export const TEST_FILE = /\.test\.yaml$/;

/** The tools a policy may speak of; null: any. */
export function toolsOf(tools: Tools): readonly Operation[] | null {
  return tools === 'any' ? null : operations;
}

/** Reads, checks and prepares a policy file. Throws a `CommandError` where the file cannot be read. */
export function loadPolicy(file: string, tools: Tools): LoadedPolicy {
  return loadText(readPolicyFile(file), tools);
}

/** A policy file made ready to decide. Throws a `CommandError` where it cannot be read or has errors. */
export function preparePolicy(file: string, tools: Tools): PreparedPolicy {
  const loaded = loadPolicy(file, tools);
  if (loaded.ok) return loaded.prepared;
  const errors = loaded.problems.filter(({ severity }) => severity === 'error');
  throw new CommandError(
    errors.map((problem) => problemText(file, problem, loaded.source)).join('\n'),
    exit.policy,
  );
}

/** The bytes of a policy file. Throws a `CommandError` where they cannot be read. */
export function readPolicyFile(file: string): Uint8Array {
  if (TEST_FILE.test(file)) {
    throw new CommandError(`expected a policy; \`${file}\` is by its name a test file`, exit.usage);
  }
  try {
    return readTextFile(file);
  } catch (error) {
    const where = unfilled(file) || lookedIn(file, error);
    throw new CommandError(`cannot read the policy \`${file}\`: ${reasonOf(error)}${where}`, exit.usage);
  }
}

/** Where a file that is not there was looked for: who starts a program for an agent chooses the folder. */
function lookedIn(file: string, error: unknown): string {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return isMissing && !isAbsolute(file) ? ` in \`${process.cwd()}\`` : '';
}

/** What is wrong with a file whose bytes are no text. */
export const NOT_UTF8: Problem = {
  severity: 'error',
  code: 'encoding' satisfies ProblemCode,
  message: 'expected UTF-8',
  at: { line: 1, column: 1 },
};

/** Checks and prepares the bytes of a policy file. */
export function loadText(bytes: Uint8Array, tools: Tools): LoadedPolicy {
  const known = toolsOf(tools);
  const text = decode(bytes);
  if (text === null) return { ok: false, source: '', problems: [NOT_UTF8] };
  const parsed = parsePolicy(text, known);
  if (!parsed.ok) return { ...parsed, source: text };
  const { policy, placeOf, warnings } = parsed;
  return {
    ok: true,
    source: text,
    prepared: prepare(policy, { tools: known, digest: digestOf(text), placeOf }),
    problems: warnings,
  };
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** A problem as `FILE:LINE:COL: error|warning: MESSAGE [code]` (contracts.md, "Commands"). */
export function problemLine(file: string, { severity, code, message, at }: Problem): string {
  return `${printable(file)}:${at.line}:${at.column}: ${severity}: ${printable(message)} [${code}]`;
}

/** The same for people: with the line of the file and a caret below the place. */
export function problemText(file: string, problem: Problem, source: string): string {
  // Of a file that is too large nothing was read that could be shown.
  const shown = problem.code === 'too_large' ? [] : excerpt(source, problem.at);
  return [problemLine(file, problem), ...shown].join('\n');
}
