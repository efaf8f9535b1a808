import type { Json, JsonObject } from '../../model/index.ts';
import type { Fetched, Fetcher } from './fetch-object.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** The public keys of an issuer, or why there are none. */
export type FoundKeys =
  | { readonly found: true; readonly keys: readonly JsonObject[] }
  | { readonly found: false; readonly why: string };

const MAX_KEYS = 100;
/** Members of a JWK that belong to a private or a shared key. */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const KEY_TYPES: readonly Json[] = ['RSA', 'EC', 'OKP'];

/**
 * Gets the keys of an issuer: its discovery document (OpenID Connect Discovery, else RFC 8414) and the JWKS that it
 * names, which must stand on the issuer's own origin, so that no document can send us anywhere else.
 */
export async function findKeys({ iss, keys }: TrustedIssuer, fetcher: Fetcher): Promise<FoundKeys> {
  if ('jwks' in keys) return readJwks(await fetcher.get(keys.jwks));
  const document = await getDocument(keys.discover, fetcher);
  if (document.got === 'nothing') return none(`its discovery document: ${document.why}`);
  if (document.value['issuer'] !== iss) {
    return none('its discovery document: expected an `issuer` that is the configured one');
  }
  const place = document.value['jwks_uri'];
  const jwks = typeof place === 'string' && URL.canParse(place) ? new URL(place) : null;
  if (jwks === null || jwks.origin !== keys.discover.origin || jwks.username !== '' || jwks.password !== '') {
    return none(
      'its discovery document: expected a `jwks_uri` on the origin of the issuer; else `ISS=URL` names it',
    );
  }
  return readJwks(await fetcher.get(jwks));
}

async function getDocument(issuer: URL, fetcher: Fetcher): Promise<Fetched> {
  const path = issuer.pathname.replace(/\/$/, '');
  const first = await fetcher.get(new URL(`${path}/.well-known/openid-configuration`, issuer));
  const isAbsent =
    first.got === 'nothing' && first.status !== null && first.status >= 400 && first.status < 500;
  return isAbsent ? fetcher.get(new URL(`/.well-known/oauth-authorization-server${path}`, issuer)) : first;
}

function readJwks(fetched: Fetched): FoundKeys {
  if (fetched.got === 'nothing') return none(`its JWKS: ${fetched.why}`);
  const keys = fetched.value['keys'];
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
    return none(`its JWKS: expected \`keys\`, a list of at most ${MAX_KEYS}`);
  }
  const usable = keys.filter(isPublicKey);
  return usable.length === 0 ? none('its JWKS: expected a public key') : { found: true, keys: usable };
}

/** A key whose private half is published is anybody's; a shared one never belongs here. */
function isPublicKey(key: Json): key is JsonObject {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return false;
  const members = key as JsonObject;
  return KEY_TYPES.includes(members['kty'] ?? null) && !PRIVATE.some((name) => Object.hasOwn(members, name));
}

function none(why: string): FoundKeys {
  return { found: false, why };
}
