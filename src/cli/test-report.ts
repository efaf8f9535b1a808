import type { Ending } from '../policy/cases.ts';
import type { Coverage, Unseen } from '../policy/coverage.ts';
import { clip } from '../policy/located.ts';
import { printable } from './excerpt.ts';
import { explanationLines } from './explanation-text.ts';
import { type Ink, inkFor } from './ink.ts';
import type { CaseRun, FileRun, TestRun } from './run-cases.ts';

/** How the cases of a file went, as lines for people: a tick or a cross a case, and what was not as expected. */
export function fileLines({ file, cases }: FileRun, color: boolean): readonly string[] {
  const ink = inkFor(color);
  return [printable(file), ...cases.flatMap((each) => caseLines(file, each, ink))];
}

function caseLines(file: string, run: CaseRun, ink: Ink): readonly string[] {
  const name = clip(run.name, 200);
  if (run.passed) return [`  ${ink.good('✓')} ${name}`];
  const where = `${printable(file)}:${run.line}${run.given === null ? '' : `, ${run.given}`}`;
  return [
    `  ${ink.bad('✗')} ${name} ${ink.faint(`(${where})`)}`,
    ...failureLines(run, ink).map((line) => `      ${line}`),
  ];
}

/** What was not as expected, and why: the tree of `explain`. */
export function failureLines(run: CaseRun, ink: Ink): readonly string[] {
  const { explained } = run;
  const why = explained === null ? [] : explanationLines(explained.explanation, explained, ink);
  return [...differenceLines(run, ink), ...why];
}

/** Expected and actual side by side: what differs is told twice, what is as expected once. */
function differenceLines({ given, expected, actual, differing }: CaseRun, ink: Ink): readonly string[] {
  const members = Object.keys(actual) as readonly (keyof Ending)[];
  const rows = members.flatMap((member) => {
    const is = show(member, actual[member]);
    if (differing.includes(member)) {
      return [ink.good(`- ${show(member, expected[member] ?? null)}`), ink.bad(`+ ${is}`)];
    }
    return actual[member] === null ? [] : [`  ${is}`];
  });
  const hint = given !== null && Object.keys(expected).join() === 'verdict';
  return [
    `${ink.good('- expected')}  ${ink.bad('+ actual')}`,
    ...rows,
    ...(hint ? ['A given call has to be allowed; where it is meant to be denied, give it an `expect`.'] : []),
  ];
}

function show(member: keyof Ending, value: string | number | null): string {
  return printable(`${member}: ${value ?? 'nothing'}`);
}

/** How many cases passed and failed. */
export function tally({ files }: TestRun): { readonly passed: number; readonly failed: number } {
  const cases = files.flatMap((file) => file.cases);
  const passed = cases.filter((each) => each.passed).length;
  return { passed, failed: cases.length - passed };
}

/** What was seen of one policy, as lines for people. */
export function coverageLines(
  file: string,
  { rules, conditions, percent, missing }: Coverage,
): readonly string[] {
  const share = `rules ${rules.seen} of ${rules.of}, conditions ${conditions.seen} of ${conditions.of}`;
  return [
    `coverage of ${printable(file)}: ${percent} % (${share})`,
    ...missing.map((each) => missingLine(file, each)),
  ];
}

function missingLine(file: string, { line, name, condition, never }: Unseen): string {
  const place = line === null ? printable(file) : `${printable(file)}:${line}`;
  return `  ${place}: ${name}${condition === null ? '' : `, \`${condition}\``}: never seen ${never}`;
}
