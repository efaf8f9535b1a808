import { randomBytes } from 'node:crypto';
import { memoryLimits } from '../adapters/limits/memory.ts';
import { operations } from '../catalog/operations.ts';
import type { Call, Hold, Limits, Refusal, Step, Would } from '../model/index.ts';
import type { Judgement } from '../pipeline/judge.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import {
  type Case,
  type CaseCall,
  differences,
  type Ending,
  type Expected,
  type GivenCall,
} from '../policy/cases.ts';
import { type Coverage, openWitness, type Witness } from '../policy/coverage.ts';
import type { Explanation } from '../policy/explanation.ts';
import { type Fingerprint, fingerprintWith } from '../policy/fingerprint.ts';
import { isObject } from '../policy/paths.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { callerOf, callReader, openBench } from './bench.ts';
import type { Tools } from './load-policy.ts';
import type { TestedPolicy, TestFile } from './test-files.ts';

/** How the cases of all files went, and what they saw of each policy. */
export interface TestRun {
  readonly files: readonly FileRun[];
  readonly policies: readonly { readonly file: string; readonly coverage: Coverage }[];
}

export interface FileRun {
  readonly file: string;
  readonly policy: string;
  readonly cases: readonly CaseRun[];
}

/** How a case went: of the call that was not as expected, or of its own call. */
export interface CaseRun {
  readonly name: string;
  readonly line: number;
  readonly passed: boolean;
  /** The given call that was not as expected; null: the case's own. */
  readonly given: string | null;
  readonly expected: Expected;
  readonly actual: Ending;
  /** The members that are not as expected. */
  readonly differing: readonly (keyof Ending)[];
  readonly trace: readonly Step[];
  /** Of the call that was not as expected; null: the case passed. */
  readonly explained: Explained | null;
}

/** What was decided, and why. */
export interface Explained {
  readonly verdict: 'allow' | 'deny';
  readonly would: Would | null;
  readonly explanation: Explanation;
}

type Told = 'expected' | 'actual' | 'trace' | 'differing' | 'explained';
/** A call with what became of it. */
type MadeCall = Omit<GivenCall, 'place' | 'times'>;

/** What the cases of one policy are run with. */
interface Setting {
  readonly prepared: PreparedPolicy;
  readonly parse: (call: CaseCall) => Call;
  readonly fingerprint: Fingerprint;
  readonly witness: Witness;
}

/** Runs every case with counters of its own, on the clock of its calls. */
export async function runTests(
  files: readonly TestFile[],
  { tools, secret }: { readonly tools: Tools; readonly secret: Buffer | null },
): Promise<TestRun> {
  const called = new Set(files.flatMap(({ cases }) => cases).flatMap(toolsOf));
  const compiled = operations.filter(({ name }) => called.has(name));
  const parse = parseWith(callReader(tools === 'any' ? null : compiled));
  const fingerprint = fingerprintWith(secret ?? randomBytes(32));
  const names = tools === 'any' ? [] : operations.map(({ name }) => name);
  const settings = new Map<TestedPolicy, Setting>();
  const runs: FileRun[] = [];
  for (const { file, policy, cases } of files) {
    const { prepared } = policy;
    const setting = settings.get(policy) ?? {
      prepared,
      parse,
      fingerprint,
      witness: openWitness(prepared, names),
    };
    settings.set(policy, setting);
    const caseRuns: CaseRun[] = [];
    for (const each of cases) caseRuns.push(await runCase(each, setting));
    runs.push({ file, policy: policy.file, cases: caseRuns });
  }
  const policies = Array.from(settings, ([{ file }, { witness }]) => ({
    file,
    coverage: witness.coverage(),
  }));
  return { files: runs, policies };
}

/** The tools that a case calls: the schemas of the others need not be compiled. */
function toolsOf({ call, given }: Case): readonly string[] {
  return [call, ...given].map(({ tool }) => tool);
}

/** Ends at the first given call that is not as expected: what comes after it would tell nothing. */
async function runCase(each: Case, setting: Setting): Promise<CaseRun> {
  const decide = openCase(setting);
  const told = { name: each.name, line: each.place.line };
  for (const given of each.given) {
    const call = setting.parse(given);
    for (let i = 1; i <= given.times; i++) {
      const ended = await decide(given, call);
      if (ended.differing.length > 0) return { ...told, passed: false, given: whichOf(given, i), ...ended };
    }
  }
  const own = { ...each.call, expect: each.expect, outcome: 'ok', settledAt: each.call.at } as const;
  const ended = await decide(own, setting.parse(each.call));
  return { ...told, passed: ended.differing.length === 0, given: null, ...ended };
}

function whichOf({ place, times }: GivenCall, i: number): string {
  return `given call on line ${place.line}${times === 1 ? '' : `, ${i} of ${times}`}`;
}

/** Opens counters of a case's own; answers what decides its calls in their order. */
function openCase({ prepared, fingerprint, witness }: Setting) {
  const { limits, usedUp } = watched(memoryLimits());
  const bench = openBench({ prepared, fingerprint, limits });
  return async ({ expect: expected, ...made }: MadeCall, call: Call): Promise<Pick<CaseRun, Told>> => {
    const judgement = await bench.judge({ ...made, call });
    const trace = judgement.trace();
    witness.see({ tool: made.tool, trace, usedUp: usedUp() });
    const actual = endingOf(judgement, made.tool);
    const differing = differences(expected, actual);
    const told = { expected, actual, trace, differing };
    if (differing.length === 0) return { ...told, explained: null };
    // Loaded for a failure alone: most runs have none.
    const { explain } = await import('../policy/explanation.ts');
    const { at } = made;
    const about = { prepared, call, caller: callerOf({ ...made, call }), at, fingerprint, steps: trace };
    const { verdict, code, rule } = actual;
    const would = judgement.verdict === 'allow' ? judgement.would : null;
    const explanation = explain({ ...about, code, rule, would });
    return { ...told, explained: { verdict, would, explanation } };
  };
}

/** Arguments go through the text that an agent would send, so that the bounds on it are held. */
function parseWith(read: ReturnType<typeof callReader>): (call: CaseCall) => Call {
  return ({ tool, transport, args }) => {
    const parsed = parseJson(JSON.stringify({ args }), ['args']);
    if (!parsed.ok || !isObject(parsed.value)) throw new Error('arguments of a case are not JSON');
    return read({ tool, transport, args: sentArgs(parsed, ['args'], parsed.value['args']) });
  };
}

/** Limits that remember which counters were used up for the latest call. */
function watched(limits: Limits): { readonly limits: Limits; usedUp(): readonly string[] } {
  let counters: readonly string[] = [];
  return {
    limits: {
      ...limits,
      async reserve(claims, at) {
        const hold = await limits.reserve(claims, at);
        counters = refusalsOf(hold).flatMap(({ claim }) => claims[claim]?.counter ?? []);
        return hold;
      },
    },
    usedUp() {
      const latest = counters;
      counters = [];
      return latest;
    },
  };
}

function refusalsOf(hold: Hold): readonly Refusal[] {
  switch (hold.hold) {
    case 'granted':
      return hold.missed;
    case 'refused':
      return hold.refusals;
    case 'unknown':
      return [];
  }
}

function endingOf(judgement: Judgement, tool: string): Ending {
  const nothing = { rule: null, retry_after_s: null, reason: null, would: null, would_rule: null };
  switch (judgement.verdict) {
    case 'unknown_tool':
      return { verdict: 'deny', code: 'unknown_tool', ...nothing, reason: `Unknown tool: ${tool}` };
    case 'deny': {
      const { code, rule, reason, retryAfterMs } = judgement;
      const wait = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000);
      return { verdict: 'deny', code, ...nothing, rule, reason, retry_after_s: wait };
    }
    case 'allow': {
      const { would } = judgement;
      const held = { would: would?.code ?? null, would_rule: would?.rule ?? null };
      return { verdict: 'allow', code: 'allowed', ...nothing, ...held };
    }
  }
}
