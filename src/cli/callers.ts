import type { AuditRecord, Caller, Identity } from '../model/index.ts';

/** So many callers are kept: a caller that is kept has its counters' keys worked out. */
const MAX_CALLERS = 50_000;

/**
 * Callers as records tell them. Issuers are not recorded, so two callers are one where `sub` (or `client_id`) and
 * tenant are the same; only over stdio the issuer is another, always the local one.
 */
export function openCallers(): (record: AuditRecord) => Caller {
  const callers = new Map<string, Caller>();
  return ({ caller, transport }) => {
    const { sub, client_id, tenant, session } = caller;
    const isLocal = transport === 'stdio';
    const key = JSON.stringify([isLocal, sub, client_id, tenant, session]);
    const before = callers.get(key);
    if (before !== undefined) return before;
    if (callers.size >= MAX_CALLERS) callers.clear();
    const identity: Identity = {
      ...(isLocal ? { issuer: 'local' } : {}),
      ...(sub === null ? {} : { sub }),
      ...(client_id === null ? {} : { client_id }),
      ...(tenant === null ? {} : { tenant }),
    };
    const made = { identity, session };
    callers.set(key, made);
    return made;
  };
}

/** A caller as reports name them. */
export function nameOf({ sub, client_id, tenant }: Identity): string {
  const name = sub ?? (client_id === undefined ? 'anonymous' : `client ${client_id}`);
  return tenant === undefined ? name : `${name} of ${tenant}`;
}
