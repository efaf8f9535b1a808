import type { JsonObject } from '../model/index.ts';

/** Where the service answers, below its issuer URL. */
export const JWKS_PATH = '/.well-known/jwks.json';

/**
 * Metadata of the authorization server (RFC 8414). It has no authorization endpoint and no grant of OAuth: what it says
 * is who signs, where the keys are, and with what.
 */
export function metadataOf(issuer: string, algorithm: string): JsonObject {
  const base = issuer.replace(/\/$/, '');
  return {
    issuer,
    jwks_uri: `${base}${JWKS_PATH}`,
    response_types_supported: [],
    grant_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  };
}
