import type { Caller, Identity, Per } from '../model/index.ts';
import { shortHash } from './fingerprint.ts';

/** Whose counter a limit uses, for one caller. */
export interface Subjects {
  /** A short key for each `per`. */
  readonly keys: Readonly<Record<Per, string>>;
  /** The names of counters that were asked for, by the key of their limit. */
  readonly counters: Map<string, string>;
}

/** The counter of a limit for a caller. Its name is made once: a text that was looked up before is found faster. */
export function counterOf({ keys, counters }: Subjects, { key, per }: Limit): string {
  const before = counters.get(key);
  if (before !== undefined) return before;
  const name = `${key}:${keys[per]}`;
  counters.set(key, name);
  return name;
}

interface Limit {
  readonly key: string;
  readonly per: Per;
}

/** The same few callers call again and again, each time as another value: their subjects are kept, up to a bound. */
const known = new Map<string, Subjects>();
const MAX_KNOWN = 10_000;
const MAX_KEPT_CHARACTERS = 2_000;
const ofSameValue = new WeakMap<Caller, Subjects>();

/**
 * The subjects of a caller (policy-language.md, "Who shares a counter"). Callers without identity share one
 * counter, and so do callers without tenant.
 */
export function subjectsOf(caller: Caller): Subjects {
  const before = ofSameValue.get(caller);
  if (before !== undefined) return before;
  const subjects = subjectsOfEqual(caller);
  ofSameValue.set(caller, subjects);
  return subjects;
}

function subjectsOfEqual({ identity, session }: Caller): Subjects {
  const { issuer = null, tenant = null, sub = null, client_id = null } = identity;
  const text = JSON.stringify([issuer, tenant, sub, client_id, session]);
  const isKept = text.length <= MAX_KEPT_CHARACTERS;
  const before = isKept ? known.get(text) : undefined;
  if (before !== undefined) return before;
  const key = identityKey(identity);
  const own = {
    everyone: '-',
    tenant: tenant === null ? '-' : shortHash(JSON.stringify([issuer, tenant])),
    identity: shortHash(key),
    session: session === null ? shortHash(key) : shortHash(JSON.stringify([key, session])),
  };
  const subjects: Subjects = { keys: own, counters: new Map() };
  if (!isKept) return subjects;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, subjects);
  return subjects;
}

/** The key that all callers without `sub` and `client_id` share. */
export const ANONYMOUS = 'anonymous';

const keys = new WeakMap<Identity, string>();

/** What makes two callers the same: issuer, tenant, and `sub` or else `client_id`, which are not each other's equal. */
export function identityKey(identity: Identity): string {
  const before = keys.get(identity);
  if (before !== undefined) return before;
  const key = deriveKey(identity);
  keys.set(identity, key);
  return key;
}

function deriveKey({ issuer, tenant, sub, client_id }: Identity): string {
  const realm = [issuer ?? null, tenant ?? null];
  if (sub !== undefined) return JSON.stringify([...realm, 'sub', sub]);
  return client_id === undefined ? ANONYMOUS : JSON.stringify([...realm, 'client_id', client_id]);
}

/** Nobody in particular: neither `sub` nor `client_id`. */
export function isAnonymous({ sub, client_id }: Identity): boolean {
  return sub === undefined && client_id === undefined;
}
