import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../model/index.ts';

/** What a genuine session id says. */
export interface SessionClaim {
  /** The part that names the session; 22 characters, of no use without the signature. */
  readonly random: string;
  readonly issuedAt: Instant;
}

/** Characters of the random part at the start of an id. */
export const RANDOM_LENGTH = 22;

const FORM = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,10})\.[A-Za-z0-9_-]{43}$/;

/**
 * A new session id, `RANDOM.ISSUED.SIGNATURE` in visible ASCII, bound to one identity: every proxy with the same
 * secret can tell that it is genuine and whose it is, without shared state.
 */
export function mintSessionId(secret: Buffer, identityKey: string, now: Instant): string {
  const body = `${randomBytes(16).toString('base64url')}.${now.toString(36)}`;
  return `${body}.${sign(secret, body, identityKey)}`;
}

/** What `id` says, or null where it was not minted with this secret for this identity. */
export function verifySessionId(secret: Buffer, identityKey: string, id: string): SessionClaim | null {
  const [, random, issued] = FORM.exec(id) ?? [];
  if (random === undefined || issued === undefined) return null;
  const body = `${random}.${issued}`;
  if (!isSameText(id, `${body}.${sign(secret, body, identityKey)}`)) return null;
  return { random, issuedAt: Number.parseInt(issued, 36) };
}

/** Whether two texts are equal, in a time that tells only their lengths. */
function isSameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The secret signs other things elsewhere; the label keeps a signature from being of use there. */
function sign(secret: Buffer, body: string, identityKey: string): string {
  return createHmac('sha256', secret)
    .update(`portcullis-session\n${body}\n${identityKey}`)
    .digest('base64url');
}
