import type { Scheme } from './authorize.ts';
import { eventInfo } from './fields.ts';
import type { Operation } from './operation.ts';
import { issue } from './operations/issue.ts';
import { logout } from './operations/logout.ts';
import { openIdConfiguration } from './operations/openid-configuration.ts';
import { jwks, publicKey } from './operations/public-key.ts';
import { getToken, listTokens } from './operations/read-tokens.ts';
import { reconcile } from './operations/reconcile.ts';
import { refresh } from './operations/refresh.ts';
import { revoke, revokeById } from './operations/revoke.ts';
import { validate } from './operations/validate.ts';
import { vend } from './operations/vend.ts';
import type { BodyRule } from './read-body.ts';

/** One operation on the wire. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Also the name that API keys are given permissions for. */
  readonly endpoint: string;
  /** Whether one more path part follows, the `{tokenId}`. */
  readonly path: 'plain' | 'with id';
  /** Tried in this order; none for an anonymous operation. */
  readonly schemes: readonly Scheme[];
  /** Whether the tenant header is looked at; `lenient` never refuses because of it. */
  readonly tenant: 'read' | 'ignored' | 'lenient';
  readonly body: BodyRule | null;
  readonly run: Operation;
}

const device = {
  description: 'text',
  lastAccessedAddress: 'text',
  lastAccessedInstant: 'long',
  name: 'text',
  type: 'text',
} as const;

const reconcileBody: BodyRule = {
  when: 'required',
  shape: {
    applicationId: 'uuid',
    identityProviderId: 'uuid',
    data: { token: 'text' },
    encodedJWT: 'text',
    ipAddress: 'text',
    metaData: { data: 'object', device, resources: 'texts', scopes: 'texts' },
    noJWT: 'flag',
    noLink: 'flag',
    newDevice: 'flag',
    connectionTestId: 'text',
    botDetectionScore: 'number',
    eventInfo,
  },
};
const refreshBody: BodyRule = {
  when: 'optional',
  shape: { refreshToken: 'text', timeToLiveInSeconds: 'int', token: 'text', eventInfo },
};
const revokeBody: BodyRule = {
  when: 'optional or form',
  shape: { applicationId: 'uuid', token: 'text', userId: 'uuid', eventInfo },
};
const vendBody: BodyRule = {
  when: 'required',
  shape: { claims: 'object', keyId: 'uuid', timeToLiveInSeconds: 'int' },
};
const logoutBody: BodyRule = { when: 'lenient', shape: { global: 'flag', refreshToken: 'text', eventInfo } };

const plain = { path: 'plain', tenant: 'read', body: null } as const;
const tokens = { ...plain, endpoint: '/api/jwt/refresh' } as const;

/** Every route that the server has. */
export const routes: readonly Route[] = [
  { ...plain, method: 'GET', endpoint: '/api/jwt/issue', schemes: ['jwt'], run: issue },
  { ...plain, method: 'GET', endpoint: '/api/jwt/public-key', schemes: [], run: publicKey },
  {
    ...plain,
    method: 'POST',
    endpoint: '/api/jwt/reconcile',
    schemes: [],
    body: reconcileBody,
    run: reconcile,
  },
  { ...tokens, method: 'POST', schemes: [], body: refreshBody, run: refresh },
  { ...tokens, method: 'GET', schemes: ['api_key'], run: listTokens },
  { ...tokens, method: 'DELETE', schemes: ['api_key', 'jwt'], body: revokeBody, run: revoke },
  { ...tokens, method: 'GET', path: 'with id', schemes: ['api_key'], run: getToken },
  { ...tokens, method: 'DELETE', path: 'with id', schemes: ['api_key', 'jwt'], run: revokeById },
  {
    ...plain,
    method: 'GET',
    endpoint: '/api/jwt/validate',
    schemes: ['jwt'],
    tenant: 'ignored',
    run: validate,
  },
  { ...plain, method: 'POST', endpoint: '/api/jwt/vend', schemes: ['api_key'], body: vendBody, run: vend },
  {
    ...plain,
    method: 'POST',
    endpoint: '/api/logout',
    schemes: [],
    tenant: 'lenient',
    body: logoutBody,
    run: logout,
  },
  { ...plain, method: 'GET', endpoint: '/.well-known/jwks.json', schemes: [], tenant: 'ignored', run: jwks },
  {
    ...plain,
    method: 'GET',
    endpoint: '/.well-known/openid-configuration',
    schemes: [],
    tenant: 'lenient',
    run: openIdConfiguration,
  },
];

const table = new Map<string, Map<string, Route>>();
for (const route of routes) {
  const place = `${route.path} ${route.endpoint}`;
  table.set(place, (table.get(place) ?? new Map()).set(route.method, route));
}

/** The routes of a path by method, and the decoded id where the path has one; null where nobody answers it. */
export function routesAt(
  path: string,
): { readonly byMethod: ReadonlyMap<string, Route>; readonly tokenId: string } | null {
  const bare = table.get(`plain ${path.replace(/\/$/, '')}`);
  if (bare) return { byMethod: bare, tokenId: '' };
  const cut = path.lastIndexOf('/');
  const byMethod = table.get(`with id ${path.slice(0, cut)}`);
  return byMethod ? { byMethod, tokenId: decoded(path.slice(cut + 1)) } : null;
}

/** A part that is not percent-encoded well is no UUID either, so it is handed on as it came. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
