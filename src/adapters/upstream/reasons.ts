/** Whether FusionAuth was reached where a reason is given: `either` where it may have been on its way. */
type Reached = 'no' | 'yes' | 'either';

/**
 * How the reason begins where there is no usable answer. It is `note` in the audit, and `replay` tells by it whether a
 * charge was given back: audits of long ago have these words, so they are never changed.
 */
export const REASONS = {
  noApiKey: row('this proxy has no FusionAuth API key', 'no'),
  unreachable: row('FusionAuth cannot be reached', 'no'),
  noConnection: row('no connection to FusionAuth within', 'no'),
  shuttingDown: row('this proxy is shutting down', 'no'),
  notHttp: row('the request cannot be written as HTTP', 'no'),
  answered: row('FusionAuth answered', 'yes'),
  broke: row('the connection to FusionAuth broke', 'yes'),
  late: row('FusionAuth did not answer within', 'either'),
  cancelled: row('the call was cancelled', 'either'),
} as const;

/** Whether FusionAuth was reached, by the reason that was given; null: it is none of ours. */
export function reachedBy(reason: string): Reached | null {
  return Object.values(REASONS).find(({ words }) => reason.startsWith(words))?.reached ?? null;
}

function row(words: string, reached: Reached) {
  return { words, reached };
}
