import type { AuditRecord, Instant, Transport } from '../model/index.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';

/** The record of a caller who was turned away by their token, before their call was read: nothing is known of either. */
export function refusalRecord(
  { transport, why }: { readonly transport: Transport; readonly why: string },
  { id, at, policy }: { readonly id: string; readonly at: Instant; readonly policy: PreparedPolicy },
): AuditRecord {
  return {
    id,
    at: new Date(at).toISOString(),
    tool: '',
    operation: null,
    transport,
    caller: { sub: null, client_id: null, tenant: null, session: null },
    verdict: 'deny',
    code: 'unauthenticated',
    rule: null,
    policy: policy.digest,
    mode: policy.policy.mode,
    would: null,
    args: {},
    upstream: null,
    ms: 0,
    note: why,
  };
}
