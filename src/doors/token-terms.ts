import type { Json, JsonObject } from '../model/index.ts';

/** What a door that demands tokens says of them, and whom it tells. */
export interface TokenTerms {
  /** The URI that names this door to authorization servers, and that tokens have as their audience. */
  readonly resource: string;
  /** Issuers whose tokens are taken, those that are URLs. */
  readonly issuers: readonly string[];
  /** Every token must have these. */
  readonly scopes: readonly string[];
  /** Told why a token was refused; not of every one in a flood. */
  readonly onRefused: (why: string) => void;
}

/** The protected resource metadata of a door, and the paths at which it stands (RFC 9728, section 3). */
export interface Metadata {
  readonly paths: ReadonlySet<string>;
  readonly document: JsonObject;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** `path` is where the door itself has the resource: a proxy before it may have moved it. */
export function metadataOf(
  { resource, issuers, scopes }: TokenTerms,
  path: string,
  more: Readonly<Record<string, Json>>,
): Metadata {
  return {
    paths: new Set([WELL_KNOWN, WELL_KNOWN + path, new URL(metadataUrl(resource)).pathname]),
    document: {
      resource,
      resource_name: 'Portcullis',
      ...(issuers.length === 0 ? {} : { authorization_servers: issuers }),
      ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
      ...more,
    },
  };
}

/** Where clients read the metadata of a resource: the well-known path goes before its own. */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`;
}
