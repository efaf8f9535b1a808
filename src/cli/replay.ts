import { operations } from '../catalog/operations.ts';
import { callParser } from '../pipeline/parse-call.ts';
import { recall } from '../pipeline/recall.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { callReader } from './bench.ts';
import { nameOf, recordedCallers } from './recorded-callers.ts';
import { type Change, changeOf } from './changes.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import { preparePolicy } from './load-policy.ts';
import { type Past, pastCalls } from './past-calls.ts';
import { openProgress, type Progress } from './progress.ts';
import { chargeOf, recordedEnding } from './recorded-verdict.ts';
import { type ReplayReport, replayForPeople, replayForPrograms } from './replay-report.ts';
import { certainly, openReplayer, type PastCall, type Verdict } from './replayer.ts';
import { type Example, openTally } from './tally.ts';
import { sizeOf } from './text-lines.ts';

export interface ReplayOptions {
  readonly policy: string;
  /** The tenant that the recorded proxy was confined to; null: none. */
  readonly tenantId: string | null;
  readonly json: boolean;
  readonly color: boolean;
  /** Changes that are not to be. */
  readonly failOn: readonly Change[];
}

/** `portcullis replay`: what a policy would change of calls that were recorded. */
export async function replay(files: readonly string[], options: ReplayOptions): Promise<ExitCode> {
  const prepared = preparePolicy(options.policy, 'known');
  const progress = openProgress(process.stderr, sizeOf(files));
  const report = await replayFiles(files, { prepared, progress, ...options });
  process.stdout.write(options.json ? replayForPrograms(report) : replayForPeople(report, options.color));
  // A report that is not of every line must not pass for one.
  if (report.problems > 0) return exit.usage;
  return options.failOn.some((change) => report.tally.count(change) > 0) ? exit.testsFailed : exit.fine;
}

interface Replayed extends Pick<ReplayOptions, 'policy' | 'tenantId'> {
  readonly prepared: PreparedPolicy;
  readonly progress: Progress;
}

/** Replays what files hold. */
export async function replayFiles(
  files: readonly string[],
  { prepared, progress, tenantId, policy }: Replayed,
): Promise<ReplayReport> {
  const replaying = openReplaying(prepared, tenantId);
  try {
    for await (const ready of pastCalls(files, progress.read)) {
      for (const past of ready) {
        if (past.what === 'problem') progress.tell(`${past.file}:${past.line}: ${past.problem}`);
        replaying.add(past);
      }
      progress.step(ready.length);
    }
  } finally {
    progress.close();
  }
  return replaying.report(policy);
}

/** Makes of what files hold the calls that are to be judged. */
export function pastCallReader(tenantId: string | null): (past: JudgedPast) => PastCall {
  const parse = callParser(operations, tenantId);
  const readCall = callReader(operations);
  const callerOf = recordedCallers();
  return (past) => {
    if (past.what === 'call') {
      const { call, at } = past;
      const session = call.transport === 'rest' ? null : call.session;
      return {
        dim: { call: readCall(call), unseen: () => null, places: [], mayViolate: false },
        caller: { identity: call.identity, session },
        at,
        charge: call.outcome === 'unreached' ? 'given back' : 'kept',
        endedAt: call.settledAt ?? at,
        isStoreDown: false,
        isMisplaced: false,
      };
    }
    const { record, at, endedAt } = past;
    return {
      dim: recall(record, parse),
      caller: callerOf(record),
      at,
      charge: chargeOf(record),
      endedAt,
      isStoreDown: record.code === 'limits_unavailable',
      isMisplaced: past.what === 'record' && past.isMisplaced,
    };
  };
}

export type JudgedPast = Extract<Past, { what: 'record' | 'unended' | 'call' }>;

interface Replaying {
  add(past: Past): void;
  report(file: string): ReplayReport;
}

function openReplaying(prepared: PreparedPolicy, tenantId: string | null): Replaying {
  const replayer = openReplayer(prepared);
  const read = pastCallReader(tenantId);
  const tally = openTally();
  const counts = { intents: 0, unended: 0, misplaced: 0, problems: 0 };
  const undecided = new Map<string, number>();
  const unrecorded = new Map<string, number>();
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const seen = (at: number) => {
    from = Math.min(from, at);
    to = Math.max(to, at);
  };
  return {
    add(past) {
      switch (past.what) {
        case 'problem':
          counts.problems++;
          return;
        case 'gap':
          return replayer.forget(past.until);
        case 'intent':
          counts.intents++;
          return;
        case 'unended':
          counts.unended++;
          return replayer.suppose(read(past));
        case 'call': {
          seen(past.at);
          const { endings } = replayer.judge(read(past));
          return increase(unrecorded, endings.map(({ code }) => code).join(' or '));
        }
        case 'record':
          seen(past.at);
          if (past.isMisplaced) counts.misplaced++;
          return judgeRecord(past);
      }
    },
    report: (file) => ({
      file,
      digest: prepared.digest,
      tally,
      ...counts,
      undecided: Object.fromEntries(undecided),
      unrecorded: Object.fromEntries(unrecorded),
      from: from <= to ? new Date(from).toISOString() : null,
      to: from <= to ? new Date(to).toISOString() : null,
    }),
  };

  function judgeRecord(past: Extract<Past, { what: 'record' }>): void {
    const { record } = past;
    const ending = recordedEnding(record);
    if (ending === null) {
      increase(undecided, record.code);
      // Nobody knows how far a call came that broke; one of an unknown caller was not even read.
      if (record.code === 'internal_error') replayer.suppose(read(past));
      return;
    }
    const before = certainly(ending);
    const call = read(past);
    const after = replayer.judge(call);
    tally.add(changeOf(before, after), () => exampleOf(past, call, before, after), [after]);
  }
}

function exampleOf(
  { file, line, record }: Extract<Past, { what: 'record' }>,
  { caller }: PastCall,
  before: Verdict,
  after: Verdict,
): Example {
  return {
    file,
    line,
    id: record.id,
    at: record.at,
    tool: record.tool,
    caller: nameOf(caller.identity),
    before: before.endings,
    after: after.endings,
  };
}

function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
