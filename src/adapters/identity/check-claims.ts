import type { Instant, Json, JsonObject } from '../../model/index.ts';

/** What a verifier demands of the tokens it is given. */
export interface Demands {
  readonly use: 'access' | 'id';
  /** One of these must stand in `aud`: the resource itself for access tokens, the client's id for ID tokens. */
  readonly audiences: readonly string[];
  /** How far the clocks of two machines may differ. Only `nbf` and `iat` are given it: nothing lives past `exp`. */
  readonly skewMs: number;
}

/** What one token is held against beside the verifier's own demands. */
export interface Occasion {
  readonly now: Instant;
  readonly typ: string | null;
  /** The `nonce` of the login that an ID token answers. */
  readonly nonce: string | undefined;
}

const TYPES: Readonly<Record<Demands['use'], readonly string[]>> = {
  access: ['jwt', 'at+jwt', 'application/at+jwt'],
  id: ['jwt', 'id_token+jwt'],
};
/** Claims that stand in ID tokens alone (OpenID Connect Core, section 3.3.2.11), and what else gives one away. */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** What says of a token for a client that it is none about who its user is; `events` is in tokens of a logout. */
const NO_ID_TOKEN = { typ: ['Bearer', 'Refresh', 'Offline', 'Logout'], token_use: ['access', 'refresh'] };
const MAX_AUDIENCES = 100;

/** What is wrong with the claims of a token, in words without a value; null where nothing is. The issuer is known. */
export function objectionTo(claims: JsonObject, demands: Demands, occasion: Occasion): string | null {
  return (
    kindObjection(claims, demands, occasion) ??
    timeObjection(claims, demands, occasion) ??
    audienceObjection(claims, demands) ??
    (demands.use === 'id' ? idObjection(claims, demands, occasion) : null)
  );
}

function kindObjection(claims: JsonObject, { use }: Demands, { typ }: Occasion): string | null {
  if (typ !== null && !TYPES[use].includes(typ)) return `expected \`typ\` as one of ${TYPES[use].join(', ')}`;
  if (Object.hasOwn(claims, 'cnf'))
    return 'expected a bearer token; this one is bound to a key of its client';
  if (use === 'id') {
    const isOther =
      Object.hasOwn(claims, 'events') ||
      isOneOf(claims['typ'], NO_ID_TOKEN.typ) ||
      isOneOf(claims['token_use'], NO_ID_TOKEN.token_use);
    return isOther ? 'expected an ID token' : null;
  }
  const isIdToken =
    ID_TOKEN_CLAIMS.some((name) => Object.hasOwn(claims, name)) ||
    isOneOf(claims['typ'], ['ID', 'Refresh', 'Offline']) ||
    isOneOf(claims['token_use'], ['id', 'refresh']);
  return isIdToken ? 'expected an access token; this one is for a client' : null;
}

function timeObjection(claims: JsonObject, { skewMs }: Demands, { now }: Occasion): string | null {
  const { exp, nbf, iat } = claims;
  if (!isTime(exp)) return 'expected `exp`, a number of seconds';
  if (exp * 1000 <= now) return 'the token has expired';
  for (const [name, time] of [
    ['nbf', nbf],
    ['iat', iat],
  ] as const) {
    if (time === undefined) continue;
    if (!isTime(time)) return `expected \`${name}\` as a number of seconds`;
    if (time * 1000 > now + skewMs) return 'the token is not valid yet';
  }
  return null;
}

function audienceObjection({ aud }: JsonObject, { audiences }: Demands): string | null {
  const named = audiencesOf(aud);
  if (named === null) return `expected \`aud\` as a text or a list of at most ${MAX_AUDIENCES} texts`;
  return named.some((each) => audiences.includes(each)) ? null : 'the token is for another audience';
}

/** OpenID Connect Core, section 3.1.3.7. */
function idObjection(claims: JsonObject, { audiences }: Demands, { nonce }: Occasion): string | null {
  const { sub, iat, azp } = claims;
  if (typeof sub !== 'string' || sub === '') return 'expected `sub`, a text';
  if (iat === undefined) return 'expected `iat`, a number of seconds';
  const mayLackAzp = (audiencesOf(claims['aud']) ?? []).length === 1;
  if (!(azp === undefined ? mayLackAzp : isOneOf(azp, audiences)))
    return 'the token was issued to another client';
  if (nonce !== undefined && claims['nonce'] !== nonce) return 'expected the `nonce` of this login';
  return null;
}

function audiencesOf(aud: Json | undefined): readonly string[] | null {
  const list = typeof aud === 'string' ? [aud] : aud;
  if (!Array.isArray(list) || list.length > MAX_AUDIENCES) return null;
  return list.every((each) => typeof each === 'string') ? list : null;
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

function isOneOf(value: Json | undefined, texts: readonly string[]): boolean {
  return typeof value === 'string' && texts.includes(value);
}
