import type { Instant, Window } from '../../model/index.ts';

/** How many parts of a counter are alive at once: a sliding window is counted in sixtieths, a calendar one as a whole. */
export function partsOf(window: Window): number {
  return window.kind === 'sliding' ? 60 : 1;
}

/** The number of the part that a call at `t` is counted in; a sliding window rounds up, so that no call is freed too early. */
export function partAt(window: Window, t: Instant): number {
  const scaled = t * partsOf(window);
  return window.kind === 'sliding' ? ceilDiv(scaled, window.ms) : floorDiv(scaled, window.ms);
}

/** The newest part that no longer counts at `t`. */
export function lastFreePart(window: Window, t: Instant): number {
  return floorDiv(t * partsOf(window), window.ms) - partsOf(window);
}

/** The first whole millisecond at which a part no longer counts. */
export function freeAt(window: Window, part: number): Instant {
  return ceilDiv((part + partsOf(window)) * window.ms, partsOf(window));
}

// `%` is exact on doubles where `/` rounds, and all operands here are safe integers.
function floorDiv(a: number, b: number): number {
  return (a - (a % b)) / b;
}

function ceilDiv(a: number, b: number): number {
  return floorDiv(a, b) + (a % b > 0 ? 1 : 0);
}
