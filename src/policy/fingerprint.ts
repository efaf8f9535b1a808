import { createHash, createHmac } from 'node:crypto';

/** A keyed hash by which equal secrets can be recognised and nothing else; 22 characters of base64url. */
export type Fingerprint = (secret: string) => string;

/** HMAC-SHA256 with the proxy's own secret, cut to 128 bits. */
export function fingerprintWith(key: Uint8Array): Fingerprint {
  return (secret) => createHmac('sha256', key).update(secret).digest().subarray(0, 16).toString('base64url');
}

/** SHA-256 of a text, cut to 128 bits: short keys for long names. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

/** The digest by which decisions and records name the policy they came from. */
export function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
