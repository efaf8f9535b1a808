import type { Client, Person, TokenClaims, TokenKind } from '../model/tokens.ts';
import { SCOPE } from './names.ts';

/** The role and the scope of admin tokens. A directory gives neither to a user, so no user token looks like one. */
export const ADMIN = 'admin';

/** All that an admin token may do; it is the same for every administrator. */
const AS_ADMIN = { roles: [ADMIN], scopes: [ADMIN], groups: [], resources: [] };

/**
 * What a token of this kind says. An admin token speaks of the administration of one tenant and project and of
 * nothing that the user has otherwise. `sub` is unique at this issuer, as RFC 7519 section 4.1.2 wants it.
 */
export function claimsFor(kind: TokenKind, client: Client, person: Person): TokenClaims {
  const { roles, scopes, groups, resources } = kind === 'admin' ? AS_ADMIN : person;
  return {
    sub: `${client.tenant}:${person.id}`,
    email: person.email,
    tenant: client.tenant,
    project: client.project,
    client_id: client.id,
    roles,
    scope: scopes.join(' '),
    groups,
    resources,
  };
}

const MAX_WORDS = 1000;
const MAX_WORD = 256;

/** Whether what a user may do fits a token, and keeps clear of what only admin tokens have: a database may hold anything. */
export function isPlain({ id, roles, scopes, groups, resources }: Person): boolean {
  return (
    isWord(id) &&
    [roles, scopes, groups, resources].every((words) => words.length <= MAX_WORDS && words.every(isWord)) &&
    scopes.every((scope) => SCOPE.test(scope)) &&
    !roles.includes(ADMIN) &&
    !scopes.includes(ADMIN)
  );
}

function isWord(text: string): boolean {
  return text !== '' && text.length <= MAX_WORD && !/\p{Cc}/u.test(text);
}
