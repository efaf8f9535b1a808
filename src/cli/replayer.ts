import type { Call, Caller, Claim, Code, Instant, RuleId, Would } from '../model/index.ts';
import { decide } from '../policy/decide.ts';
import { type DimCall, isDim, unseenLooks } from '../policy/dim-call.ts';
import { type Foreseen, foresee } from '../policy/foresee.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { ALLOWED, askLimits } from './ask-limits.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { openTimeline } from './timeline.ts';

/** One way that a call ends under a policy; `allowed` is the code of a call that goes to FusionAuth. */
export interface Ending {
  readonly code: Code;
  readonly rule: RuleId | null;
  readonly would: Would | null;
}

/** Every way that a call may end: one, where that is certain. */
export interface Verdict {
  readonly endings: readonly Ending[];
  /** Why there is more than one: something of the call is not known, or what its limits hold. */
  readonly doubt: 'none' | 'unseen' | 'limits';
  /** What is not known, in words. */
  readonly because: readonly string[];
}

/** What became of a call that went to FusionAuth, for its charge. */
export type Charge = 'kept' | 'given back' | 'unknown';

/** A call of the past, as it is to be judged. */
export interface PastCall {
  readonly dim: DimCall;
  readonly caller: Caller;
  readonly at: Instant;
  readonly charge: Charge;
  /** When it was known what became of it. */
  readonly endedAt: Instant;
  /** The limits could not be asked then. */
  readonly isStoreDown: boolean;
  /** Its place among the other calls is not known, so neither is what its limits held. */
  readonly isMisplaced: boolean;
}

/** Judges calls one after another by one policy, its limits on the clock of the calls. */
export interface Replayer {
  judge(past: PastCall): Verdict;
  /** A call that was made and of which nobody knows the end: it may have charged what it claims. */
  suppose(past: PastCall): void;
  /** Nobody knows which calls were made up to a time. */
  forget(until: Instant): void;
}

interface Settling {
  readonly at: Instant;
  readonly rank: 0;
  readonly claims: readonly Claim[];
  readonly charge: Exclude<Charge, 'kept'>;
  readonly how: 'certain' | 'perhaps';
  readonly takenAt: Instant;
}

/** Opens a policy's limits, all empty. */
export function openReplayer(prepared: PreparedPolicy): Replayer {
  const ledger = openLedger();
  const settlings = openTimeline<Settling>();
  let now = Number.NEGATIVE_INFINITY;

  const arrive = (at: Instant): void => {
    now = Math.max(now, at);
    for (let due = settlings.take(now); due !== null; due = settlings.take(now)) settle(ledger, due, now);
  };
  const take = (
    claims: readonly Claim[],
    how: 'certain' | 'perhaps',
    { charge, endedAt }: PastCall,
  ): void => {
    if (claims.length === 0) return;
    ledger.charge(claims, how, now);
    if (charge === 'kept' || (charge === 'unknown' && how === 'perhaps')) return;
    settlings.add({ at: endedAt, rank: 0, claims, charge, how, takenAt: now });
  };
  const foreseen = ({ dim, caller, at }: PastCall) => foreseeCall(prepared, dim, { caller, at, fingerprint });

  return {
    judge(past) {
      arrive(past.at);
      const seen = foreseen(past);
      if (seen === null) return certainly({ code: 'unknown_tool', rule: null, would: null });
      const { allow } = seen;
      const denials = seen.denials.map(({ code, rule }): Ending => ({ code, rule, would: null }));
      if (allow === null) return verdictOf(denials, { prepared, past, seen, doubtful: [] });
      const { endings, taken, takenPerhaps, doubtful } = askLimits(ledger, allow, past, now);
      const isSure = denials.length === 0;
      take(isSure ? taken : [], 'certain', past);
      take(isSure ? takenPerhaps : [...taken, ...takenPerhaps], 'perhaps', past);
      return verdictOf(isSure ? endings : [...denials, ...endings], { prepared, past, seen, doubtful });
    },
    suppose(past) {
      arrive(past.at);
      const allow = foreseen(past)?.allow ?? null;
      if (allow !== null) take([...allow.claims, ...allow.perhaps], 'perhaps', past);
    },
    forget: ledger.forget,
  };
}

/** Nobody looks at the trace of a replayed call. */
const fingerprint = () => '';

function foreseeCall(
  prepared: PreparedPolicy,
  dim: DimCall,
  context: Parameters<typeof decide>[2],
): Foreseen | null {
  const tool = prepared.tool(dim.call.tool);
  if (tool === null || tool.hidden) return null;
  return isDim(prepared, tool, dim) ? foresee(prepared, dim, context) : decided(prepared, dim.call, context);
}

/** Where everything is seen, what `decide` says is all there is to foresee. */
function decided(
  prepared: PreparedPolicy,
  call: Call,
  context: Parameters<typeof decide>[2],
): Foreseen | null {
  const decision = decide(prepared, call, context);
  switch (decision.verdict) {
    case 'unknown_tool':
      return null;
    case 'deny':
      return { denials: [decision], allow: null };
    case 'allow': {
      const { would, claims, observing } = decision;
      return { denials: [], allow: { would: [would], claims, perhaps: [], observing } };
    }
  }
}

interface Doubts {
  readonly prepared: PreparedPolicy;
  readonly past: PastCall;
  readonly seen: Foreseen;
  readonly doubtful: readonly string[];
}

function verdictOf(endings: readonly Ending[], { prepared, past, seen, doubtful }: Doubts): Verdict {
  const [first] = endings;
  if (endings.length === 1 && first !== undefined) return certainly(first);
  const different = new Map(endings.map((each) => [JSON.stringify(each), each]));
  if (different.size === 1 && first !== undefined) return certainly(first);
  const { denials, allow } = seen;
  const isForeseen = denials.length + (allow?.would.length ?? 0) === 1;
  return isForeseen
    ? { endings: [...different.values()], doubt: 'limits', because: [...new Set(doubtful)] }
    : {
        endings: [...different.values()],
        doubt: 'unseen',
        because: unseenLooks(prepared, past.dim.call.tool, past.dim),
      };
}

/** The verdict of a call of which only one ending is possible. */
export function certainly(ending: Ending): Verdict {
  return ending === ALLOWED ? CERTAINLY_ALLOWED : { endings: [ending], doubt: 'none', because: [] };
}

const CERTAINLY_ALLOWED: Verdict = { endings: [ALLOWED], doubt: 'none', because: [] };

function settle(ledger: Ledger, { claims, charge, how, takenAt }: Settling, now: Instant): void {
  ledger.giveBack(claims, how, takenAt);
  // It may have been given back: what is certain is now only possible, and for a little longer than it was.
  if (charge === 'unknown') ledger.charge(claims, 'perhaps', now);
}
