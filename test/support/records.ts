import type { AuditRecord } from '../../src/model/index.ts';

/** A record of an allowed call, but for what is said otherwise. */
export function record(said: Partial<AuditRecord>): AuditRecord {
  return {
    id: 'id',
    at: '2026-01-01T00:00:00.000Z',
    tool: 'fusionauth-vendjwtwithid',
    operation: 'vendJWTWithId',
    transport: 'http',
    caller: { sub: 'ann', client_id: null, tenant: 'acme', session: 'hmac:s1' },
    policy: 'sha256:0',
    mode: 'enforce',
    args: {},
    verdict: 'allow',
    rule: null,
    would: null,
    upstream: { status: 200, ms: 1 },
    code: 'allowed',
    ms: 1,
    ...said,
  };
}
