import type { AuditRecord, Caller, Identity } from '../model/index.ts';

/** So many callers are kept: a caller that is kept has its counters' keys worked out. */
const MAX_CALLERS = 50_000;
/** None with a longer name is: memory must not grow with the texts of a file. */
const MAX_KEPT_CHARACTERS = 2_000;

/**
 * Callers as records tell them. Issuers are not recorded, so two callers are one where `sub` (or `client_id`) and
 * tenant are the same; only over stdio the issuer is another, always the local one.
 */
export function recordedCallers(): (record: AuditRecord) => Caller {
  const local = keptCallers({ issuer: 'local' });
  const other = keptCallers({});
  return ({ caller, transport }) => (transport === 'stdio' ? local : other)(caller);
}

type Recorded = AuditRecord['caller'];

function keptCallers(issuer: Pick<Identity, 'issuer'>): (recorded: Recorded) => Caller {
  const kept = new Map<string, Caller>();
  // Records that were read one after another share their callers.
  const ofSameValue = new WeakMap<Recorded, Caller>();
  const callerOf = (recorded: Recorded): Caller => {
    const { sub, client_id, tenant, session } = recorded;
    const text = JSON.stringify([sub, client_id, tenant, session]);
    const isKept = text.length <= MAX_KEPT_CHARACTERS;
    const before = isKept ? kept.get(text) : undefined;
    if (before !== undefined) return before;
    const identity: Identity = {
      ...issuer,
      ...(sub === null ? {} : { sub }),
      ...(client_id === null ? {} : { client_id }),
      ...(tenant === null ? {} : { tenant }),
    };
    const made = { identity, session };
    if (!isKept) return made;
    if (kept.size >= MAX_CALLERS) kept.clear();
    kept.set(text, made);
    return made;
  };
  return (recorded) => {
    const before = ofSameValue.get(recorded);
    if (before !== undefined) return before;
    const caller = callerOf(recorded);
    ofSameValue.set(recorded, caller);
    return caller;
  };
}

/** A caller as reports name them. */
export function nameOf({ sub, client_id, tenant }: Identity): string {
  const name = sub ?? (client_id === undefined ? 'anonymous' : `client ${client_id}`);
  return tenant === undefined ? name : `${name} of ${tenant}`;
}
