import { fits } from '../adapters/limits/claims.ts';
import { type Counters, openCounters } from '../adapters/limits/counters.ts';
import { lastFreePart, partAt } from '../adapters/limits/windows.ts';
import type { Claim, Instant } from '../model/index.ts';
import { CommandError, exit } from './exit-codes.ts';

/** Which claims are used up, by their indexes: for certain, and perhaps (the certain ones are among these). */
export interface UsedUp {
  readonly certain: readonly number[];
  readonly perhaps: readonly number[];
}

/**
 * Counters of which not everything is known. What every counter holds lies between what was charged for certain and
 * that together with what may have been: so a claim that fits above fits, and one that does not fit below does not.
 * Time must never run backwards.
 */
export interface Ledger {
  usedUp(claims: readonly Claim[], at: Instant): UsedUp;
  charge(claims: readonly Claim[], how: 'certain' | 'perhaps', at: Instant): void;
  /** Gives back what was charged at a time, where that is still held. */
  giveBack(claims: readonly Claim[], how: 'certain' | 'perhaps', takenAt: Instant): void;
  /** From here on nobody knows what was charged up to a time. */
  forget(until: Instant): void;
}

/** Live counters beyond these would take more memory than a replay should. */
const MAX_COUNTERS = 1_000_000;
const NONE: UsedUp = { certain: [], perhaps: [] };

/** Opens counters that are empty. */
export function openLedger(): Ledger {
  const certain = openCounters(MAX_COUNTERS);
  const perhaps = openCounters(MAX_COUNTERS);
  let isDoubted = false;
  let forgotten = Number.NEGATIVE_INFINITY;
  const isForgotten = ({ window }: Claim, at: Instant) =>
    forgotten >= at - window.ms && partAt(window, forgotten) > lastFreePart(window, at);
  const store = (how: 'certain' | 'perhaps') => (how === 'certain' ? certain : perhaps);
  return {
    usedUp(claims, at) {
      let used: { readonly certain: number[]; readonly perhaps: number[] } | null = null;
      for (let i = 0; i < claims.length; i++) {
        const claim = claims[i];
        if (claim === undefined) continue;
        const held = certain.look(claim, at).used;
        const isUsedUp = !fits(claim, held);
        const isPerhaps =
          isUsedUp ||
          isForgotten(claim, at) ||
          (isDoubted && !fits(claim, held + perhaps.look(claim, at).used));
        if (!isPerhaps) continue;
        used ??= { certain: [], perhaps: [] };
        used.perhaps.push(i);
        if (isUsedUp) used.certain.push(i);
      }
      return used ?? NONE;
    },
    charge(claims, how, at) {
      const counters = store(how);
      if (!counters.hasRoomFor(claims, at)) {
        throw new CommandError(
          `expected at most ${MAX_COUNTERS} live counters of limits at a time`,
          exit.broke,
        );
      }
      isDoubted ||= how === 'perhaps' && claims.length > 0;
      for (const claim of claims) take(counters, claim, at);
    },
    giveBack(claims, how, takenAt) {
      for (const claim of claims) store(how).giveBack(claim, takenAt);
    },
    forget(until) {
      forgotten = Math.max(forgotten, until);
    },
  };
}

function take(counters: Counters, claim: Claim, at: Instant): void {
  if (claim.cost > 0) counters.take(claim, at);
}
