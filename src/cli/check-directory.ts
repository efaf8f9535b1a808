import type { Problem } from '../model/index.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { directoryProblems } from './load-directory.ts';
import { problemLine } from './load-policy.ts';

/** `portcullis check-directory`: every problem of directory files on stdout, told as those of policies are. */
export function checkDirectory(
  files: readonly string[],
  { strict, json }: { readonly strict: boolean; readonly json: boolean },
): ExitCode {
  const found: { readonly file: string; readonly problem: Problem }[] = [];
  let isUnread = false;
  for (const file of files) {
    try {
      const problems = directoryProblems(file);
      found.push(...problems.map((problem) => ({ file, problem: strict ? asError(problem) : problem })));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      process.stderr.write(`portcullis: ${error.message}\n`);
      isUnread = true;
    }
  }
  const rows = found.map(({ file, problem: { at, severity, message, code } }) => {
    return { file, ...at, severity, message, code };
  });
  const lines = found.map(({ file, problem }) => `${problemLine(file, problem)}\n`);
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : lines.join(''));
  if (isUnread) return exit.usage;
  return found.some(({ problem }) => problem.severity === 'error') ? exit.policy : exit.fine;
}

function asError(problem: Problem): Problem {
  return { ...problem, severity: 'error' };
}
