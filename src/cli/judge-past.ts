import { operations } from '../catalog/operations.ts';
import { callParser } from '../pipeline/parse-call.ts';
import { recall } from '../pipeline/recall.ts';
import { callReader } from './bench.ts';
import { printable } from './excerpt.ts';
import { type Past, pastCalls } from './past-calls.ts';
import { openProgress, type Progress } from './progress.ts';
import { recordedCallers } from './recorded-callers.ts';
import { chargeOf, recordedEnding } from './recorded-verdict.ts';
import type { ReplayReport } from './replay-report.ts';
import type { PastCall, Replayer } from './replayer.ts';
import { sizeOf } from './text-lines.ts';

/** What is told of files beside the verdicts. */
export type Read = Pick<
  ReplayReport,
  'intents' | 'unended' | 'tokens' | 'misplaced' | 'problems' | 'undecided' | 'from' | 'to'
>;

type Judged = Extract<Past, { what: 'record' | 'call' }>;

export interface Judging {
  /** Each is told of everything that may have charged a limit. */
  readonly replayers: readonly Replayer[];
  /** The tenant that the recorded proxy was confined to; null: none. */
  readonly tenantId: string | null;
  /** On stderr where left out. */
  readonly progress?: Progress | undefined;
  /** Judges a call that a policy decided, or a call line. */
  readonly judge: (past: Judged, call: PastCall) => void;
}

/** Goes through what files hold, and has every call judged that a policy can judge. */
export async function judgePast(
  files: readonly string[],
  { replayers, tenantId, judge, progress = openProgress(process.stderr, sizeOf(files)) }: Judging,
): Promise<Read> {
  const read = pastCallReader(tenantId);
  const counts = { intents: 0, unended: 0, tokens: 0, misplaced: 0, problems: 0 };
  const undecided = new Map<string, number>();
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const suppose = (past: PastCall) => {
    for (const replayer of replayers) replayer.suppose(past);
  };
  const add = (past: Past): void => {
    switch (past.what) {
      case 'problem':
        counts.problems++;
        progress.tell(printable(`${past.file}:${past.line}: ${past.problem}`));
        return;
      case 'gap':
        for (const replayer of replayers) replayer.forget(past.until);
        return;
      case 'token':
        counts.tokens++;
        return;
      case 'intent':
        counts.intents++;
        return;
      case 'unended':
        counts.unended++;
        suppose(read(past));
        return;
      case 'record':
      case 'call':
        if (past.at < from) from = past.at;
        if (past.at > to) to = past.at;
        if (past.what === 'record' && past.isMisplaced) counts.misplaced++;
        if (past.what === 'call' || recordedEnding(past.record) !== null) {
          judge(past, read(past));
          return;
        }
        increase(undecided, past.record.code);
        // Nobody knows how far a call came that broke; one of an unknown caller was not even read.
        if (past.record.code === 'internal_error') suppose(read(past));
    }
  };
  try {
    for await (const ready of pastCalls(files, progress.read)) {
      for (const past of ready) add(past);
      progress.step(ready.length);
    }
  } finally {
    progress.close();
  }
  return {
    ...counts,
    undecided: Object.fromEntries(undecided),
    from: from <= to ? new Date(from).toISOString() : null,
    to: from <= to ? new Date(to).toISOString() : null,
  };
}

/** Counts one more of a name. */
export function increase(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Makes of what files hold the calls that are to be judged. */
function pastCallReader(
  tenantId: string | null,
): (past: Extract<Past, { what: 'record' | 'unended' | 'call' }>) => PastCall {
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
