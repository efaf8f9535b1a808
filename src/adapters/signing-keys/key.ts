import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { JsonObject } from '../../model/index.ts';
import type { Made } from './schedule.ts';

/** A key that signs, and what is published of it. */
export interface SigningKey extends Made {
  readonly algorithm: string;
  readonly private: KeyObject;
  readonly public: KeyObject;
  /** The public half as a member of a JWKS. */
  readonly jwk: JsonObject;
}

/** Makes a key for ES256. */
export async function makeKey(madeAt: number): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return toSigningKey(privateKey, madeAt);
}

/** A private key as one that signs; its `kid` is its thumbprint (RFC 7638). Throws where it is of no use here. */
export async function toSigningKey(key: KeyObject, madeAt: number): Promise<SigningKey> {
  const algorithm = algorithmOf(key);
  const half = createPublicKey(key);
  const jwk: JWK = half.export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(jwk);
  const members = Object.entries(jwk).filter(([, value]) => typeof value === 'string');
  const published = { ...Object.fromEntries(members), alg: algorithm, kid, use: 'sig' };
  return { kid, madeAt, algorithm, private: key, public: half, jwk: published };
}

/** The keys in PEM, as a JWK, or as a JWKS. Throws, without repeating any of it, where it is none of them. */
export function parseKeys(text: string): readonly KeyObject[] {
  const trimmed = text.trim();
  try {
    if (trimmed.startsWith('-----BEGIN')) return [createPrivateKey(trimmed)];
    const value: unknown = JSON.parse(trimmed);
    const keys = isObject(value) && Array.isArray(value['keys']) ? value['keys'] : [value];
    if (keys.length > 0) return keys.map((key) => createPrivateKey({ key, format: 'jwk' }));
  } catch {
    // What Node says of a key may repeat parts of it.
  }
  throw new Error('expected a private key in PEM (PKCS #8), as a JWK, or a JWKS of private keys');
}

const CURVES = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
]);
const MIN_RSA_BITS = 2048;

function algorithmOf({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (type === 'private') {
    const curve = CURVES.get(asymmetricKeyDetails?.namedCurve ?? '');
    if (asymmetricKeyType === 'ec' && curve !== undefined) return curve;
    if (asymmetricKeyType === 'ed25519') return 'EdDSA';
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    if (asymmetricKeyType === 'rsa' && bits >= MIN_RSA_BITS) return 'RS256';
  }
  throw new Error(
    `expected a key on P-256 or P-384, for Ed25519, or for RSA of at least ${MIN_RSA_BITS} bits`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
