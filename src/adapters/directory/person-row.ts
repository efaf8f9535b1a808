import type { Person } from '../../model/tokens.ts';

const LISTS = ['roles', 'scopes', 'groups', 'resources'] as const;

/** A row as a person; null where the database holds something else than its schema says. */
export function toPerson(row: unknown): Person | null {
  if (typeof row !== 'object' || row === null) return null;
  const { id, email, ...rest } = row as Record<string, unknown>;
  const [roles, scopes, groups, resources] = LISTS.map((name) => textsIn(rest[name]));
  if (typeof id !== 'string' || typeof email !== 'string') return null;
  if (!roles || !scopes || !groups || !resources) return null;
  return { id, email, roles, scopes, groups, resources };
}

function textsIn(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : null;
}
