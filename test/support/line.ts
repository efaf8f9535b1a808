import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { operations } from '../../src/catalog/operations.ts';
import type {
  Audit,
  AuditRecord,
  Caller,
  Json,
  Limits,
  Outcome,
  RawCall,
  Reply,
  Upstream,
  UpstreamRequest,
} from '../../src/model/index.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { type Ports, runCall } from '../../src/pipeline/run-call.ts';
import { digestOf, fingerprintWith } from '../../src/policy/fingerprint.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { type PreparedPolicy, prepare } from '../../src/policy/prepare.ts';

/** The known operations under a policy of these lines. Throws where the policy has errors. */
export function preparedPolicy(text: string): PreparedPolicy {
  const parsed = parsePolicy(text, operations);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return prepare(parsed.policy, { tools: operations, digest: digestOf(text), placeOf: parsed.placeOf });
}

/** What a call met on its way. */
export interface Walked {
  readonly outcome: Outcome;
  readonly requests: readonly UpstreamRequest[];
  readonly records: readonly AuditRecord[];
  readonly faults: readonly unknown[];
}

export interface Line {
  call(tool: string, args: Json, extra?: Partial<RawCall>): Promise<Walked>;
}

export interface LineOptions {
  readonly policy: string;
  /** FusionAuth's answer, what it throws, or how it comes to its answer. */
  readonly reply?: Reply | Error | Upstream['send'];
  readonly limits?: Limits;
  readonly tenantId?: string | null;
  /** Whether intents can be written. */
  readonly intents?: boolean;
  readonly audit?: Partial<Audit>;
  readonly onFault?: Ports['onFault'];
}

const ann: Caller = { identity: { sub: 'ann', tenant: 'acme' }, session: 'session-1' };

/** The whole line in one process, FusionAuth and the audit as plain objects. */
export function openLine(options: LineOptions): Line {
  const {
    policy,
    reply = { got: 'result', status: 200, body: null },
    limits = memoryLimits(),
    tenantId = null,
  } = options;
  const prepared = preparedPolicy(policy);
  const parse = callParser(operations, tenantId);
  let ids = 0;
  return {
    async call(tool, args, extra = {}) {
      const requests: UpstreamRequest[] = [];
      const records: AuditRecord[] = [];
      const faults: unknown[] = [];
      const ports: Ports = {
        parse,
        limits,
        upstream: {
          async send(request, signal) {
            requests.push(request);
            if (reply instanceof Error) throw reply;
            return typeof reply === 'function' ? reply(request, signal) : reply;
          },
          async close() {},
        },
        audit: {
          async intent(record) {
            records.push(record);
            return options.intents ?? true;
          },
          write: (record) => void records.push(record),
          isWritten: () => true,
          async reopen() {},
          async close() {},
          ...options.audit,
        },
        fingerprint: fingerprintWith(Buffer.from('test')),
        newId: () => `id-${++ids}`,
        elapsed: () => 0,
        onFault: options.onFault ?? ((_id, fault) => faults.push(fault)),
      };
      const raw: RawCall = {
        tool,
        args: { value: args, faults: [] },
        transport: 'http',
        caller: ann,
        signal: new AbortController().signal,
        ...extra,
      };
      const outcome = await runCall(raw, { policy: prepared, at: Date.UTC(2026, 0, 1) }, ports);
      return { outcome, requests, records, faults };
    },
  };
}
