import { randomUUID } from 'node:crypto';
import { type Draft, isObject, type JsonObject, readJson, writeJson } from './json.ts';
import { type Key, signWith, verifiesWith } from './keys.ts';
import { type Application, existing, type User, type World } from './world.ts';

/** Why a token was issued, as its `authenticationType` says. */
export type AuthenticationType = 'PASSWORD' | 'JWT_SSO' | 'REFRESH_TOKEN' | 'FEDERATED_JWT';

/** Everything that an access token of an application says. */
export interface Grant {
  readonly user: User;
  readonly application: Application;
  readonly authenticationType: AuthenticationType;
  /** Seconds. */
  readonly authTime: number;
  /** Seconds. */
  readonly exp: number;
  /** Refresh token id. */
  readonly sid?: string | undefined;
  /** RFC 8707 resources, which join the audience. */
  readonly resources?: readonly string[] | undefined;
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Claims -> a signed JWT. */
export async function encodeJwt(key: Key, claims: { readonly [name: string]: Draft }): Promise<string> {
  const header = writeJson({ alg: key.algorithm, kid: key.kid, typ: 'JWT' });
  const signed = `${encode(header)}.${encode(writeJson(claims))}`;
  const signature = await signWith(key, Buffer.from(signed));
  return `${signed}.${signature.toString('base64url')}`;
}

/**
 * A JWT -> its claims, or null for every fault alike: shape, unknown `kid`, algorithm not the key's, signature, time.
 * No skew is allowed, and nobody looks whether user or session still exist.
 */
export async function verifyJwt(
  keys: ReadonlyMap<string, Key>,
  jwt: string,
  nowMs: number,
): Promise<JsonObject | null> {
  const [head, body, signature, ...rest] = jwt.split('.');
  if (!isPart(head) || !isPart(body) || !isPart(signature) || rest.length > 0) return null;
  const header = decode(head);
  const claims = decode(body);
  if (header === null || claims === null || typeof header['kid'] !== 'string') return null;
  const key = keys.get(header['kid']);
  if (key === undefined || key.algorithm !== header['alg']) return null;
  const good = await verifiesWith(key, Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url'));
  return good && isTimely(claims, nowMs) ? claims : null;
}

/** A grant -> an access token under the key of its application. */
export function accessToken(world: World, grant: Grant): Promise<string> {
  const { user, application } = grant;
  const roles = user.registrations.get(application.id);
  const key = existing(world.keys, application.jwt.accessTokenKeyId);
  const resources = grant.resources ?? [];
  return encodeJwt(key, {
    aud: resources.length === 0 ? application.id : [application.id, ...resources],
    exp: grant.exp,
    iat: seconds(world.now()),
    iss: existing(world.tenants, application.tenantId).issuer,
    sub: user.id,
    jti: randomUUID(),
    authenticationType: grant.authenticationType,
    email: user.email ?? undefined,
    email_verified: user.email === null ? undefined : user.verified,
    preferred_username: user.username ?? undefined,
    applicationId: roles && application.id,
    roles,
    auth_time: grant.authTime,
    tid: application.tenantId,
    sid: grant.sid,
  });
}

/** Milliseconds -> whole seconds, the unit inside of JWTs. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

function isTimely(claims: JsonObject, nowMs: number): boolean {
  const { exp, nbf } = claims;
  if (exp !== undefined && !(typeof exp === 'number' && exp * 1000 >= nowMs)) return false;
  return nbf === undefined || (typeof nbf === 'number' && nbf * 1000 <= nowMs);
}

function isPart(part: string | undefined): part is string {
  return part !== undefined && BASE64URL.test(part);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function decode(part: string): JsonObject | null {
  try {
    const value = readJson(Buffer.from(part, 'base64url').toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
