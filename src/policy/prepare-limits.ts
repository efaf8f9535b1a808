import type { AmountLimit, Claim, Path, Per, Rule, Window } from '../model/index.ts';
import { inUnits, unitOf } from './amounts.ts';
import { shortHash } from './fingerprint.ts';
import { parsePath } from './paths.ts';

/** A claim but for its subject and its cost. */
export type PreparedLimit = Pick<Claim, 'window' | 'per' | 'kind' | 'unit' | 'max'> & {
  readonly key: string;
};

/** The limits of one rule. */
export interface PreparedLimits {
  /** Its limit of calls: the counter itself and, per session, its ceiling. */
  readonly calls: readonly PreparedLimit[];
  /** Its limit of amounts, and where the amount comes from. */
  readonly amounts: readonly PreparedLimit[];
  readonly amount: { readonly fixed: number } | { readonly from: Path } | null;
}

/** Whether a rule counts calls or amounts. */
export function isLimited({ calls, amounts }: PreparedLimits): boolean {
  return calls.length > 0 || amounts.length > 0;
}

/**
 * Makes the limits of a rule ready.
 *
 * @param owner the tool or glob and the rule: with the window they name its counters, also after a reload.
 */
export function prepareLimits(
  { rateLimit, amountLimit }: Rule,
  owner: readonly [tool: string, rule: string | number],
  ceiling: number,
): PreparedLimits {
  return {
    calls:
      rateLimit === null
        ? []
        : levels(rateLimit, { kind: 'calls', unit: 'one', max: rateLimit.max }, [...owner, 'calls'], ceiling),
    amounts:
      amountLimit === null
        ? []
        : levels(amountLimit, boundOf(amountLimit), [...owner, 'amount', amountLimit.counter], ceiling),
    amount: amountLimit === null ? null : amountOf(amountLimit),
  };
}

function boundOf({ bound }: AmountLimit): Pick<PreparedLimit, 'kind' | 'unit' | 'max'> {
  const unit = unitOf(bound.value);
  const whole = unit === 'millionth' ? bound.value : Math.floor(bound.value);
  const isBelow = bound.op === 'lt' && whole === bound.value;
  return { kind: 'amounts', unit, max: inUnits(whole, unit) - (isBelow ? 1 : 0) };
}

function amountOf({ increment }: AmountLimit): { readonly fixed: number } | { readonly from: Path } {
  return 'fixed' in increment ? increment : { from: parsePath(increment.from)?.path ?? [] };
}

/** The counters of one limit: its own and, per session, the ceiling of the identity. */
function levels(
  { window, per }: { readonly window: Window; readonly per: Per },
  { kind, unit, max }: Pick<PreparedLimit, 'kind' | 'unit' | 'max'>,
  owner: readonly (string | number)[],
  ceiling: number,
): readonly PreparedLimit[] {
  const at = (level: Per, most: number): PreparedLimit => ({
    key: shortHash(JSON.stringify([...owner, window.kind, window.ms, level, unit])),
    window,
    per: level,
    kind,
    unit,
    // An amount too large to count costs MAX_SAFE_INTEGER, and must not fit.
    max: Math.min(most, Number.MAX_SAFE_INTEGER - 1),
  });
  return per === 'session' ? [at('session', max), at('identity', max * ceiling)] : [at(per, max)];
}
