import { writeFileSync } from 'node:fs';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { junitXml } from './junit.ts';
import type { Tools } from './load-policy.ts';
import { reasonOf } from './reasons.ts';
import { runTests, type TestRun } from './run-cases.ts';
import { loadTests } from './test-files.ts';
import { coverageLines, fileLines, tally } from './test-report.ts';

export interface TestOptions {
  readonly tools: Tools;
  readonly json: boolean;
  readonly color: boolean;
  /** What was seen of each policy is told. */
  readonly coverage: boolean;
  /** A whole number of percent that each policy has to reach; null: none. */
  readonly minCoverage: number | null;
  /** Where JUnit XML is written to; null: nowhere. */
  readonly junit: string | null;
  readonly secret: Buffer | null;
}

/** `portcullis test`: runs test files; none is run where one of them, or one of their policies, is wrong. */
export async function test(paths: readonly string[], options: TestOptions): Promise<ExitCode> {
  const loaded = loadTests(paths, options.tools);
  if (!loaded.ok) {
    process.stderr.write(`${loaded.lines.join('\n')}\n`);
    return loaded.code;
  }
  const run = await runTests(loaded.files, options);
  const shortfalls = shortfallsOf(run, options.minCoverage);
  if (options.junit !== null) writeJunit(options.junit, junitXml(run, shortfalls));
  const lines = options.json ? [forPrograms(run)] : forPeople(run, shortfalls, options);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (options.json) for (const shortfall of shortfalls) process.stderr.write(`portcullis: ${shortfall}\n`);
  return tally(run).failed + shortfalls.length > 0 ? exit.testsFailed : exit.fine;
}

/** The policies that were not covered enough, in words. */
function shortfallsOf({ policies }: TestRun, min: number | null): readonly string[] {
  if (min === null) return [];
  return policies
    .filter(({ coverage }) => coverage.percent < min)
    .map(({ file, coverage }) => `coverage of ${file} is ${coverage.percent} %, expected at least ${min} %`);
}

function writeJunit(file: string, xml: string): void {
  try {
    writeFileSync(file, xml);
  } catch (error) {
    throw new CommandError(`cannot write \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
}

function forPeople(
  run: TestRun,
  shortfalls: readonly string[],
  { color, coverage }: TestOptions,
): readonly string[] {
  const { passed, failed } = tally(run);
  const isTold = coverage || shortfalls.length > 0;
  return [
    ...run.files.flatMap((file) => fileLines(file, color)),
    `${passed} passed, ${failed} failed`,
    ...(isTold ? run.policies.flatMap((each) => coverageLines(each.file, each.coverage)) : []),
    ...shortfalls,
  ];
}

function forPrograms(run: TestRun): string {
  const files = run.files.map(({ cases, ...file }) => ({
    ...file,
    cases: cases.map(({ trace, differing, explained: _, ...each }) => ({
      ...each,
      ...(each.passed ? {} : { differing, trace }),
    })),
  }));
  const coverage = run.policies.map(({ file, coverage }) => ({ policy: file, ...coverage }));
  return JSON.stringify({ ...tally(run), files, coverage }, null, 2);
}
