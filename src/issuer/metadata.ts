import type { JsonObject } from '../model/index.ts';

/** Where the service answers, below its issuer URL. */
export const JWKS_PATH = '/.well-known/jwks.json';

/**
 * Metadata of the authorization server (RFC 8414, and what OpenID Connect Discovery requires beside). It has neither an
 * authorization endpoint nor a token endpoint of OAuth: what it says is who signs, where the keys are, and with what.
 * Lists may be neither empty nor, where they are required, missing: `none` is the response type of one that answers
 * with no token (OAuth 2.0 Multiple Response Type Encoding Practices, section 4).
 */
export function metadataOf(issuer: string, algorithm: string): JsonObject {
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    jwks_uri: `${base}${JWKS_PATH}`,
    response_types_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  };
}
