import {
  createHmac,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';

/** A key of the Key Master: `id` names it to the API, `kid` names it in JWT headers. */
export interface Key {
  readonly id: string;
  readonly kid: string;
  readonly name: string;
  readonly algorithm: Algorithm;
  /** Generated at first use: RSA takes some hundred milliseconds, and many a sandbox never signs. */
  readonly material: () => Promise<Material>;
}

/** The key itself; `public` is null for HMAC, whose one half is never published. */
export interface Material {
  readonly private: KeyObject;
  readonly public: { readonly key: KeyObject; readonly pem: string } | null;
}

/** One way to sign. */
interface Row {
  generate(): Promise<Material>;
  sign(data: Buffer, material: Material): Promise<Buffer>;
  verifies(data: Buffer, signature: Buffer, material: Material): boolean;
  kid(): string;
}

const generate = promisify(generateKeyPair);
const signInPool = promisify(sign);

const algorithms = {
  RS256: rsa('sha256'),
  RS384: rsa('sha384'),
  RS512: rsa('sha512'),
  ES256: ec('sha256', 'P-256'),
  ES384: ec('sha384', 'P-384'),
  ES512: ec('sha512', 'P-521'),
  HS256: hmac('sha256', 32),
  HS384: hmac('sha384', 48),
  HS512: hmac('sha512', 64),
  Ed25519: ed25519(),
} satisfies Record<string, Row>;

/** The name of a signing algorithm, as JWT headers have it. */
export type Algorithm = keyof typeof algorithms;
/** Every algorithm a key can have. */
export const algorithmNames = Object.keys(algorithms) as readonly Algorithm[];

/** Makes a key; a `secret` in UTF-8 is for HMAC alone, every other key is generated. */
export function newKey(wanted: {
  id: string;
  name: string;
  algorithm: Algorithm;
  kid?: string;
  secret?: string;
}): Key {
  const { id, name, algorithm, kid, secret } = wanted;
  const row = algorithms[algorithm];
  let made: Promise<Material> | undefined;
  const make = async () => (secret === undefined ? row.generate() : shared(Buffer.from(secret)));
  return { id, name, algorithm, kid: kid ?? row.kid(), material: () => (made ??= make()) };
}

/** Signs bytes with a key. */
export async function signWith(key: Key, data: Buffer): Promise<Buffer> {
  return algorithms[key.algorithm].sign(data, await key.material());
}

/** Whether the signature is this key's own over these bytes. */
export async function verifiesWith(key: Key, data: Buffer, signature: Buffer): Promise<boolean> {
  return algorithms[key.algorithm].verifies(data, signature, await key.material());
}

/** The public half as PEM, or null for HMAC. */
export async function pemOf(key: Key): Promise<string | null> {
  return (await key.material()).public?.pem ?? null;
}

/** The public half as a JWKS member, or null for HMAC. */
export async function jwkOf(key: Key): Promise<{ readonly [name: string]: string } | null> {
  const half = (await key.material()).public;
  if (half === null) return null;
  const members = Object.entries(half.key.export({ format: 'jwk' })).filter(
    ([, value]) => typeof value === 'string',
  );
  return { ...Object.fromEntries(members), alg: key.algorithm, kid: key.kid, use: 'sig' };
}

function rsa(hash: string): Row {
  return {
    generate: async () => pair((await generate('rsa', { modulusLength: 2048 })).privateKey),
    // RSA signing is the one slow step of the server, so it leaves the event loop.
    sign: (data, material) => signInPool(hash, data, material.private),
    verifies: (data, signature, material) => verify(hash, data, half(material), signature),
    kid: thumbprint,
  };
}

function ec(hash: string, namedCurve: string): Row {
  return {
    generate: async () => pair((await generate('ec', { namedCurve })).privateKey),
    sign: async (data, material) => sign(hash, data, { key: material.private, dsaEncoding: 'ieee-p1363' }),
    verifies: (data, signature, material) =>
      verify(hash, data, { key: half(material), dsaEncoding: 'ieee-p1363' }, signature),
    kid: thumbprint,
  };
}

function ed25519(): Row {
  return {
    generate: async () => pair((await generate('ed25519', {})).privateKey),
    sign: async (data, material) => sign(null, data, material.private),
    verifies: (data, signature, material) => verify(null, data, half(material), signature),
    kid: thumbprint,
  };
}

function hmac(hash: string, bytes: number): Row {
  const mac = (data: Buffer, material: Material) => createHmac(hash, material.private).update(data).digest();
  return {
    generate: async () => shared(randomBytes(bytes)),
    sign: async (data, material) => mac(data, material),
    verifies(data, signature, material) {
      const expected = mac(data, material);
      return expected.length === signature.length && timingSafeEqual(expected, signature);
    },
    kid: () => randomBytes(5).toString('hex').slice(0, 9),
  };
}

function pair(key: KeyObject): Material {
  const publicKey = createPublicKey(key);
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString().trimEnd();
  return { private: key, public: { key: publicKey, pem } };
}

function shared(secret: Buffer): Material {
  return { private: createSecretKey(secret), public: null };
}

function half(material: Material): KeyObject {
  if (material.public === null) throw new Error('an asymmetric key has a public half');
  return material.public.key;
}

/** The form of a certificate's SHA-1 thumbprint; there is no certificate here, so its value is random. */
function thumbprint(): string {
  return randomBytes(20).toString('base64url');
}
