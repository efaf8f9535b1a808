import { operations } from '../catalog/operations.ts';
import type { Json, JsonObject } from '../model/index.ts';
import { constantsOf } from '../policy/constants.ts';
import { isObject } from '../policy/paths.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { callReader } from './bench.ts';
import { type CallLine, readCallLine } from './call-line.ts';
import { changeOf } from './changes.ts';
import { type Scenario, scenarios } from './diff-calls.ts';
import { openReplayer, type Verdict } from './replayer.ts';

/** The calls, as call lines, of which two policies judge the last differently. */
export interface Difference {
  readonly lines: readonly string[];
  readonly before: Verdict;
  readonly after: Verdict;
}

export interface Search {
  readonly seed: number;
  readonly runs: number;
  readonly maxMs: number;
}

/** What a search came to: it may have ended before all runs were made. */
export interface Found {
  readonly difference: Difference | null;
  readonly runs: number;
}

/** Looks for calls that two policies judge differently; null where none was found. The smallest that was found is told. */
export async function findDifference(
  old: PreparedPolicy,
  next: PreparedPolicy,
  { seed, runs, maxMs }: Search,
): Promise<Found> {
  const fc = await import('fast-check');
  const differ = differing(old, next);
  const found = fc.check(
    fc.property(scenarios(fc, constantsOf([old.policy, next.policy])), (each) => differ(each) === null),
    { seed, numRuns: runs, interruptAfterTimeLimit: maxMs },
  );
  const [scenario] = found.counterexample ?? [];
  const difference = scenario === undefined ? null : differ(smallest(scenario, differ));
  return { difference, runs: found.numRuns };
}

type Differ = (scenario: Scenario) => Difference | null;

function differing(old: PreparedPolicy, next: PreparedPolicy): Differ {
  const parse = callReader(operations);
  return (scenario) => {
    const [before, after] = [openReplayer(old), openReplayer(next)];
    const lines: string[] = [];
    for (let i = 0; i < scenario.times; i++) {
      const text = lineOf(scenario, i);
      const read = readCallLine(text);
      if (!read.ok) return null;
      lines.push(text);
      const past = pastOf(read.value, parse);
      const [was, is] = [before.judge(past), after.judge(past)];
      if (changeOf(was, is) !== 'unchanged') return { lines, before: was, after: is };
    }
    return null;
  };
}

function pastOf(call: CallLine, parse: ReturnType<typeof callReader>) {
  const at = call.at ?? 0;
  return {
    dim: { call: parse(call), unseen: () => null, places: [], mayViolate: false },
    caller: { identity: call.identity, session: call.transport === 'rest' ? null : call.session },
    at,
    charge: 'kept',
    endedAt: at,
    isStoreDown: false,
    isMisplaced: false,
  } as const;
}

/** The call line of the `i`th call of a scenario. */
function lineOf({ tool, args, identity, transport, at, gapMs, vary }: Scenario, i: number): string {
  const other =
    vary === 'sub' || vary === 'tenant' ? { [vary]: `${String(identity[vary] ?? vary)}-${i}` } : {};
  const who = i === 0 ? identity : { ...identity, ...other };
  return JSON.stringify({
    tool,
    ...(Object.keys(args).length === 0 ? {} : { args }),
    ...(Object.keys(who).length === 0 ? {} : { identity: who }),
    ...(vary === 'session' && i > 0 ? { session: `s${i}` } : {}),
    ...(transport === 'stdio' ? {} : { transport }),
    at: new Date(at + i * gapMs).toISOString(),
  });
}

/** Takes away whatever the difference does not need, again and again. */
function smallest(scenario: Scenario, differ: Differ): Scenario {
  let best = scenario;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const each of smaller(best)) {
      if (differ(each) === null) continue;
      best = each;
      isSmaller = true;
      break;
    }
  }
  return best;
}

function* smaller(scenario: Scenario): Generator<Scenario> {
  const { args, identity, transport, gapMs, vary, times } = scenario;
  if (vary !== 'nothing') yield { ...scenario, vary: 'nothing' };
  if (gapMs !== 0) yield { ...scenario, gapMs: 0 };
  if (transport !== 'stdio') yield { ...scenario, transport: 'stdio' };
  if (times > 1) yield { ...scenario, times: times - 1 };
  for (const less of without(args)) yield { ...scenario, args: less };
  for (const less of without(identity)) yield { ...scenario, identity: less };
}

/** An object without one of its members, or with less in one. */
function* without(object: JsonObject): Generator<JsonObject> {
  for (const [name, member] of Object.entries(object)) {
    const { [name]: _, ...rest } = object;
    yield rest;
    for (const less of lessOf(member)) yield { ...object, [name]: less };
  }
}

function* lessOf(value: Json): Generator<Json> {
  if (isObject(value)) yield* without(value);
  else if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) yield value.filter((_, at) => at !== i);
  }
}
