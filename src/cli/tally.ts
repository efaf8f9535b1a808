import type { Change } from './changes.ts';
import { CHANGES, wordsOf } from './changes.ts';
import type { Past } from './past-calls.ts';
import { nameOf } from './recorded-callers.ts';
import type { Ending, PastCall, Verdict } from './replayer.ts';

/** One call of which something changes, and where it stands. */
export interface Example {
  readonly file: string;
  readonly line: number;
  /** Of its record; null for a call line. */
  readonly id: string | null;
  readonly at: string;
  readonly tool: string;
  readonly caller: string;
  readonly before: readonly Ending[];
  readonly after: readonly Ending[];
}

/** A call as an example of a change. */
export function exampleOf(
  past: Extract<Past, { what: 'record' | 'call' }>,
  { dim, caller }: PastCall,
  before: Verdict,
  after: Verdict,
): Example {
  const { file, line, at } = past;
  return {
    file,
    line,
    id: past.what === 'record' ? past.record.id : null,
    at: new Date(at).toISOString(),
    tool: dim.call.tool,
    caller: nameOf(caller.identity),
    before: before.endings,
    after: after.endings,
  };
}

/** How often something was seen, and the first times. */
export interface Count {
  readonly name: string;
  readonly count: number;
  readonly examples: readonly Example[];
}

/** The calls of which the same kind of thing changes. */
export interface Group {
  readonly count: number;
  /** By what decides: the rule that denies, or denied; what is not known, where that is why. Most first. */
  readonly byRule: readonly Count[];
  readonly byTool: readonly Count[];
  readonly byCaller: readonly Count[];
}

/** Counts what changes. Memory does not grow with the calls. */
export interface Tally {
  /** `example` is asked for where something changes; `verdicts` are those whose doubts are told. */
  add(change: Change, example: () => Example, verdicts: readonly Verdict[]): void;
  count(change: Change): number;
  group(change: Change): Group;
}

const EXAMPLES = 3;
/** Names beyond these are counted together. */
const MAX_NAMES = 10_000;
const OTHERS = '(others)';
/** Of a longer text the beginning is told: memory must not grow with the texts of a file. */
const MAX_TEXT_CHARACTERS = 1_000;

/** Opens a tally of nothing. */
export function openTally(): Tally {
  const groups = new Map(
    CHANGES.map((change) => [
      change,
      { count: 0, rules: openCounts(), tools: openCounts(), callers: openCounts() },
    ]),
  );
  const of = (change: Change) => groups.get(change);
  return {
    add(change, exampleOf, verdicts) {
      const group = of(change);
      if (group === undefined) return;
      group.count++;
      if (change === 'unchanged') return;
      const example = exampleOf();
      for (const rule of reasonsOf(change, example, verdicts)) group.rules.add(rule, example);
      group.tools.add(example.tool, null);
      group.callers.add(example.caller, null);
    },
    count: (change) => of(change)?.count ?? 0,
    group(change) {
      const { count = 0, rules, tools, callers } = of(change) ?? {};
      return {
        count,
        byRule: rules?.all() ?? [],
        byTool: tools?.all() ?? [],
        byCaller: callers?.all() ?? [],
      };
    },
  };
}

/** What a change is counted under. What is not known can be several things at once. */
function reasonsOf(
  change: Change,
  { before, after }: Example,
  verdicts: readonly Verdict[],
): readonly string[] {
  switch (change) {
    case 'newly-denied':
    case 'changed-code':
      return [after.map(wordsOf).join(' or ')];
    case 'newly-allowed':
      return [before.map(wordsOf).join(' or ')];
    case 'uncertain':
    case 'not-replayable':
      return [...new Set(verdicts.flatMap(({ because }) => because))];
    case 'unchanged':
      return [];
  }
}

function openCounts() {
  const counts = new Map<string, { count: number; readonly examples: Example[] }>();
  return {
    add(text: string, example: Example | null): void {
      const name = copyOf(text);
      const known = counts.get(name) ?? (counts.size < MAX_NAMES ? undefined : counts.get(OTHERS));
      const count = known ?? { count: 0, examples: [] };
      if (known === undefined) counts.set(counts.size < MAX_NAMES ? name : OTHERS, count);
      count.count++;
      if (example !== null && count.examples.length < EXAMPLES) count.examples.push(copyOf(example));
    },
    all(): readonly Count[] {
      return Array.from(counts, ([name, count]) => ({ name, ...count })).toSorted(
        (a, b) => b.count - a.count || (a.name < b.name ? -1 : 1),
      );
    },
  };
}

/** What is kept to the end is copied: texts may be windows onto whole blocks of a file. */
function copyOf<T extends string | Example>(value: T): T {
  const short = (_name: string, each: unknown) =>
    typeof each === 'string' ? each.slice(0, MAX_TEXT_CHARACTERS) : each;
  return JSON.parse(JSON.stringify(value, short));
}
