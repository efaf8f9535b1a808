import { hash, timingSafeEqual } from 'node:crypto';

/** Whether a secret is the one with this SHA-256, in a time that says nothing of either. */
export function isSameSecret(secret: string, sha256: Uint8Array): boolean {
  return isSame(hash('sha256', secret, 'buffer'), sha256);
}

/** Whether bytes are the same, in a time that depends on how many there are and on nothing else. */
export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
