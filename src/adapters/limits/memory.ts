import { randomUUID } from 'node:crypto';
import type { Claim, Hold, Instant, Limits, Refusal, Ticket } from '../../model/index.ts';
import { fits, refusalOf, refusalsOf, takenClaims } from './claims.ts';
import { openCounters } from './counters.ts';

interface Taken {
  readonly claims: readonly Claim[];
  readonly at: Instant;
}

/** Limits within one process, on the clock of the calls themselves; full of live counters it answers `unknown`. */
export function memoryLimits(options: { readonly maxCounters?: number } = {}): Limits {
  const counters = openCounters(options.maxCounters ?? 100_000);
  const unsettled = new WeakMap<Ticket, Taken>();
  let latest = 0;
  let closed = false;

  const reserve = (claims: readonly Claim[], now: Instant): Hold => {
    const usedUp = claims.flatMap((claim, index): Refusal[] => {
      const held = counters.look(claim, now);
      return fits(claim, held.used) ? [] : [refusalOf(claim, index, held, now)];
    });
    const refusals = refusalsOf(claims, usedUp);
    if (refusals.length > 0) return { hold: 'refused', refusals };
    const taken = takenClaims(claims, usedUp);
    if (!counters.hasRoomFor(taken, now)) {
      return { hold: 'unknown', why: 'the limit store in memory is full of live counters' };
    }
    for (const claim of taken) counters.take(claim, now);
    const ticket: Ticket = { id: randomUUID() };
    unsettled.set(ticket, { claims: taken, at: now });
    return { hold: 'granted', ticket, missed: usedUp };
  };

  return {
    reserve(claims, at) {
      if (closed) return { hold: 'unknown', why: 'the limit store is closed' };
      latest = Math.max(latest, at);
      return reserve(claims, latest);
    },
    async settle(ticket, how) {
      const taken = unsettled.get(ticket);
      unsettled.delete(ticket);
      if (taken === undefined || how === 'spend') return;
      for (const claim of taken.claims) counters.giveBack(claim, taken.at);
    },
    async ready() {
      return !closed;
    },
    async close() {
      closed = true;
    },
  };
}
