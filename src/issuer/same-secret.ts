import { hash, timingSafeEqual } from 'node:crypto';

/** Whether a secret is the one with this SHA-256, in a time that says nothing of either. */
export function isSameSecret(secret: string, sha256: Uint8Array): boolean {
  const sent = hash('sha256', secret, 'buffer');
  return sha256.length === sent.length && timingSafeEqual(sent, sha256);
}
