import type { ServerResponse } from 'node:http';
import type { Guard, GuardedAct } from '../model/index.ts';
import { type Objection, object, type WriteObjection } from './http-reply.ts';

/**
 * Writes an objection and counts it against `who`; once that was too often, it is 429 and the connection ends.
 * `write` is how the door words objections; left out, as JSON-RPC.
 */
export async function objectCounted(
  guard: Guard,
  res: ServerResponse,
  {
    act,
    who,
    objection,
    write = object,
  }: { act: GuardedAct; who: string; objection: Objection; write?: WriteObjection },
): Promise<void> {
  // The request is turned away whether or not it can be counted.
  const tooMany = await guard.count(act, who).catch(() => null);
  if (tooMany === null) write(res, objection);
  else objectTooOften(res, tooMany.retryAfterMs, write);
}

/** Writes that something was done too often, with when to come back. */
export function objectTooOften(
  res: ServerResponse,
  retryAfterMs: number,
  write: WriteObjection = object,
): void {
  write(res, {
    status: 429,
    message: 'Too many requests',
    headers: { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`, connection: 'close' },
  });
}
