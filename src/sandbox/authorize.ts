import type { JsonObject } from './json.ts';
import type { Request } from './request.ts';
import { verifyJwt } from './tokens.ts';
import type { ApiKey, World } from './world.ts';

/** A way to prove who calls. */
export type Scheme = 'api_key' | 'jwt';
/** Who calls, proven. */
export type Caller =
  | { readonly as: 'none' }
  | { readonly as: 'api_key'; readonly key: ApiKey }
  | { readonly as: 'jwt'; readonly jwt: string; readonly claims: JsonObject };

/** The header's two schemes; the second left the documentation but still works. */
const JWT_SCHEME = /^(?:bearer|jwt) +(\S+)$/i;

/** Tries the schemes in turn; null where none succeeds. No scheme at all means an anonymous operation. */
export async function authorize(
  world: World,
  request: Request,
  need: { readonly endpoint: string; readonly schemes: readonly Scheme[] },
): Promise<Caller | null> {
  if (need.schemes.length === 0) return { as: 'none' };
  for (const scheme of need.schemes) {
    const caller =
      scheme === 'api_key' ? byApiKey(world, request, need.endpoint) : await byJwt(world, request);
    if (caller) return caller;
  }
  return null;
}

/** What a request brings, by its looks: nothing is verified. */
export function broughtAuthority(headers: Request['headers'], cookies: Request['cookies']): 'none' | Scheme {
  const header = rawAuthorization(headers);
  if (header && JWT_SCHEME.test(header)) return 'jwt';
  if (header) return 'api_key';
  return cookies.has('access_token') ? 'jwt' : 'none';
}

function byApiKey(world: World, request: Request, endpoint: string): Caller | null {
  // The whole header is the key: `Bearer <key>` is another, unknown key.
  const key = world.apiKeys.get(rawAuthorization(request.headers) ?? '');
  if (key === undefined) return null;
  if (key.expirationInstant !== null && key.expirationInstant <= world.now()) return null;
  if (key.endpoints !== null && !key.endpoints.get(endpoint)?.has(request.method)) return null;
  return { as: 'api_key', key };
}

async function byJwt(world: World, request: Request): Promise<Caller | null> {
  const jwt =
    JWT_SCHEME.exec(request.headers.authorization ?? '')?.[1] ?? request.cookies.get('access_token');
  if (!jwt) return null;
  const claims = await verifyJwt(world.keysByKid, jwt, world.now());
  return claims && { as: 'jwt', jwt, claims };
}

function rawAuthorization(headers: Request['headers']): string | undefined {
  const fallback = headers['authentication'];
  return headers.authorization ?? (Array.isArray(fallback) ? fallback[0] : fallback);
}
