import { toRequest } from '../catalog/derive.ts';
import type {
  Audit,
  Awaitable,
  Instant,
  Limits,
  Outcome,
  RawCall,
  Reply,
  Ticket,
  Upstream,
} from '../model/index.ts';
import type { Fingerprint } from '../policy/fingerprint.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { type Closing, closeRecord, type Opening, openRecord } from './audit-record.ts';
import { interpret } from './interpret.ts';
import { type Judgement, judge } from './judge.ts';
import type { ParseCall, ParsedCall } from './parse-call.ts';

/** The other systems that a call meets, and the effects it may have. */
export interface Ports {
  readonly parse: ParseCall;
  readonly limits: Limits;
  readonly upstream: Upstream;
  readonly audit: Audit;
  readonly fingerprint: Fingerprint;
  /** A fresh id for a call. */
  newId(): string;
  /** Milliseconds of a clock that never runs backwards. */
  elapsed(): number;
  /** Told of what should not have happened; the caller is only given the id. */
  onFault(id: string, fault: unknown): void;
}

/** What a call sees from start to end: one policy and one time. */
export interface Snapshot {
  readonly policy: PreparedPolicy;
  readonly at: Instant;
}

/**
 * Walks one call to its end: parse, decide, reserve, forward, settle, audit (ARCHITECTURE.md). Never throws.
 * The caller was identified by the door, before it read the call.
 */
export function runCall(raw: RawCall, snapshot: Snapshot, ports: Ports): Awaitable<Outcome> {
  const id = ports.newId();
  const begun = ports.elapsed();
  const record = ({ outcome, opening, how }: Ending) => {
    try {
      ports.audit.write(closeRecord(opening, how, milliseconds(ports.elapsed() - begun)));
    } catch (fault) {
      blame(ports, id, fault);
    }
    return outcome;
  };
  const ending = endOf(raw, id, snapshot, ports);
  return ending instanceof Promise ? ending.then(record) : record(ending);
}

/** A log that breaks must not cost the call its answer and its line in the audit. */
function blame({ onFault }: Ports, id: string, fault: unknown): void {
  try {
    onFault(id, fault);
  } catch {
    // There is nobody left to tell.
  }
}

/** How a call ended: for whoever called, and for the audit. */
interface Ending {
  readonly outcome: Outcome;
  readonly opening: Opening;
  readonly how: Closing;
}

/** A value where the end is known without waiting, as every denial by the policy is. */
function endOf(raw: RawCall, id: string, { policy, at }: Snapshot, ports: Ports): Awaitable<Ending> {
  const { fingerprint } = ports;
  const base = { id, policy: policy.digest };
  let parsed: ParsedCall | null = null;
  const failed = (fault: unknown): Ending => {
    blame(ports, id, fault);
    const withoutArgs = { ...raw, args: { value: undefined, faults: [] } };
    const opening = openRecord(withoutArgs, parsed?.operation ?? null, { id, at, policy, fingerprint });
    const outcome = { ...base, ended: 'failed', reason: null, retryable: false } as const;
    return { outcome, opening, how: FAILED };
  };
  try {
    parsed = ports.parse(raw);
    const opening = openRecord(raw, parsed?.operation ?? null, { id, at, policy, fingerprint });
    if (parsed === null) return unknownTool(raw, { base, opening, note: 'no such tool' });
    const judged = { raw, parsed, opening, base, at };
    const judgement = judge(policy, parsed.call, { caller: raw.caller, at, fingerprint }, ports.limits);
    const ending =
      judgement instanceof Promise
        ? judgement.then((known) => follow(known, judged, ports))
        : follow(judgement, judged, ports);
    return ending instanceof Promise ? ending.catch(failed) : ending;
  } catch (fault) {
    return failed(fault);
  }
}

function follow(judgement: Judgement, judged: Judged, ports: Ports): Awaitable<Ending> {
  const { raw, opening, base } = judged;
  switch (judgement.verdict) {
    case 'unknown_tool':
      return unknownTool(raw, { base, opening, note: 'hidden by the policy' });
    case 'deny':
      return denied(judgement, opening, base);
    case 'allow':
      return forward({ ...judged, judgement }, ports);
  }
}

/** What every outcome begins with. */
interface Base {
  readonly id: string;
  readonly policy: string;
}

function unknownTool(
  { tool }: RawCall,
  { base, opening, note }: { readonly base: Base; readonly opening: Opening; readonly note: string },
): Ending {
  return {
    outcome: { ...base, ended: 'unknown_tool', tool },
    opening,
    how: { verdict: 'deny', code: 'unknown_tool', rule: null, would: null, upstream: null, note },
  };
}

type Denied = Extract<Judgement, { verdict: 'deny' }>;

function denied(judgement: Denied, opening: Opening, { id, policy }: Base): Ending {
  const { code, rule, reason, retryable, retryAfterMs, limit, violations } = judgement;
  return {
    outcome: {
      id,
      policy,
      ended: 'denied',
      code,
      rule,
      reason,
      retryable,
      retryAfterMs,
      limit,
      violations,
    },
    opening,
    how: { verdict: 'deny', code, rule, would: null, upstream: null, note: null },
  };
}

const FAILED: Closing = {
  verdict: 'allow',
  code: 'internal_error',
  rule: null,
  would: null,
  upstream: null,
  note: null,
};

const UNRECORDED =
  'The audit cannot be written at the moment, so the call was not made and took no effect. Try again later.';

/** A call that was judged. */
interface Judged {
  readonly raw: RawCall;
  readonly parsed: ParsedCall;
  readonly opening: Opening;
  readonly base: Base;
  readonly at: Instant;
}

interface Forwarding extends Judged {
  readonly judgement: Extract<Judgement, { verdict: 'allow' }>;
}

async function forward(forwarding: Forwarding, ports: Ports): Promise<Ending> {
  const { raw, parsed, judgement, opening, base, at } = forwarding;
  const { operation, call } = parsed;
  const { would, ticket } = judgement;
  const refund = () => settle(ticket, 'refund', at, ports);
  let reply: Reply;
  let sent: number;
  try {
    if (!(await recordIntent(forwarding, ports))) {
      await refund();
      const note = 'the audit could not be written, so the call was not made';
      blame(ports, base.id, note);
      return {
        outcome: { ...base, ended: 'failed', reason: UNRECORDED, retryable: true },
        opening,
        how: { ...FAILED, would, note },
      };
    }
    const request = toRequest(operation, call.args);
    raw.onForward?.();
    sent = ports.elapsed();
    reply = await ports.upstream.send(request, raw.signal);
  } catch (fault) {
    // Thrown by us, before anything was sent: ports do not throw.
    await refund();
    throw fault;
  }
  const ms = milliseconds(ports.elapsed() - sent);
  await settle(ticket, reply.got === 'nothing' && !reply.reached ? 'refund' : 'spend', at, ports);
  const { secrets } = judgement;
  const { fingerprint } = ports;
  const { outcome, code, note } = interpret(reply, { operation, base, secrets, fingerprint });
  const upstream = { status: reply.got === 'nothing' ? null : reply.status, ms };
  return { outcome, opening, how: { verdict: 'allow', code, rule: null, would, upstream, note } };
}

/** An unrecorded revocation or token is worse than a failed one: these are recorded before they happen. */
async function recordIntent({ parsed, judgement, opening }: Forwarding, { audit }: Ports): Promise<boolean> {
  const { kind } = parsed.operation;
  if (kind !== 'mint' && kind !== 'revoke') return true;
  const { would } = judgement;
  const allowed = { verdict: 'allow', code: 'allowed', rule: null, upstream: null, note: null } as const;
  return audit.intent({ ...closeRecord(opening, { ...allowed, would }, 0), intent: true });
}

async function settle(
  ticket: Ticket | null,
  how: 'spend' | 'refund',
  at: Instant,
  { limits }: Ports,
): Promise<void> {
  if (ticket !== null) await limits.settle(ticket, how, at);
}

function milliseconds(elapsed: number): number {
  return Math.round(elapsed * 1000) / 1000;
}
