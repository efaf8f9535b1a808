import { clip } from '../policy/located.ts';
import { CHANGES, type Change, wordsOf } from './changes.ts';
import { inkFor } from './ink.ts';
import type { Count, Example, Group, Tally } from './tally.ts';

/** What replaying a policy came to. */
export interface ReplayReport {
  readonly file: string;
  /** Nobody named the policy: it is the one that `serve` uses then. */
  readonly isDefault: boolean;
  readonly digest: string;
  readonly tally: Tally;
  readonly intents: number;
  /** Intents without a second record: calls that nobody saw the end of. */
  readonly unended: number;
  /** Lines of the token service, which are about no call. */
  readonly tokens: number;
  /** Records that came too late to be put in order. */
  readonly misplaced: number;
  /** Lines that are neither record nor call. */
  readonly problems: number;
  /** Records of calls that no policy decided, by code. */
  readonly undecided: Readonly<Record<string, number>>;
  /** Call lines, which tell nothing of how they ended, by what the policy says of them. */
  readonly unrecorded: Readonly<Record<string, number>>;
  /** ISO 8601; null where there was no call. */
  readonly from: string | null;
  readonly to: string | null;
}

const TITLES: Readonly<Record<Change, string>> = {
  'newly-denied': 'newly denied',
  'newly-allowed': 'newly allowed',
  'changed-code': 'with another code',
  uncertain: 'uncertain',
  'not-replayable': 'not replayable',
  unchanged: 'unchanged',
};
/** What the changes that need it mean. */
const MEANINGS: Readonly<Partial<Record<Change, string>>> = {
  uncertain: 'what their limits held is not known, since calls before them are not known for certain',
  'not-replayable': 'the answer hangs on what the audit does not tell',
};
const MOST = 10;

/** The report as text. */
export function replayForPeople(report: ReplayReport, color: boolean): string {
  const { tally, file, isDefault, digest, from, to } = report;
  const ink = inkFor(color);
  const total = CHANGES.reduce((sum, change) => sum + tally.count(change), 0);
  const policy = isDefault ? `the default policy, ${file}, since no \`--policy\` was given` : file;
  const span = from === null ? '' : ` from ${from} to ${to}`;
  return [
    `${number(total)} recorded calls${span}, replayed by ${policy} ${ink.faint(`(${digest})`)}`,
    ...CHANGES.toReversed().map((change) => `${column(tally.count(change))} ${TITLES[change]}`),
    ...asideLines(report),
    ...CHANGES.flatMap((change) => groupLines(change, tally.group(change), ink.faint)),
    '',
  ].join('\n');
}

function asideLines({
  undecided,
  unrecorded,
  unended,
  tokens,
  misplaced,
  problems,
}: ReplayReport): readonly string[] {
  return [
    ...Object.entries(undecided).map(([code, count]) => `${column(count)} that no policy decided: ${code}`),
    ...Object.entries(unrecorded).map(
      ([code, count]) => `${column(count)} call lines without a record: ${code}`,
    ),
    ...lineOf(unended, 'intents of which nobody saw the end; they may have charged their limits'),
    ...lineOf(tokens, 'lines of the token service, which are about no call'),
    ...lineOf(misplaced, 'that were recorded too late to be put in order'),
    ...lineOf(problems, 'lines that could not be used, told on stderr'),
  ];
}

function lineOf(count: number, words: string): readonly string[] {
  return count === 0 ? [] : [`${column(count)} ${words}`];
}

function groupLines(change: Change, group: Group, faint: (text: string) => string): readonly string[] {
  if (change === 'unchanged' || group.count === 0) return [];
  const meaning = MEANINGS[change];
  return [
    '',
    `${TITLES[change]}: ${number(group.count)}${meaning === undefined ? '' : ` (${meaning})`}`,
    ...countLines(group.byRule, (count) =>
      count.examples.map((each) => faint(`           ${exampleLine(each)}`)),
    ),
    '  by tool',
    ...countLines(group.byTool, () => []),
    '  by caller',
    ...countLines(group.byCaller, () => []),
  ];
}

function countLines(counts: readonly Count[], more: (count: Count) => readonly string[]): readonly string[] {
  const left = counts.length - MOST;
  return [
    ...counts
      .slice(0, MOST)
      .flatMap((each) => [`${column(each.count)} ${clip(each.name, 160)}`, ...more(each)]),
    ...(left > 0 ? [`         … and ${number(left)} more`] : []),
  ];
}

function exampleLine({ file, line, at, tool, caller, before, after }: Example): string {
  const ways = `${before.map(wordsOf).join(' or ')} -> ${after.map(wordsOf).join(' or ')}`;
  return clip(`${file}:${line} ${at} ${tool} ${caller}: ${ways}`, 400);
}

function column(count: number): string {
  return number(count).padStart(9);
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** The report as one JSON object. */
export function replayForPrograms(report: ReplayReport): string {
  const { tally, file, isDefault, digest, from, to, undecided, unrecorded } = report;
  const { intents, unended, tokens, misplaced, problems } = report;
  const groups = CHANGES.filter((change) => change !== 'unchanged').map((change) => {
    const { count, byRule, byTool, byCaller } = tally.group(change);
    const plain = ({ name, count: each }: Count) => ({ name, count: each });
    return [
      change.replace('-', '_'),
      { count, by_rule: byRule, by_tool: byTool.map(plain), by_caller: byCaller.map(plain) },
    ];
  });
  return `${JSON.stringify(
    {
      policy: { file, digest, default: isDefault },
      from,
      to,
      calls: CHANGES.reduce((sum, change) => sum + tally.count(change), 0),
      unchanged: tally.count('unchanged'),
      ...Object.fromEntries(groups),
      undecided,
      unrecorded,
      intents,
      unended,
      tokens,
      misplaced,
      problems,
    },
    null,
    2,
  )}\n`;
}
