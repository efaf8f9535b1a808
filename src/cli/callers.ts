import type { AuditRecord, Caller, Identity } from '../model/index.ts';

/** So many callers are kept: a caller that is kept has its counters' keys worked out. */
const MAX_CALLERS = 50_000;

/**
 * Callers as records tell them. Issuers are not recorded, so two callers are one where `sub` (or `client_id`) and
 * tenant are the same; only over stdio the issuer is another, always the local one.
 */
export function openCallers(): (record: AuditRecord) => Caller {
  let kept = { local: new Map() as Branch, other: new Map() as Branch };
  let count = 0;
  return ({ caller, transport }) => {
    const { sub, client_id, tenant, session } = caller;
    const isLocal = transport === 'stdio';
    const last = branch(branch(branch(isLocal ? kept.local : kept.other, sub), client_id), tenant);
    const before = last.get(session);
    if (before !== undefined && !(before instanceof Map)) return before;
    if (++count > MAX_CALLERS) {
      kept = { local: new Map(), other: new Map() };
      count = 0;
    }
    const identity: Identity = {
      ...(isLocal ? { issuer: 'local' } : {}),
      ...(sub === null ? {} : { sub }),
      ...(client_id === null ? {} : { client_id }),
      ...(tenant === null ? {} : { tenant }),
    };
    const made = { identity, session };
    last.set(session, made);
    return made;
  };
}

/** A tree of callers by what tells them apart, a level a member: no text has to be made to look one up. */
type Branch = Map<string | null, Branch | Caller>;

function branch(from: Branch, name: string | null): Branch {
  const there = from.get(name);
  if (there instanceof Map) return there;
  const grown: Branch = new Map();
  from.set(name, grown);
  return grown;
}

/** A caller as reports name them. */
export function nameOf({ sub, client_id, tenant }: Identity): string {
  const name = sub ?? (client_id === undefined ? 'anonymous' : `client ${client_id}`);
  return tenant === undefined ? name : `${name} of ${tenant}`;
}
