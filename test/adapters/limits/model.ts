import fc from 'fast-check';
import { expect } from 'vitest';
import type { Claim, Hold, Ticket } from '../../../src/model/index.ts';
import { claim, refund, reserve, type Setting, used } from './claims.ts';

const COUNTERS = ['a', 'b', 'c', 'd', 'e'];

const someClaims: fc.Arbitrary<Claim[]> = fc.uniqueArray(
  fc
    .record({
      counter: fc.constantFrom(...COUNTERS),
      max: fc.nat(6),
      cost: fc.nat(4),
      observedRule: fc.constantFrom(null, null, 0, 1),
    })
    .map(claim),
  { minLength: 1, selector: (each) => each.counter },
);

/** What a session may do: reserve some claims, or give back the ticket of an earlier step. */
export const someSteps: fc.Arbitrary<(Claim[] | { readonly refund: number })[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: someClaims }, { weight: 1, arbitrary: fc.record({ refund: fc.nat(12) }) }),
  { minLength: 1, maxLength: 12 },
);

/** Runs steps against a store and against plain sums; every hold and, in the end, every counter must agree. */
export async function agreesWithSums(
  setting: Setting,
  steps: readonly (Claim[] | { readonly refund: number })[],
) {
  const sums = new Map(COUNTERS.map((counter) => [counter, 0]));
  const tickets = new Map<number, { ticket: Ticket; taken: readonly Claim[] }>();
  for (const [i, step] of steps.entries()) {
    if ('refund' in step) {
      const owed = tickets.get(step.refund);
      if (owed === undefined) continue;
      await refund(setting, owed.ticket);
      charge(sums, owed.taken, -1);
      tickets.set(step.refund, { ...owed, taken: [] });
      continue;
    }
    const { told, taken } = expected(sums, step);
    const hold = await reserve(setting, ...step);
    expect(tellOf(hold)).toEqual(told);
    charge(sums, taken, 1);
    if (hold.hold === 'granted') tickets.set(i, { ticket: hold.ticket, taken });
  }
  for (const [counter, sum] of sums) expect(await used(setting, claim({ counter }))).toBe(sum);
}

function expected(sums: ReadonlyMap<string, number>, claims: readonly Claim[]) {
  const tooMuch = claims.filter((each) => (sums.get(each.counter) ?? 0) + each.cost > each.max);
  const tell = (some: readonly Claim[]) =>
    some.map((each) => ({ claim: claims.indexOf(each), used: sums.get(each.counter) ?? 0 }));
  const binding = tooMuch.filter((each) => each.observedRule === null);
  if (binding.length > 0) return { told: { hold: 'refused', claims: tell(binding) }, taken: [] };
  const missedRules = tooMuch.map((each) => each.observedRule);
  const taken = claims.filter(
    (each) => each.observedRule === null || !missedRules.includes(each.observedRule),
  );
  return { told: { hold: 'granted', claims: tell(tooMuch) }, taken };
}

function tellOf(hold: Hold) {
  if (hold.hold === 'unknown') return hold;
  const refusals = hold.hold === 'granted' ? hold.missed : hold.refusals;
  return { hold: hold.hold, claims: refusals.map((each) => ({ claim: each.claim, used: each.used })) };
}

function charge(sums: Map<string, number>, claims: readonly Claim[], sign: 1 | -1): void {
  for (const each of claims) sums.set(each.counter, (sums.get(each.counter) ?? 0) + sign * each.cost);
}
