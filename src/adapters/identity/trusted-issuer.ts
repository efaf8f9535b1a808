import { isLoopbackHost } from './addresses.ts';

/** An issuer whose tokens are believed, and where its public keys are found. */
export interface TrustedIssuer {
  /** What `iss` must be, character for character. */
  readonly iss: string;
  /** `discover`: where the issuer's own document says, on the issuer's own origin. `jwks`: there, by the operator's word. */
  readonly keys: { readonly discover: URL } | { readonly jwks: URL };
}

/** Text -> an issuer, or what was expected of the text. */
export type ReadIssuer =
  | { readonly ok: true; readonly issuer: TrustedIssuer }
  | { readonly ok: false; readonly expected: string };

/** Issuers of the proxy's own identities; no token may speak for them. */
const RESERVED = new Set(['local']);
const MAX_LENGTH = 1024;

/**
 * Reads `https://id.example.com`, an issuer that says itself where its keys are, or `NAME=https://…/jwks.json`, any
 * `iss` with the place of its keys. Plain http is for loopback alone: who can answer for the issuer can be anybody.
 */
export function readIssuer(text: string): ReadIssuer {
  const named = /^(?<iss>.+?)=(?<jwks>https?:\/\/.+)$/s.exec(text)?.groups;
  const iss = named?.['iss'] ?? text;
  const url = readUrl(named?.['jwks'] ?? text);
  if (url === null) return { ok: false, expected: EXPECTED };
  if (iss.length > MAX_LENGTH || !/^[!-~]+$/.test(iss))
    return { ok: false, expected: 'visible ASCII in `iss`' };
  if (RESERVED.has(iss))
    return { ok: false, expected: 'an `iss` other than `local`, which is the local user' };
  return { ok: true, issuer: { iss, keys: named === undefined ? { discover: url } : { jwks: url } } };
}

const EXPECTED =
  'an https URL without user, query and fragment (http on loopback only), or `ISS=URL` with the URL of a JWKS';

function readUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || /[?#\\\s]/.test(text) || url.username !== '' || url.password !== '') return null;
  if (url.protocol === 'https:') return url;
  return url.protocol === 'http:' && isLoopbackHost(url.hostname) ? url : null;
}
