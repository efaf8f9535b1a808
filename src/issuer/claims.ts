import type { Client, Person, TokenClaims, TokenKind } from '../model/tokens.ts';

/** The role and the scope of admin tokens. A directory gives neither to a user, so no user token looks like one. */
export const ADMIN = 'admin';

/**
 * What a token of this kind says. An admin token speaks of the administration of one tenant and project and of
 * nothing that the user has otherwise. `sub` is unique at this issuer, as RFC 7519 section 4.1.2 wants it.
 */
export function claimsFor(kind: TokenKind, client: Client, person: Person): TokenClaims {
  const who = {
    sub: `${client.tenant}:${person.id}`,
    email: person.email,
    tenant: client.tenant,
    project: client.project,
    client_id: client.id,
  };
  if (kind === 'admin') return { ...who, roles: [ADMIN], scope: ADMIN, groups: [], resources: [] };
  const { roles, scopes, groups, resources } = person;
  return { ...who, roles, scope: scopes.join(' '), groups, resources };
}

/** Whether a user's own roles and scopes keep clear of what only admin tokens have. */
export function isPlain({ roles, scopes }: Person): boolean {
  return !roles.includes(ADMIN) && !scopes.includes(ADMIN);
}
