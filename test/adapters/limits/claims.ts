import type { Claim, Hold, Instant, Limits, Window } from '../../../src/model/index.ts';

/** A store under test and its time. */
export interface Setting {
  readonly limits: Limits;
  readonly now: () => Instant;
  readonly pass: (ms: number) => Promise<void>;
}

/** A binding claim of one call on a sliding window of an hour; what a test is about is written over it. */
export function claim(over: Partial<Claim> = {}): Claim {
  return {
    rule: 'a rule',
    counter: 'counter',
    window: { kind: 'sliding', ms: 3_600_000 },
    per: 'session',
    kind: 'calls',
    unit: 'one',
    max: 2,
    cost: 1,
    observedRule: null,
    because: null,
    ...over,
  };
}

/** Reserves now. */
export async function reserve({ limits, now }: Setting, ...claims: readonly Claim[]): Promise<Hold> {
  return limits.reserve(claims, now());
}

/** Reserves where it must be granted; answers the ticket. */
export async function granted(setting: Setting, ...claims: readonly Claim[]) {
  const hold = await reserve(setting, ...claims);
  if (hold.hold !== 'granted') throw new Error(`expected a grant, got ${JSON.stringify(hold)}`);
  return hold.ticket;
}

/** Reserves where it must be refused; answers the refusals. */
export async function refused(setting: Setting, ...claims: readonly Claim[]) {
  const hold = await reserve(setting, ...claims);
  if (hold.hold !== 'refused') throw new Error(`expected a refusal, got ${JSON.stringify(hold)}`);
  return hold.refusals;
}

/** What a counter holds, asked by a claim that can never fit and so takes nothing. */
export async function used(setting: Setting, of: Claim): Promise<number | undefined> {
  const [refusal] = await refused(setting, { ...of, max: 0, cost: 1, observedRule: null });
  return refusal?.used;
}

/** Gives a ticket back now. */
export function refund({ limits, now }: Setting, ticket: { readonly id: string }): Promise<void> {
  return limits.settle(ticket, 'refund', now());
}

/** One promise: a sentence, and what must not throw. */
export type Row = readonly [sentence: string, row: (setting: Setting) => Promise<void>];

/** Two binding claims on counters of their own. */
export const A: Claim = claim({ counter: 'a' });
export const B: Claim = claim({ counter: 'b' });
/** Windows short enough to be waited for, long enough that a slow machine does not leave them by accident. */
export const SLIDING: Window = { kind: 'sliding', ms: 1200 };
export const CALENDAR: Window = { kind: 'calendar', ms: 1000 };
/** By how much a call may be held back too long. */
export const SIXTIETH: number = SLIDING.ms / 60;

/** The promise to whoever waits for a call: an outage is an answer within this time. */
export const OUTAGE_MS = 250;

/** How long something took, less what a bare timer beside it came too late: that much the machine was busy elsewhere. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const started = performance.now();
  const late = new Promise<number>((resolve) => {
    setTimeout(() => resolve(performance.now() - started - 150), 150);
  });
  const value = await work();
  const ms = performance.now() - started;
  return { value, ms: ms - (await late) };
}
