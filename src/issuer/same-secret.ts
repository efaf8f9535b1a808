import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether a secret is the one with this SHA-256, in a time that says nothing of either. */
export function isSameSecret(secret: string, sha256: Uint8Array): boolean {
  const sent = createHash('sha256').update(secret, 'utf8').digest();
  return sha256.length === sent.length && timingSafeEqual(sent, sha256);
}
