import type {
  Awaitable,
  Call,
  Claim,
  Decision,
  DenialCode,
  Hold,
  Instant,
  LimitState,
  Limits,
  Refusal,
  RuleId,
  SecretsShown,
  Step,
  Ticket,
  Trace,
  UsedLimit,
  Violation,
  Would,
} from '../model/index.ts';
import { fromUnits } from '../policy/amounts.ts';
import { type DecisionContext, decide } from '../policy/decide.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { calendarWord } from '../policy/windows.ts';

/** What policy and limits say of a call together. */
export type Judgement = { readonly trace: Trace } & (
  | { readonly verdict: 'unknown_tool'; readonly hidden: boolean }
  | {
      readonly verdict: 'allow';
      /** What was taken from the limits; null where nothing was. */
      readonly ticket: Ticket | null;
      readonly would: Would | null;
      readonly secrets: SecretsShown;
    }
  | ({ readonly verdict: 'deny' } & Denial)
);

export interface Denial {
  readonly code: DenialCode;
  readonly rule: RuleId | null;
  readonly reason: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly limit: LimitState | null;
  readonly violations: readonly Violation[];
}

/** Decides, then reserves: a call takes from its limits only when everything else passed. */
export function judge(
  policy: PreparedPolicy,
  call: Call,
  context: DecisionContext,
  limits: Limits,
): Awaitable<Judgement> {
  const decision = decide(policy, call, context);
  if (decision.verdict === 'unknown_tool') return decision;
  if (decision.verdict === 'deny') return denied(decision);
  if (decision.claims.length === 0) return allowed(decision, { ticket: null, missed: [], at: context.at });
  const hold = limits.reserve(decision.claims, context.at);
  return hold instanceof Promise
    ? hold.then((held) => conclude(decision, held, context.at))
    : conclude(decision, hold, context.at);
}

type Allow = Extract<Decision, { verdict: 'allow' }>;

function denied({
  trace,
  code,
  rule,
  because,
  violations,
}: Extract<Decision, { verdict: 'deny' }>): Judgement {
  return {
    verdict: 'deny',
    trace,
    code,
    rule,
    reason: because,
    retryable: false,
    retryAfterMs: null,
    limit: null,
    violations,
  };
}

function allowed(
  { trace, claims, would, secrets }: Allow,
  {
    ticket,
    missed,
    at,
  }: { readonly ticket: Ticket | null; readonly missed: readonly Refusal[]; readonly at: Instant },
): Judgement {
  const [first] = missed;
  const claim = first === undefined ? undefined : claims[first.claim];
  return {
    verdict: 'allow',
    trace: () => [...trace(), ...limitSteps(claims, missed, at, 'observed')],
    ticket,
    would: would ?? (claim === undefined ? null : { code: codeOf(claim), rule: claim.rule }),
    secrets,
  };
}

function conclude(decision: Allow, hold: Hold, at: Instant): Judgement {
  switch (hold.hold) {
    case 'granted':
      return allowed(decision, { ticket: hold.ticket, missed: hold.missed, at });
    case 'refused':
      return decision.observing
        ? allowed(decision, { ticket: null, missed: hold.refusals, at })
        : refused(decision, hold.refusals, at);
    case 'unknown':
      return {
        verdict: 'deny',
        trace: () => [
          ...decision.trace(),
          { step: 'limit', name: 'limits', result: 'failed', note: hold.why },
        ],
        code: 'limits_unavailable',
        rule: null,
        reason:
          'The limits of this call cannot be checked at the moment, so it was not made. Try again later.',
        retryable: true,
        retryAfterMs: null,
        limit: null,
        violations: [],
      };
  }
}

/** Of several used-up limits the first in order is named and the longest wait is told. */
function refused({ trace, claims }: Allow, refusals: readonly Refusal[], at: Instant): Judgement {
  const [first] = refusals;
  const claim = first === undefined ? undefined : claims[first.claim];
  if (first === undefined || claim === undefined) throw new Error('a refused hold names no claim');
  const waits = refusals.map(({ retryAfterMs }) => retryAfterMs);
  const retryAfterMs = waits.includes(null) ? null : Math.max(...waits.map((wait) => wait ?? 0));
  return {
    verdict: 'deny',
    trace: () => [...trace(), ...limitSteps(claims, refusals, at, 'enforced')],
    code: codeOf(claim),
    rule: claim.rule,
    reason: claim.because ?? usedUp(claim),
    retryable: retryAfterMs !== null,
    retryAfterMs,
    limit: limitState(claim, first, at),
    violations: [],
  };
}

function codeOf({ kind }: Claim): 'rate_limited' | 'budget_exceeded' {
  return kind === 'calls' ? 'rate_limited' : 'budget_exceeded';
}

const WHOSE: Readonly<Record<Claim['per'], string>> = {
  session: 'in this session',
  identity: 'by this identity',
  tenant: 'by this tenant',
  everyone: 'by everyone together',
};

function usedUp(claim: Claim): string {
  const seconds = claim.window.ms / 1000;
  const most = fromUnits(claim.max, claim.unit);
  const what = claim.kind === 'calls' ? `${most} call${most === 1 ? '' : 's'}` : `an amount of ${most}`;
  const span =
    claim.window.kind === 'calendar' ? `each ${calendarWord(claim.window.ms)}` : `any ${seconds} s`;
  return `At most ${what} in ${span} ${WHOSE[claim.per]} (rule \`${claim.rule}\`).`;
}

/** A used-up limit as the agent is shown it. */
function limitState(claim: Claim, { used, resetAt }: Refusal, at: Instant): LimitState {
  return {
    max: fromUnits(claim.max, claim.unit),
    window_s: claim.window.ms / 1000,
    per: claim.per,
    remaining: fromUnits(Math.max(claim.max - used, 0), claim.unit),
    reset_at: new Date(Math.max(resetAt, at)).toISOString(),
  };
}

function limitSteps(
  claims: readonly Claim[],
  refusals: readonly Refusal[],
  at: Instant,
  how: 'observed' | 'enforced',
): readonly Step[] {
  return refusals.flatMap((refusal) => {
    const claim = claims[refusal.claim];
    if (claim === undefined) return [];
    const observed = how === 'observed' ? { observed: true } : {};
    const note = `${usedUp(claim)} Used: ${fromUnits(refusal.used, claim.unit)}.`;
    const limit = usedLimit(claim, refusal, at);
    return { step: 'limit', name: claim.rule, result: 'failed', ...observed, note, limit } as const;
  });
}

function usedLimit(claim: Claim, refusal: Refusal, at: Instant): UsedLimit {
  const { kind, cost, unit } = claim;
  const wait = refusal.retryAfterMs;
  const fits = wait === null ? null : new Date(at + wait).toISOString();
  return { kind, asked: fromUnits(cost, unit), ...limitState(claim, refusal, at), fits_at: fits };
}
