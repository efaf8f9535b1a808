import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { loadPolicy, problemLine, type Tools } from './load-policy.ts';
import { isTestFile, testFileProblems } from './test-files.ts';

export interface CheckOptions {
  readonly tools: Tools;
  /** Warnings count as errors. */
  readonly strict: boolean;
  readonly json: boolean;
}

/** `portcullis check`: every problem of policies, and of `*.test.yaml` files, on stdout; a file that cannot be read outweighs a wrong one. */
export function check(files: readonly string[], { tools, strict, json }: CheckOptions): ExitCode {
  let isUnread = false;
  let isWrong = false;
  const rows: object[] = [];
  for (const file of files) {
    try {
      const problems = isTestFile(file) ? testFileProblems(file, tools) : loadPolicy(file, tools).problems;
      for (const problem of problems) {
        const severity = strict ? 'error' : problem.severity;
        isWrong ||= severity === 'error';
        if (json) {
          const { line, column } = problem.at;
          rows.push({ file, line, column, severity, message: problem.message, code: problem.code });
        } else process.stdout.write(`${problemLine(file, { ...problem, severity })}\n`);
      }
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      process.stderr.write(`portcullis: ${error.message}\n`);
      isUnread = true;
    }
  }
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  if (isUnread) return exit.usage;
  return isWrong ? exit.policy : exit.fine;
}
