import type { Fate, Finding } from '../policy/intercept/findings.ts';
import { type Imported, importIntercept } from '../policy/intercept/import.ts';
import { parsePolicy } from '../policy/parse.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { problemLine, readPolicyFile, type Tools, toolsOf } from './load-policy.ts';
import { readTextFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';
import { refuseToReplace, writeFiles } from './write-files.ts';

export interface ImportOptions {
  /** null: the policy goes to stdout. */
  readonly out: string | null;
  readonly force: boolean;
  readonly json: boolean;
  readonly tools: Tools;
}

/** `portcullis import`: the policy to a file or stdout, the report to stderr; as JSON both to stdout. */
export function importFile(file: string, options: ImportOptions): ExitCode {
  const { out, force, json, tools } = options;
  const text = decode(file === '-' ? readStdin() : readPolicyFile(file));
  if (out !== null) refuseToReplace([out], force);
  const imported = importIntercept(text, toolsOf(tools));
  if (imported.ok) {
    assertClean(imported.text, options);
    if (out !== null) writeFiles([{ path: out, text: imported.text }], force);
    else if (!json) process.stdout.write(imported.text);
  }
  if (json) process.stdout.write(`${JSON.stringify(forPrograms(file, imported), null, 2)}\n`);
  else process.stderr.write(`${forPeople(file, imported, out).join('\n')}\n`);
  return imported.findings.some(({ fate }) => fate === 'refused') ? exit.policy : exit.fine;
}

function readStdin(): Uint8Array {
  try {
    return readTextFile('-');
  } catch (error) {
    throw new CommandError(`cannot read stdin: ${reasonOf(error)}`, exit.usage);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CommandError('expected a policy in UTF-8', exit.usage);
  }
}

/** What is written must be a policy: anything else is a bug, and nothing is written. */
function assertClean(text: string, { tools }: ImportOptions): void {
  const parsed = parsePolicy(text, toolsOf(tools));
  const [problem] = parsed.ok ? [] : parsed.problems.filter(({ severity }) => severity === 'error');
  if (problem !== undefined)
    throw new Error(`the imported policy would have an error, so it is not written: ${problem.message}`);
}

const HEADS: Readonly<Record<Fate, string>> = {
  same: 'carries over, with the same meaning',
  differs: 'means something else here',
  left_out: 'is about tools that there are not here, and left out',
  refused: 'cannot be carried over',
};
const ORDER: readonly Fate[] = ['refused', 'differs', 'left_out', 'same'];
const MAX_LEFT_OUT = 10;

function forPeople(file: string, imported: Imported, out: string | null): readonly string[] {
  if (!imported.ok) {
    const problems = imported.findings.map((each) => problemLine(file, { severity: 'error', ...each }));
    return [...problems, 'nothing is written: this is not a policy of Intercept that can be read'];
  }
  const sections = ORDER.flatMap((fate) => section(file, fate, imported.findings));
  const refused = imported.findings.filter(({ fate }) => fate === 'refused').length;
  const where = out === null ? '' : ` to ${out}`;
  const closed = refused === 0 ? '' : '; what could not be carried over is denied in it';
  return [...sections, `${file}: ${imported.dialect}; written${where}${closed}`];
}

function section(file: string, fate: Fate, findings: readonly Finding[]): readonly string[] {
  const own = findings.filter((finding) => finding.fate === fate);
  if (own.length === 0) return [];
  const shown = fate === 'left_out' ? own.slice(0, MAX_LEFT_OUT) : own;
  const more = own.length - shown.length;
  return [
    `${HEADS[fate]} (${own.length}):`,
    ...shown.map(({ at, message }) => `  ${file}:${at.line}:${at.column}: ${message}`),
    ...(more === 0 ? [] : [`  and ${more} more; --json lists them all`]),
  ];
}

function forPrograms(file: string, imported: Imported): object {
  const findings = imported.findings.map(({ fate, at, message, code }) => {
    return { fate, line: at.line, column: at.column, message, code };
  });
  const { dialect, text } = imported.ok ? imported : { dialect: null, text: null };
  return { file, dialect, findings, policy: text };
}
