import { sign } from 'node:crypto';
import type { SigningKey } from './key.ts';

/** The hash that each algorithm signs (RFC 7518 section 3.1, RFC 8037 section 3.1); null: it has its own. */
const HASHES = new Map([
  ['ES256', 'sha256'],
  ['ES384', 'sha384'],
  ['RS256', 'sha256'],
  ['EdDSA', null],
]);

/** Signs claims as a compact JWS. */
export type SignJws = (claims: object) => string;

/**
 * Signs with one key, on the spot: that takes a third of the time that handing it to the thread pool takes, and leaves
 * the pool to the audit. Throws where the key's algorithm is none that signs.
 */
export function jwsWith(key: SigningKey, typ: string): SignJws {
  const hash = HASHES.get(key.algorithm);
  if (hash === undefined) throw new Error(`expected an algorithm that signs; found \`${key.algorithm}\``);
  const header = part({ alg: key.algorithm, kid: key.kid, typ });
  const options = { key: key.private, dsaEncoding: 'ieee-p1363' } as const;
  return (claims) => {
    const text = `${header}.${part(claims)}`;
    return `${text}.${sign(hash, Buffer.from(text, 'latin1'), options).toString('base64url')}`;
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
