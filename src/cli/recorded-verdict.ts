import type { AuditRecord } from '../model/index.ts';
import { ALLOWED } from './ask-limits.ts';
import type { Charge, Ending } from './replayer.ts';

/**
 * How a policy ended a recorded call; null where none did: nobody knew who called, or something of ours broke.
 * What FusionAuth made of a call is not the policy's doing: it was allowed.
 */
export function recordedEnding({ code, rule, verdict, would, note }: AuditRecord): Ending | null {
  if (code === 'unauthenticated' || (code === 'internal_error' && note === undefined)) return null;
  if (verdict === 'deny') return { code, rule, would };
  return would === null ? ALLOWED : { code: 'allowed', rule: null, would };
}

/** How `note` begins where the call certainly never reached FusionAuth (adapters/upstream). */
const NOT_REACHED = [
  'FusionAuth cannot be reached',
  'no connection to FusionAuth within',
  'this proxy has no FusionAuth API key',
  'this proxy is shutting down',
  'the request cannot be written as HTTP',
];
/** How it begins where the call reached FusionAuth, and kept its charge. */
const REACHED = ['FusionAuth answered', 'the connection to FusionAuth broke'];

/**
 * What became of a call's charge, as its record shows; a call that was denied is taken to reach FusionAuth where it is
 * allowed. A call that timed out, or was cancelled, may have been on its way or not.
 */
export function chargeOf({ code, note = '' }: AuditRecord): Charge {
  // Where a call could not be recorded it was not made.
  if (code === 'internal_error') return 'given back';
  if (code !== 'upstream_unavailable' || REACHED.some((words) => note.startsWith(words))) return 'kept';
  return NOT_REACHED.some((words) => note.startsWith(words)) ? 'given back' : 'unknown';
}
