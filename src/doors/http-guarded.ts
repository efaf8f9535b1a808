import type { ServerResponse } from 'node:http';
import type { Guard, GuardedAct } from '../model/index.ts';
import { type Objection, object } from './http-reply.ts';

/** Writes an objection and counts it against `who`; once that was too often, it is 429 and the connection ends. */
export async function objectCounted(
  guard: Guard,
  res: ServerResponse,
  { act, who, objection }: { act: GuardedAct; who: string; objection: Objection },
): Promise<void> {
  // The request is turned away whether or not it can be counted.
  const tooMany = await guard.count(act, who).catch(() => null);
  if (tooMany === null) object(res, objection);
  else objectTooOften(res, tooMany.retryAfterMs);
}

/** Writes that something was done too often, with when to come back. */
export function objectTooOften(res: ServerResponse, retryAfterMs: number): void {
  object(res, {
    status: 429,
    message: 'Too many requests',
    headers: { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1000))}`, connection: 'close' },
  });
}
