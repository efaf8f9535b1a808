import { ok, type Reply } from '../errors.ts';
import { algorithmNames } from '../keys.ts';
import type { Ask } from '../operation.ts';
import { defaultTenant } from '../world.ts';

/** Where FusionAuth has the rest of OpenID Connect; this server has none of it. */
const ELSEWHERE = {
  authorization_endpoint: '/oauth2/authorize',
  device_authorization_endpoint: '/oauth2/device_authorize',
  end_session_endpoint: '/oauth2/logout',
  token_endpoint: '/oauth2/token',
  userinfo_endpoint: '/oauth2/userinfo',
} as const;

/**
 * GET /.well-known/openid-configuration: the issuer of the tenant and where its keys are. The issuer is what the tenant
 * is configured with, so the document is found by it only where that is this server's own URL.
 */
export function openIdConfiguration({ world, request, scope }: Ask): Reply {
  const base = `${request.isTls ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`;
  const { issuer } = typeof scope === 'string' ? defaultTenant(world) : scope;
  return ok({
    ...Object.fromEntries(Object.entries(ELSEWHERE).map(([name, path]) => [name, base + path])),
    backchannel_logout_supported: false,
    claims_supported: [
      'applicationId',
      'aud',
      'email',
      'email_verified',
      'exp',
      'iat',
      'iss',
      'roles',
      'sub',
    ],
    frontchannel_logout_supported: true,
    grant_types_supported: [
      'authorization_code',
      'password',
      'implicit',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    id_token_signing_alg_values_supported: algorithmNames,
    issuer,
    jwks_uri: `${base}/.well-known/jwks.json`,
    response_modes_supported: ['form_post', 'fragment', 'query'],
    response_types_supported: ['code', 'id_token', 'token id_token'],
    scopes_supported: ['openid', 'offline_access'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  });
}
