import { reachedBy } from '../adapters/upstream/reasons.ts';
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

/**
 * What became of a call's charge, as its record shows; a call that was denied is taken to reach FusionAuth where it is
 * allowed. A call that timed out, or was cancelled, may have been on its way or not.
 */
export function chargeOf({ code, note = '' }: AuditRecord): Charge {
  // Where a call could not be recorded it was not made.
  if (code === 'internal_error') return 'given back';
  return code === 'upstream_unavailable' ? CHARGES[reachedBy(note) ?? 'either'] : 'kept';
}

const CHARGES = { no: 'given back', yes: 'kept', either: 'unknown' } as const;
