import { relative, resolve, sep } from 'node:path';
import type { Problem } from '../model/index.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { loadPolicy, problemLine, problemText, type Tools } from './load-policy.ts';
import { sarif } from './sarif.ts';
import { checkTestFile, isTestFile } from './test-files.ts';
import { version } from './version.ts';

/** `text`: a line a problem, and below it the line of the file; `lines`: the former alone. */
export type CheckFormat = 'text' | 'lines' | 'json' | 'sarif';

export interface CheckOptions {
  readonly tools: Tools;
  /** Warnings count as errors. */
  readonly strict: boolean;
  readonly format: CheckFormat;
}

/** A file that was read, and what is wrong with it. */
interface Checked {
  readonly file: string;
  readonly source: string;
  readonly problems: readonly Problem[];
}

/** `portcullis check`: every problem of policies, and of `*.test.yaml` files, on stdout; a file that cannot be read outweighs a wrong one. */
export function check(files: readonly string[], { tools, strict, format }: CheckOptions): ExitCode {
  const checked: Checked[] = [];
  for (const file of files) {
    try {
      const { source, problems } = isTestFile(file) ? checkTestFile(file, tools) : loadPolicy(file, tools);
      checked.push({ file, source, problems: strict ? problems.map(asError) : problems });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      process.stderr.write(`portcullis: ${error.message}\n`);
    }
  }
  process.stdout.write(WRITERS[format](checked));
  if (checked.length < files.length) return exit.usage;
  const isWrong = checked.some(({ problems }) => problems.some(({ severity }) => severity === 'error'));
  return isWrong ? exit.policy : exit.fine;
}

function asError(problem: Problem): Problem {
  return { ...problem, severity: 'error' };
}

const WRITERS: Readonly<Record<CheckFormat, (checked: readonly Checked[]) => string>> = {
  text: (checked) =>
    checked
      .flatMap(({ file, source, problems }) => problems.map((each) => problemText(file, each, source)))
      .map((text) => `${text}\n`)
      .join(''),
  lines: (checked) =>
    checked.flatMap(({ file, problems }) => problems.map((each) => `${problemLine(file, each)}\n`)).join(''),
  json: (checked) => {
    const rows = checked.flatMap(({ file, problems }) =>
      problems.map(({ at, severity, message, code }) => ({ file, ...at, severity, message, code })),
    );
    return `${JSON.stringify(rows, null, 2)}\n`;
  },
  sarif: (checked) => {
    const found = checked.flatMap(({ file, problems }) =>
      problems.map((problem) => ({ uri: uriOf(file), problem })),
    );
    return `${JSON.stringify(sarif(found, version()), null, 2)}\n`;
  },
};

/** A file as code hosts know it: a relative reference from the folder of this run, where the file is below it. */
function uriOf(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path.split(sep).map(encodeURIComponent).join('/');
}
