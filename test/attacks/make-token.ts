import { createHmac, createPublicKey, generateKeyPairSync, KeyObject, sign as signBytes } from 'node:crypto';
import { exportJWK, type JWK } from 'jose';
import { type IssuerKey, makeKey, type TestIssuer } from '../support/issuer.ts';

export const AUDIENCE = 'https://proxy.example/mcp';

/** One row of tokens.yaml. */
export interface TokenAttack {
  readonly attack: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly without?: readonly string[];
  readonly times?: Readonly<Record<string, number>>;
  readonly members?: string;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly head?: string;
  readonly sign?: string;
  readonly token?: string;
  readonly why?: string;
}

/** Keys that an issuer publishes, or that an attacker has, beside its own first one. */
export interface Keys {
  readonly own: IssuerKey;
  readonly stranger: IssuerKey;
  readonly ps: IssuerKey;
  readonly encryption: IssuerKey;
  readonly weak: {
    readonly kid: string;
    readonly alg: string;
    readonly privateKey: KeyObject;
    readonly jwk: JWK;
  };
}

/** Makes the keys, and publishes what an attacker may find there. */
export async function publishKeys(issuer: TestIssuer): Promise<Keys> {
  const [own] = issuer.keys;
  if (own === undefined) throw new Error('the issuer has no key');
  const ps = await makeKey('ps', 'PS256');
  const plain = await makeKey('enc');
  const encryption = { ...plain, jwk: { ...plain.jwk, use: 'enc' } };
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'weak', alg: 'RS256', use: 'sig' };
  const weak = { kid: 'weak', alg: 'RS256', privateKey: pair.privateKey, jwk };
  issuer.keys = [own, ps, encryption, weak as unknown as IssuerKey];
  return { own, stranger: await makeKey('key-1'), ps, encryption, weak };
}

/** The token of a row. */
export function makeToken(row: TokenAttack, issuer: TestIssuer, keys: Keys): string {
  const { signer, header } = signing(row, keys);
  const words = filler(issuer.url);
  const good = goodClaims(issuer.url);
  const claims = Object.fromEntries(
    Object.entries({ ...good, ...times(row.times), ...words(row.claims ?? {}) }).filter(
      ([name]) => row.without?.includes(name) !== true,
    ),
  );
  const inner = JSON.stringify(good).slice(1, -1);
  const payload =
    row.members === undefined
      ? JSON.stringify(claims)
      : row.members.replace('GOOD', inner).replace('DEEP', '['.repeat(200) + ']'.repeat(200));
  const head =
    row.head?.replace('GOOD-KEY', '"alg":"ES256","kid":"key-1"') ??
    JSON.stringify({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt', ...header, ...words(row.header ?? {}) });
  const text = `${encode(head)}.${encode(payload)}`;
  const signature = signer(text);
  if (row.sign === 'tampered') return `${encode(head)}.${encode(payload.replace('ann', 'bob'))}.${signature}`;
  return row.token === undefined ? `${text}.${signature}` : spell(row.token, [head, payload, signature]);
}

/** What every row starts from. */
function goodClaims(iss: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return { iss, aud: AUDIENCE, sub: 'ann', tenant: 'acme', iat: now, exp: now + 300 };
}

function times(seconds: Readonly<Record<string, number>> = {}): Record<string, number> {
  const now = Math.floor(Date.now() / 1000);
  return Object.fromEntries(Object.entries(seconds).map(([name, offset]) => [name, now + offset]));
}

/** Fills in what a data file cannot know, at any depth. */
function filler(url: string) {
  const texts = new Map(
    Object.entries({
      AUDIENCE,
      'AUDIENCE/': `${AUDIENCE}/`,
      ISSUER: url,
      'ISSUER/': `${url}/`,
      ISSUER_: `${url} `,
      'ISSUER-UPPER': url.toUpperCase(),
      'ISSUER.evil.example': `${url}.evil.example`,
      LONG: 'x'.repeat(2000),
      HUGE: 'x'.repeat(9 * 1024),
    }),
  );
  return (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    JSON.parse(JSON.stringify(value), (_name, member) =>
      typeof member === 'string' ? (texts.get(member) ?? member) : member,
    );
}

interface Signing {
  readonly signer: (text: string) => string;
  readonly header?: Readonly<Record<string, unknown>>;
}

function signing({ sign = 'issuer', header = {} }: TokenAttack, keys: Keys): Signing {
  const pem = KeyObject.from(keys.own.privateKey);
  switch (sign) {
    case 'issuer':
    case 'tampered':
      return { signer: ecdsa(keys.own) };
    case 'stranger':
      return { signer: ecdsa(keys.stranger) };
    case 'own-jwk':
      return { signer: ecdsa(keys.stranger), header: { jwk: keys.stranger.jwk } };
    case 'encryption-key':
      return { signer: ecdsa(keys.encryption), header: { kid: 'enc' } };
    case 'ps-key-as-rs':
      return { signer: rsa(KeyObject.from(keys.ps.privateKey)), header: { alg: 'RS256', kid: 'ps' } };
    case 'weak-key':
      return { signer: rsa(keys.weak.privateKey), header: { alg: 'RS256', kid: 'weak' } };
    case 'nothing':
      return { signer: () => '' };
    case 'hmac-jwk':
      return { signer: hmac(header['alg'], JSON.stringify(keys.own.jwk)) };
    case 'hmac-pem':
      return { signer: hmac(header['alg'], publicPem(pem)) };
    default:
      throw new Error(`no such way to sign: ${sign}`);
  }
}

function publicPem(key: KeyObject): string {
  // Node derives the public half from a private key in PEM.
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

function ecdsa({ privateKey }: IssuerKey): (text: string) => string {
  const key = KeyObject.from(privateKey);
  return (text) =>
    signBytes('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

function rsa(key: KeyObject): (text: string) => string {
  return (text) => signBytes('sha256', Buffer.from(text), key).toString('base64url');
}

function hmac(alg: unknown, secret: string): (text: string) => string {
  const digest = alg === 'HS512' ? 'sha512' : 'sha256';
  return (text) => createHmac(digest, secret).update(text).digest('base64url');
}

/** A token that is written down; `+1` changes bits of the signature that base64url does not use. */
function spell(token: string, [head, payload, signature]: readonly [string, string, string]): string {
  const [h, p] = [encode(head), encode(payload)];
  return token
    .replace('TOKEN', `${h}.${p}.${signature}`)
    .replace('HEADER', h)
    .replace('PAYLOAD2', encode(payload.replace('ann', 'bob')))
    .replace('PAYLOAD', p)
    .replace('SIGNATURE+1', respelt(signature))
    .replace('SIGNATURE', signature);
}

/** 64 bytes are 86 characters, of which the last has four bits to spare. */
function respelt(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(signature.at(-1) ?? '');
  return signature.slice(0, -1) + alphabet[last ^ 1];
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
