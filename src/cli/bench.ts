import { memoryLimits } from '../adapters/limits/memory.ts';
import type { Call, Caller, Identity, Instant, Limits, Operation, RawCall } from '../model/index.ts';
import { type Judgement, judge } from '../pipeline/judge.ts';
import { callParser } from '../pipeline/parse-call.ts';
import type { Fingerprint } from '../policy/fingerprint.ts';
import { isObject } from '../policy/paths.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import type { Fate } from './call-line.ts';
import { openRefunds } from './refunds.ts';

/** A call that is judged and not made: what would have become of it is told beforehand. */
export interface TriedCall {
  readonly call: Call;
  readonly identity: Identity;
  /** Over REST there is none: the identity is the session. */
  readonly session: string;
  readonly at: Instant;
  readonly outcome: Fate;
  /** When the outcome became known. */
  readonly settledAt: Instant;
}

/** Judges calls in the order of their times, without FusionAuth and without Redis. */
export interface Bench {
  judge(tried: TriedCall): Promise<Judgement>;
}

export interface BenchOptions {
  readonly prepared: PreparedPolicy;
  readonly fingerprint: Fingerprint;
  /** In memory, on the clock of the calls, where left out. */
  readonly limits?: Limits;
}

/** Opens a bench with counters of its own. What never reached FusionAuth is given back when that became known. */
export function openBench({ prepared, fingerprint, limits = memoryLimits() }: BenchOptions): Bench {
  const refunds = openRefunds(limits);
  return {
    async judge({ call, identity, session, at, outcome, settledAt }) {
      await refunds.until(at);
      const caller = callerOf({ call, identity, session });
      const judgement = await judge(prepared, call, { caller, at, fingerprint }, limits);
      if (judgement.verdict !== 'allow' || judgement.ticket === null) return judgement;
      if (outcome === 'unreached') refunds.add(judgement.ticket, settledAt);
      else await limits.settle(judgement.ticket, 'spend', at);
      return judgement;
    },
  };
}

/** Who makes a call. */
export function callerOf({
  call,
  identity,
  session,
}: Pick<TriedCall, 'call' | 'identity' | 'session'>): Caller {
  return { identity, session: call.transport === 'rest' ? null : session };
}

/** What an agent sends -> a call in normal form. Of a tool that is not known (null: of any) the arguments stay as they are. */
export function callReader(
  tools: readonly Operation[] | null,
): (sent: Pick<RawCall, 'tool' | 'args' | 'transport'>) => Call {
  const parse = tools === null ? null : callParser(tools, null);
  return (sent) => parse?.(sent)?.call ?? unknownCall(sent);
}

function unknownCall({ tool, transport, args }: Pick<RawCall, 'tool' | 'args' | 'transport'>): Call {
  const value = isObject(args.value) ? args.value : {};
  return { tool, transport, args: value, jwt: null, violations: args.faults };
}
