import type { AmountLimit, Per, RateLimit, Rule, Window } from '../model/index.ts';
import { unitOf } from './amounts.ts';

/** One counter that a rule is limited by, its ceiling included. */
interface Level {
  readonly counts: 'calls' | string;
  readonly per: Per;
  readonly window: Window;
  /** The most it admits; `isBelow`: it stays below that. */
  readonly max: number;
  readonly isBelow: boolean;
}

/** A window that slides holds what it counted up to one sixtieth too long. */
const HELD_LONGER = 61 / 60;

/** Whether the limits of one rule always refuse a call before any limit of another rule does, where both count it. */
export function stopsFirst(first: Rule, then: Rule, ceiling: number): boolean {
  const stoppers = levelsOf(first, ceiling);
  const stopped = levelsOf(then, ceiling);
  return stopped.length > 0 && stopped.every((level) => stoppers.some((each) => isStricter(each, level)));
}

function levelsOf({ rateLimit, amountLimit }: Rule, ceiling: number): readonly Level[] {
  return [
    ...(rateLimit === null ? [] : withCeiling(callsOf(rateLimit), ceiling)),
    ...(amountLimit === null ? [] : withCeiling(amountsOf(amountLimit), ceiling)),
  ];
}

function callsOf({ per, window, max }: RateLimit): Level {
  return { counts: 'calls', per, window, max, isBelow: false };
}

/** Counters of the same amounts, in the same unit, round alike. */
function amountsOf({ per, window, increment, bound }: AmountLimit): Level {
  const counts = `${JSON.stringify(increment)} ${unitOf(bound.value)}`;
  return { counts, per, window, max: bound.value, isBelow: bound.op === 'lt' };
}

function withCeiling(level: Level, ceiling: number): readonly Level[] {
  return level.per === 'session' ? [level, { ...level, per: 'identity', max: level.max * ceiling }] : [level];
}

/** In any time that `level` looks at, `stopper` admits no more than `level` would. */
function isStricter(stopper: Level, level: Level): boolean {
  if (stopper.counts !== level.counts || !isWider(stopper.per, level.per)) return false;
  const most = stopper.max * windowsToCover(level.window, stopper.window);
  return most < level.max || (most === level.max && (stopper.isBelow || !level.isBelow));
}

/**
 * Whether all who share a counter of one kind share one of the other. Identities have one tenant each, but for the
 * anonymous one.
 */
function isWider(wide: Per, narrow: Per): boolean {
  return wide === narrow || wide === 'everyone' || (wide === 'identity' && narrow === 'session');
}

/** How many windows of the second kind are enough to cover any one of the first. */
function windowsToCover(window: Window, by: Window): number {
  const isSame = window.kind === by.kind && window.ms === by.ms;
  if (isSame) return 1;
  // Minutes, hours and days in UTC begin and end together.
  if (window.kind === 'calendar' && by.kind === 'calendar') return Math.ceil(window.ms / by.ms);
  const ms = window.kind === 'sliding' ? window.ms * HELD_LONGER : window.ms;
  return Math.ceil(ms / by.ms) + (by.kind === 'calendar' ? 1 : 0);
}
