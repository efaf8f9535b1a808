import type { Claim, Instant, Window } from '../../model/index.ts';
import type { Held } from './claims.ts';
import { lastFreePart, partAt } from './windows.ts';

/** The counters of one process; `now` must never run backwards. */
export interface Counters {
  /** What the counter of a claim holds. */
  look(claim: Claim, now: Instant): Held;
  /** Whether there is room for the counters that these claims would open. */
  hasRoomFor(claims: readonly Claim[], now: Instant): boolean;
  /** Charges the cost of a claim, whether it fits or not. */
  take(claim: Claim, now: Instant): void;
  /** Gives the cost back to the part that it was taken from, where that part still holds it. */
  giveBack(claim: Claim, takenAt: Instant): void;
}

interface Counter {
  used: number;
  /** The part of the latest charge. */
  newest: number;
  /** Amount by part; time only goes on, so insertion order is oldest first. */
  readonly parts: Map<number, number>;
}

/** The counters of one window, least recently charged first: that is also the order in which they expire. */
interface Shelf {
  readonly window: Window;
  readonly counters: Map<string, Counter>;
}

/** How many expired counters one call clears away unless it needs more room: no call pays for all of them. */
const CLEARED_PER_CALL = 64;

interface Store {
  readonly shelves: Map<number, Shelf>;
  readonly maxCounters: number;
  size: number;
}

/** Opens an empty store of at most `maxCounters` live counters. */
export function openCounters(maxCounters: number): Counters {
  const store: Store = { shelves: new Map(), maxCounters, size: 0 };
  return {
    look(claim, now) {
      const counter = find(store, claim);
      if (counter === undefined) return { used: 0, parts: [] };
      prune(counter, lastFreePart(claim.window, now));
      return counter;
    },
    hasRoomFor(claims, now) {
      clearExpired(store, now, claims.length);
      return store.size + claims.filter((claim) => find(store, claim) === undefined).length <= maxCounters;
    },
    take(claim, now) {
      const part = partAt(claim.window, now);
      const counter = find(store, claim) ?? { used: 0, newest: -1, parts: new Map<number, number>() };
      if (counter.newest !== part) putLast(store, claim, counter);
      counter.newest = part;
      counter.used += claim.cost;
      counter.parts.set(part, (counter.parts.get(part) ?? 0) + claim.cost);
    },
    giveBack(claim, takenAt) {
      const counter = find(store, claim);
      if (counter === undefined) return;
      uncharge(counter, partAt(claim.window, takenAt), claim.cost);
      if (counter.parts.size > 0) return;
      store.shelves.get(shelfName(claim))?.counters.delete(claim.counter);
      store.size -= 1;
    },
  };
}

function find(store: Store, claim: Claim): Counter | undefined {
  return store.shelves.get(shelfName(claim))?.counters.get(claim.counter);
}

function clearExpired(store: Store, now: Instant, room: number): void {
  let cleared = 0;
  for (const [name, { window, counters }] of store.shelves) {
    for (const [key, counter] of counters) {
      if (counter.newest > lastFreePart(window, now)) break;
      if (cleared >= CLEARED_PER_CALL && store.size + room <= store.maxCounters) return;
      counters.delete(key);
      store.size -= 1;
      cleared += 1;
    }
    if (counters.size === 0) store.shelves.delete(name);
  }
}

function putLast(store: Store, claim: Claim, counter: Counter): void {
  const name = shelfName(claim);
  const shelf = store.shelves.get(name) ?? { window: claim.window, counters: new Map<string, Counter>() };
  store.shelves.set(name, shelf);
  if (!shelf.counters.delete(claim.counter)) store.size += 1;
  shelf.counters.set(claim.counter, counter);
}

/** Every call asks for shelves a few times: their names are numbers, which cost nothing to make. */
function shelfName({ window }: Claim): number {
  return window.kind === 'sliding' ? window.ms : -window.ms;
}

function prune(counter: Counter, lastFree: number): void {
  for (const [part, amount] of counter.parts) {
    if (part > lastFree) return;
    counter.parts.delete(part);
    counter.used -= amount;
  }
}

function uncharge(counter: Counter, part: number, cost: number): void {
  const amount = counter.parts.get(part) ?? 0;
  const given = Math.min(cost, amount);
  counter.used -= given;
  if (given === amount) counter.parts.delete(part);
  else counter.parts.set(part, amount - given);
}
