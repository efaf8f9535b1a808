import type { Identity, Json, JsonObject } from '../../model/index.ts';

/** Verified claims -> an identity, or what was expected of them. */
export type ReadIdentity =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly why: string };

type TextMember = 'sub' | 'client_id' | 'issuer' | 'tenant' | 'project' | 'email';
type ListMember = 'roles' | 'scopes' | 'groups' | 'resources';

/** Which claims a member is read from. Where a token has several of them, they must say the same. */
const TEXTS: Readonly<Record<TextMember, readonly string[]>> = {
  sub: ['sub'],
  client_id: ['client_id', 'azp'],
  issuer: ['iss'],
  tenant: ['tenant', 'tid'],
  project: ['project'],
  email: ['email'],
};
const LISTS: Readonly<Record<ListMember, readonly string[]>> = {
  roles: ['roles'],
  scopes: ['scope', 'scp'],
  groups: ['groups'],
  resources: ['resources'],
};
/** Claims that may be one text with its elements between spaces (RFC 9068, section 2.2.3). */
const SPACED = new Set(['scope', 'scp']);
const MAX_CHARACTERS = 1024;
const MAX_ELEMENTS = 1000;
/** Printed texts only: what a person reads in the audit must be what the policy compared. */
const UNSEEN = /\p{Cc}|\p{Cs}|\p{Bidi_Control}/u;

/**
 * Verified claims as the policy sees them. Texts are compared as they are, so names that differ by case or Unicode form
 * are two names. A claim of the wrong type is refused, never skipped: a rule that asks for it would judge somebody else.
 */
export function toIdentity(claims: JsonObject): ReadIdentity {
  const texts: Partial<Record<TextMember, string>> = {};
  for (const [member, names] of entries(TEXTS)) {
    const values = present(claims, names);
    const wrong = values.find(([, value]) => !isName(value));
    if (wrong !== undefined)
      return refused(`\`${wrong[0]}\` as a text of 1 to ${MAX_CHARACTERS} visible characters`);
    if (new Set(values.map(([, value]) => value)).size > 1) return refused(`${quoted(names)} to be equal`);
    const value = values[0]?.[1];
    if (typeof value === 'string') texts[member] = value;
  }
  if (texts.sub === undefined && texts.client_id === undefined) return refused('`sub` or `client_id`');
  const lists: Partial<Record<ListMember, readonly string[]>> = {};
  for (const [member, names] of entries(LISTS)) {
    const read = present(claims, names).map(([name, value]) => ({ name, list: toList(name, value) }));
    const wrong = read.find(({ list }) => list === null);
    if (wrong !== undefined) return refused(`\`${wrong.name}\` as a list of at most ${MAX_ELEMENTS} texts`);
    if (read.length > 1) return refused(`one of ${quoted(names)}`);
    const list = read[0]?.list;
    if (list) lists[member] = list;
  }
  return { ok: true, identity: { ...texts, ...lists, claims } };
}

function present(claims: JsonObject, names: readonly string[]): readonly (readonly [string, Json])[] {
  return names.flatMap((name) => {
    const value = claims[name];
    return value === undefined ? [] : [[name, value] as const];
  });
}

function toList(name: string, value: Json): readonly string[] | null {
  const list =
    typeof value === 'string' && SPACED.has(name) ? value.split(' ').filter((each) => each !== '') : value;
  if (!Array.isArray(list) || list.length > MAX_ELEMENTS) return null;
  return list.every(isName) ? list : null;
}

function isName(value: Json): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_CHARACTERS && !UNSEEN.test(value);
}

function entries<K extends string, V>(table: Readonly<Record<K, V>>): readonly (readonly [K, V])[] {
  return Object.entries(table) as [K, V][];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' and ');
}

function refused(expected: string): ReadIdentity {
  return { ok: false, why: `expected ${expected}` };
}
