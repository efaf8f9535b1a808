import type { Identity } from '../model/index.ts';

/** The key that all callers without `sub` and `client_id` share. */
export const ANONYMOUS = 'anonymous';

/** Identities live as long as an adapter keeps them; a key is derived once for each. */
const keys = new WeakMap<Identity, string>();

/** What makes two callers the same: issuer, tenant, and `sub` or else `client_id`, which are not each other's equal. */
export function identityKey(identity: Identity): string {
  const known = keys.get(identity);
  if (known !== undefined) return known;
  const key = deriveKey(identity);
  keys.set(identity, key);
  return key;
}

function deriveKey({ issuer, tenant, sub, client_id }: Identity): string {
  if (sub !== undefined) return JSON.stringify([issuer ?? null, tenant ?? null, 'sub', sub]);
  if (client_id !== undefined)
    return JSON.stringify([issuer ?? null, tenant ?? null, 'client_id', client_id]);
  return ANONYMOUS;
}
