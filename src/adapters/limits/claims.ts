import type { Claim, Instant, Refusal } from '../../model/index.ts';
import { freeAt } from './windows.ts';

/** What a counter holds at one moment; `parts` are its live parts, each followed by its amount, oldest first. */
export interface Held {
  readonly used: number;
  readonly parts: readonly number[];
}

/** Whether a claim fits, written so that no sum passes the safe integers. */
export function fits(claim: Claim, used: number): boolean {
  return claim.cost <= claim.max - used;
}

/** What a claim that does not fit is told: how long until it fits, and when its counter is empty. */
export function refusalOf(claim: Claim, index: number, held: Held, now: Instant): Refusal {
  let missing = claim.cost - (claim.max - held.used);
  let fitsAt: Instant | null = null;
  let resetAt = now;
  for (let i = 0; i < held.parts.length; i += 2) {
    resetAt = freeAt(claim.window, held.parts[i] ?? 0);
    missing -= held.parts[i + 1] ?? 0;
    if (missing <= 0) fitsAt ??= resetAt;
  }
  // A cost above max is missing something even of an empty counter.
  return { claim: index, used: held.used, retryAfterMs: fitsAt === null ? null : fitsAt - now, resetAt };
}

/** The claims that a granted hold takes something from: all but those of observed rules of which one claim was missed. */
export function takenClaims(claims: readonly Claim[], missed: readonly Refusal[]): readonly Claim[] {
  const missedRules = new Set(missed.map((refusal) => claims[refusal.claim]?.observedRule));
  return claims.filter(
    (claim) => claim.cost > 0 && (claim.observedRule === null || !missedRules.has(claim.observedRule)),
  );
}

/** The refusals among what is used up: an observed rule never refuses a call. */
export function refusalsOf(claims: readonly Claim[], usedUp: readonly Refusal[]): readonly Refusal[] {
  return usedUp.filter((refusal) => claims[refusal.claim]?.observedRule === null);
}
