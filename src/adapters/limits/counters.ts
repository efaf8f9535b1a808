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
  /** Parts and their amounts in turn; time only goes on, so the oldest come first. */
  readonly parts: number[];
}

/** The counters of one window, least recently charged first: that is also the order in which they expire. */
interface Shelf {
  readonly window: Window;
  readonly counters: Map<string, Counter>;
  /** All that expired with this part is cleared away. */
  clearedTo: number;
}

/** How many expired counters one call clears away unless it needs more room: no call pays for all of them. */
const CLEARED_PER_CALL = 64;

interface Store {
  readonly shelves: Map<number, Shelf>;
  readonly maxCounters: number;
  size: number;
  /** The shelf that was found last: the next claim often has the same window. */
  last: Shelf | null;
}

/** Opens an empty store of at most `maxCounters` live counters. */
export function openCounters(maxCounters: number): Counters {
  const store: Store = { shelves: new Map(), maxCounters, size: 0, last: null };
  return {
    look(claim, now) {
      const counter = find(store, claim);
      if (counter === undefined) return EMPTY;
      prune(counter, lastFreePart(claim.window, now));
      return counter;
    },
    hasRoomFor(claims, now) {
      clearExpired(store, now, claims.length);
      if (store.size + claims.length <= maxCounters) return true;
      return store.size + claims.filter((claim) => find(store, claim) === undefined).length <= maxCounters;
    },
    take(claim, now) {
      const part = partAt(claim.window, now);
      const shelf = shelfOf(store, claim);
      const known = shelf.counters.get(claim.counter);
      if (known === undefined) {
        shelf.counters.set(claim.counter, { used: claim.cost, newest: part, parts: [part, claim.cost] });
        store.size += 1;
        return;
      }
      if (known.newest !== part) {
        shelf.counters.delete(claim.counter);
        shelf.counters.set(claim.counter, known);
      }
      charge(known, part, claim.cost);
    },
    giveBack(claim, takenAt) {
      const counter = find(store, claim);
      if (counter === undefined) return;
      uncharge(counter, partAt(claim.window, takenAt), claim.cost);
      if (counter.parts.length > 0) return;
      shelfFor(store, claim)?.counters.delete(claim.counter);
      store.size -= 1;
    },
  };
}

const EMPTY: Held = { used: 0, parts: [] };

function find(store: Store, claim: Claim): Counter | undefined {
  return shelfFor(store, claim)?.counters.get(claim.counter);
}

function shelfFor(store: Store, { window }: Claim): Shelf | undefined {
  const { last } = store;
  if (last !== null && last.window.ms === window.ms && last.window.kind === window.kind) return last;
  const shelf = store.shelves.get(shelfName(window));
  if (shelf !== undefined) store.last = shelf;
  return shelf;
}

function shelfOf(store: Store, claim: Claim): Shelf {
  const known = shelfFor(store, claim);
  if (known !== undefined) return known;
  const { window } = claim;
  const shelf: Shelf = { window, counters: new Map(), clearedTo: Number.NEGATIVE_INFINITY };
  store.shelves.set(shelfName(window), shelf);
  return shelf;
}

function clearExpired(store: Store, now: Instant, room: number): void {
  let cleared = 0;
  for (const shelf of store.shelves.values()) {
    const lastFree = lastFreePart(shelf.window, now);
    if (shelf.clearedTo === lastFree) continue;
    for (const [key, counter] of shelf.counters) {
      if (counter.newest > lastFree) break;
      if (cleared >= CLEARED_PER_CALL && store.size + room <= store.maxCounters) return;
      shelf.counters.delete(key);
      store.size -= 1;
      cleared += 1;
    }
    shelf.clearedTo = lastFree;
    if (shelf.counters.size > 0) continue;
    store.shelves.delete(shelfName(shelf.window));
    store.last = null;
  }
}

function shelfName(window: Window): number {
  return window.kind === 'sliding' ? window.ms : -window.ms;
}

function prune(counter: Counter, lastFree: number): void {
  const { parts } = counter;
  let gone = 0;
  for (; gone < parts.length; gone += 2) {
    if ((parts[gone] ?? 0) > lastFree) break;
    counter.used -= parts[gone + 1] ?? 0;
  }
  if (gone === 0) return;
  for (let i = gone; i < parts.length; i++) parts[i - gone] = parts[i] ?? 0;
  parts.length -= gone;
}

function charge(counter: Counter, part: number, cost: number): void {
  const { parts } = counter;
  const last = parts.length - 2;
  if (parts[last] === part) parts[last + 1] = (parts[last + 1] ?? 0) + cost;
  else parts.push(part, cost);
  counter.newest = part;
  counter.used += cost;
}

function uncharge(counter: Counter, part: number, cost: number): void {
  const { parts } = counter;
  for (let i = 0; i < parts.length; i += 2) {
    if (parts[i] !== part) continue;
    const amount = parts[i + 1] ?? 0;
    const given = Math.min(cost, amount);
    counter.used -= given;
    if (given === amount) parts.splice(i, 2);
    else parts[i + 1] = amount - given;
    return;
  }
}
