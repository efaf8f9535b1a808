import { isUtf8 } from 'node:buffer';
import type { JsonObject } from '../../model/index.ts';
import type { ReadObject } from './fetch-object.ts';
import type { KeyHint } from './issuer-keys.ts';

/** A token taken apart; nothing in it is believed yet. */
export type ReadToken =
  | { readonly ok: true; readonly hint: KeyHint; readonly typ: string | null; readonly claims: JsonObject }
  | { readonly ok: false; readonly why: string };

/** Signatures by a private key alone: with `none` and HMAC, whoever knows the public key could sign. */
export const ALGORITHMS: ReadonlySet<string> = new Set([
  ...['ES256', 'ES384', 'ES512'],
  ...['RS256', 'RS384', 'RS512'],
  ...['PS256', 'PS384', 'PS512'],
  ...['EdDSA', 'Ed25519'],
]);

/** Well below what a door takes as headers, so that it is this which is told. */
const MAX_CHARACTERS = 12 * 1024;
const MAX_KID_CHARACTERS = 512;
const PART = /^[A-Za-z0-9_-]+$/;
/** Members of a header by which a token would bring its own key, or change what its bytes mean. */
const REFUSED = ['crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5u', 'x5c'];

/** Takes a compact JWS apart; its form, its header and that its claims are an object are checked, and no more. */
export function readToken(token: string, readObject: ReadObject): ReadToken {
  if (token.length > MAX_CHARACTERS) return refused(`at most ${MAX_CHARACTERS} characters`);
  const [head, body, signature, ...rest] = token.split('.').map(decode);
  if (!head || !body || !signature || rest.length > 0)
    return refused('a signed JWT of three parts in base64url');
  const header = toObject(head, readObject);
  if (header === null) return refused('a header that is a JSON object without duplicate keys');
  const claims = toObject(body, readObject);
  if (claims === null) return refused('claims that are a JSON object without duplicate keys');
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string' || !ALGORITHMS.has(alg)) return refused('an asymmetric signature algorithm');
  const wrong = REFUSED.find((name) => Object.hasOwn(header, name));
  if (wrong !== undefined) return refused(`no \`${wrong}\` in its header`);
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID_CHARACTERS)) {
    return refused(`\`kid\` as a text of at most ${MAX_KID_CHARACTERS} characters`);
  }
  if (typ !== undefined && typeof typ !== 'string') return refused('`typ` as a text');
  return { ok: true, hint: { alg, kid }, typ: typ?.toLowerCase() ?? null, claims };
}

/** One text for one value: spare bits at the end and padding would give a token a second spelling. */
function decode(part: string): Buffer | null {
  if (!PART.test(part)) return null;
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}

function toObject(bytes: Buffer, readObject: ReadObject): JsonObject | null {
  return isUtf8(bytes) ? readObject(bytes.toString()) : null;
}

function refused(expected: string): ReadToken {
  return { ok: false, why: `expected ${expected}` };
}
