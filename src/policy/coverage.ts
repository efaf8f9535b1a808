import type { Condition, Grant, Policy, SeenCondition, Step } from '../model/index.ts';
import { leavesOf, type PreparedCondition, prepareCondition, type Roots } from './conditions.ts';
import { means } from './names.ts';
import type { PreparedPolicy, PreparedRule } from './prepare.ts';

/** One way that a rule or a condition can go. */
type Way = 'failing' | 'passing' | 'not applying' | 'with its limit used up' | 'holding' | 'not holding';

/** How much of a policy's rules and conditions was seen going each way that it can go. */
export interface Coverage {
  readonly rules: Share;
  readonly conditions: Share;
  /** Of rules and conditions together, rounded down; 100 where there is nothing to see. */
  readonly percent: number;
  /** In the order of the file, grants first. */
  readonly missing: readonly Unseen[];
}

interface Share {
  readonly seen: number;
  readonly of: number;
}

export interface Unseen {
  /** null: of a grant. */
  readonly line: number | null;
  /** The rule's name, or `grant 1` for the first. */
  readonly name: string;
  /** As written; null: the rule itself. */
  readonly condition: string | null;
  readonly never: Way;
}

/** A decision that was made, with the counters that were used up. */
export interface Sighting {
  readonly tool: string;
  readonly trace: readonly Step[];
  readonly usedUp: readonly string[];
}

/** Gathers what the decisions of one policy were seen to do. */
export interface Witness {
  see(sighting: Sighting): void;
  coverage(): Coverage;
}

/** A rule or a condition, the ways it can go, and those it was seen to go. */
interface Subject extends Omit<Unseen, 'never'> {
  readonly ways: readonly Way[];
  readonly seen: Set<Way>;
}

/** A rule or a grant with its conditions, in the order of the trace. */
interface Watched {
  readonly self: Subject | null;
  readonly when: readonly Subject[];
  readonly conditions: readonly Subject[];
}

/**
 * Opens a witness who has seen nothing yet.
 *
 * @param names of the tools there are; where tools are not known, the keys of the policy stand for them.
 */
export function openWitness(prepared: PreparedPolicy, names: readonly string[]): Witness {
  const { policy } = prepared;
  const grants = new Map((policy.grants ?? []).map((grant, i) => [grant, watchGrant(grant, i)]));
  const rules = new Map(rulesOf(prepared, names).map((rule) => [rule, watchRule(rule)]));
  return {
    see({ tool, trace, usedUp }) {
      const own = prepared.tool(tool);
      if (own === null) return;
      const named = { name: own.name, operationId: own.tool?.operationId ?? own.name };
      const granted = grantsOf(policy, named).flatMap((grant) => grants.get(grant)?.conditions ?? []);
      for (const { conditions } of trace.filter(({ step }) => step === 'grants')) mark(granted, conditions);
      const steps = trace.filter(({ step }) => step === 'rule');
      own.rules.forEach((rule, i) => {
        const step = steps[i];
        const watched = rules.get(rule);
        if (step !== undefined && watched !== undefined) markRule(watched, step, isUsedUp(rule, usedUp));
      });
    },
    coverage: () => coverageOf([...grants.values(), ...rules.values()]),
  };
}

/** The rules of a policy, in the order of the file. */
function rulesOf(prepared: PreparedPolicy, names: readonly string[]): readonly PreparedRule[] {
  const keys = prepared.policy.tools.map(({ key }) => key);
  const rules = new Set([...names, ...keys].flatMap((name) => prepared.tool(name)?.rules ?? []));
  return [...rules].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function grantsOf({ grants }: Policy, tool: Parameters<typeof means>[1]): readonly Grant[] {
  return grants?.filter(({ tools }) => tools.some((name) => means(name, tool))) ?? [];
}

function watchGrant({ to }: Grant, i: number): Watched {
  const conditions = to.map((each: Condition) => prepareCondition(each));
  return { self: null, when: [], conditions: watchConditions(conditions, null, `grant ${i + 1}`) };
}

function watchRule(rule: PreparedRule): Watched {
  const { id: name, line = null } = rule;
  return {
    self: { line, name, condition: null, ways: waysOf(rule), seen: new Set() },
    when: watchConditions(rule.when, line, name),
    conditions: watchConditions(rule.conditions, line, name),
  };
}

function waysOf({ when, deny, conditions, calls, amounts }: PreparedRule): readonly Way[] {
  return [
    ...(when.length > 0 ? (['not applying'] as const) : []),
    ...(deny || conditions.length > 0 ? (['failing'] as const) : []),
    ...(deny ? [] : (['passing'] as const)),
    ...(calls.length + amounts.length > 0 ? (['with its limit used up'] as const) : []),
  ];
}

/** A call that has nothing: conditions are looked at only for how they are written. */
const NOTHING: Roots = {
  args: {},
  identity: {},
  call: { tool: '', transport: 'stdio', kind: null },
  jwt: null,
  time: { hour: 0, weekday: '' },
};

function watchConditions(
  conditions: readonly PreparedCondition[],
  line: number | null,
  name: string,
): readonly Subject[] {
  const singles = conditions.flatMap((condition) =>
    leavesOf(condition.look(NOTHING, (_root, _path, value) => value)),
  );
  return singles.map(({ condition }) => {
    return { line, name, condition, ways: ['holding', 'not holding'], seen: new Set() };
  });
}

/** The key of a limit stands before the subject in the name of its counter. */
function isUsedUp({ calls, amounts }: PreparedRule, usedUp: readonly string[]): boolean {
  return [...calls, ...amounts].some(({ key }) => usedUp.some((counter) => counter.startsWith(`${key}:`)));
}

function markRule({ self, when, conditions }: Watched, step: Step, isLimitUsedUp: boolean): void {
  mark(when, step.when);
  mark(conditions, step.conditions);
  self?.seen.add(isLimitUsedUp ? 'with its limit used up' : WAYS[step.result]);
}

const WAYS: Readonly<Record<Step['result'], Way>> = {
  failed: 'failing',
  skipped: 'not applying',
  passed: 'passing',
  counted: 'passing',
};

/** Unknown is neither of the two. */
function mark(subjects: readonly Subject[], seen: readonly SeenCondition[] = []): void {
  seen.forEach(({ held }, i) => {
    if (held !== 'unknown') subjects[i]?.seen.add(held === 'yes' ? 'holding' : 'not holding');
  });
}

function coverageOf(watched: readonly Watched[]): Coverage {
  const rules = shareOf(watched.flatMap(({ self }) => self ?? []));
  const conditions = shareOf(watched.flatMap((each) => [...each.when, ...each.conditions]));
  const of = rules.of + conditions.of;
  return {
    rules,
    conditions,
    percent: of === 0 ? 100 : Math.floor((100 * (rules.seen + conditions.seen)) / of),
    missing: watched.flatMap(({ self, when, conditions: own }) =>
      [self ?? [], when, own].flat().flatMap(unseen),
    ),
  };
}

function shareOf(subjects: readonly Subject[]): Share {
  const of = subjects.reduce((sum, { ways }) => sum + ways.length, 0);
  const seen = subjects.reduce(
    (sum, subject) => sum + subject.ways.filter((way) => subject.seen.has(way)).length,
    0,
  );
  return { seen, of };
}

function unseen({ ways, seen, ...subject }: Subject): readonly Unseen[] {
  return ways.filter((way) => !seen.has(way)).map((never) => ({ ...subject, never }));
}
