/**
 * The words of the domain. Types only; this room imports nothing.
 *
 * Glossary
 *   operation   one thing that FusionAuth can do: a row of the catalog
 *   tool        what a policy can speak of; every operation is one
 *   call        one request of an agent to use a tool, its arguments in normal form
 *   caller      who calls: an identity and, where the protocol has one, a session
 *   policy      what may be done, by whom; rules, grants and limits
 *   rule        one line of a policy that a call must pass
 *   decision    what the policy says of a call, with its trace
 *   claim       what one limit takes from its counter for one call
 *   hold        the limit store's answer to the claims of a call
 *   ticket      the receipt of a granted hold; it settles once
 *   reply       FusionAuth's answer, or that there was none
 *   outcome     how a call ended
 *   violation   one thing wrong with arguments: where, and what is accepted
 */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Names and indexes from the root of a value; `*` stands for every element of a list. */
export type Path = readonly (string | number)[];
/** What is known at once where nothing has to be waited for: a promise for each call costs as much as deciding it. */
export type Awaitable<T> = T | Promise<T>;
/** Milliseconds since the epoch, UTC. */
export type Instant = number;
/** The name of a rule, or `KEY#n` where it has none. */
export type RuleId = string;

// ---------------------------------------------------------------- tools

export type Kind = 'read' | 'reveal' | 'mint' | 'revoke';
export type Transport = 'stdio' | 'http' | 'rest';

/** All that the policy engine knows of a tool: it could guard another server unchanged. */
export interface Tool {
  /** The name that agents use, for example `fusionauth-vendjwtwithid`. */
  readonly name: string;
  /** FusionAuth's OpenAPI operation id, for example `vendJWTWithId`; a policy may use either. */
  readonly operationId: string;
  /** Names that other FusionAuth clients use; never accepted, only used to suggest the right one. */
  readonly clientNames: readonly string[];
  readonly kind: Kind;
  /** JSON Schema 2020-12 of the arguments in normal form; objects closed unless FusionAuth leaves them open. */
  readonly schema: JsonObject;
  /** Where secrets stand in the arguments, as sent and in normal form. */
  readonly secretArgs: readonly Path[];
  /** Where the JWT of a call stands in the normal form, for conditions on `jwt.`. */
  readonly jwtArg: Path | null;
}

/** Who FusionAuth is told that we are: nobody, the proxy (its API key), or the JWT in the call's `encodedJWT`. */
export type Authority = 'none' | 'api_key' | 'call_jwt';

/** One row of the catalog; everything else about an operation is derived from it. */
export interface Operation extends Tool {
  readonly title: string;
  readonly description: string;
  readonly hints: { readonly readOnly: boolean; readonly destructive: boolean; readonly idempotent: boolean };
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** FusionAuth's path with `{name}` for path parameters. */
  readonly path: string;
  readonly authority: Authority;
  /** JSON Schema of the arguments as agents may send them; no combinators at the top, which some hosts refuse. */
  readonly inputSchema: JsonObject;
  /** JSON Schema of the result; objects open, since FusionAuth may add members. */
  readonly outputSchema: JsonObject;
  /** Argument name -> query parameter name on the wire. */
  readonly query: Readonly<Record<string, string>>;
  /** Selectors that are sent in the JSON body and may be given at top level or in `body`. */
  readonly selectors: readonly string[];
  /** Members of the body that a client may also send as a form (`application/x-www-form-urlencoded`). */
  readonly form: readonly string[];
  /** Whether a JSON body is always sent (`{}` where the call has none). */
  readonly sendsBody: boolean;
  /** Where secrets stand in the result. */
  readonly secretResults: readonly Path[];
  /** What an empty 401 and an empty 404 of this operation mean, in a sentence that helps. */
  readonly meaning: { readonly 401: string; readonly 404: string };
}

// ---------------------------------------------------------------- callers

/** Who calls. Member names are those of the policy language; what a token does not have is absent, not empty. */
export interface Identity {
  readonly sub?: string;
  readonly client_id?: string;
  readonly issuer?: string;
  readonly tenant?: string;
  readonly project?: string;
  readonly email?: string;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly groups?: readonly string[];
  readonly resources?: readonly string[];
  readonly claims?: JsonObject;
}

export interface Caller {
  readonly identity: Identity;
  /** The MCP session within the identity; null where the protocol has none, then the identity is the session. */
  readonly session: string | null;
}

/** What a door knows of whoever opened a connection; never more than the headers it must look at. */
export interface Credentials {
  /** The header that carries the caller's token, as received; HTTP doors only. */
  readonly authorization: string | null;
}

export type Identified =
  | { readonly identified: true; readonly identity: Identity }
  | { readonly identified: false; readonly fault: IdentityFault; readonly why: string };

/** Why nobody was identified: nothing was brought, it is no good, it does not reach so far, or it cannot be judged now. */
export type IdentityFault = 'no_token' | 'invalid_token' | 'insufficient_scope' | 'unavailable';

// ---------------------------------------------------------------- calls

/** One thing wrong with arguments. Neither member ever holds an argument's value. */
export interface Violation {
  /** For example `args.body.timeToLiveInSeconds`. */
  readonly path: string;
  /** What is accepted there, for example `a number of at most 300`. */
  readonly expected: string;
}

/** Arguments as they arrived: parsed once, with what the parser found wrong with the text itself. */
export interface SentArgs {
  readonly value: Json | undefined;
  readonly faults: readonly Violation[];
}

/** The part of an `AbortSignal` that a call needs; making a whole one costs more than deciding the call. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A call as a door hands it in. */
export interface RawCall {
  readonly tool: string;
  readonly args: SentArgs;
  readonly transport: Transport;
  readonly caller: Caller;
  /** Aborted when the agent cancels or, where that means the same, goes away. */
  readonly signal: Cancellation;
  /** Told once, when the call passed the policy and is about to be forwarded. */
  readonly onForward?: () => void;
}

/** A call in normal form: what the policy judges is what FusionAuth is sent. */
export interface Call {
  readonly tool: string;
  readonly transport: Transport;
  readonly args: JsonObject;
  /** Claims of the JWT in this call, decoded and not verified; null where there is none that can be read. */
  readonly jwt: JsonObject | null;
  /** Of the bounds and of the tool's own schema; these always block. */
  readonly violations: readonly Violation[];
}

// ---------------------------------------------------------------- policies

export type Per = 'session' | 'identity' | 'tenant' | 'everyone';

/** A calendar window is the UTC minute, hour or day; a sliding one ends with the call. `ms` is its length. */
export interface Window {
  readonly kind: 'sliding' | 'calendar';
  readonly ms: number;
}

export type Operator =
  | 'eq'
  | 'neq'
  | 'in'
  | 'not_in'
  | 'lt'
  | 'lte'
  | 'gt'
  | 'gte'
  | 'regex'
  | 'contains'
  | 'not_contains'
  | 'starts_with'
  | 'ends_with'
  | 'subset_of'
  | 'exists';

export type Condition =
  | { readonly path: string; readonly op: Operator; readonly value: Json }
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition };

export interface RateLimit {
  readonly max: number;
  readonly window: Window;
  readonly per: Per;
}

/** A counter of amounts and the bound that one condition of its rule puts on it. */
export interface AmountLimit {
  readonly counter: string;
  readonly window: Window;
  readonly per: Per;
  /** A fixed amount, or the `args.` path of it. */
  readonly increment: { readonly fixed: number } | { readonly from: string };
  readonly bound: { readonly op: 'lt' | 'lte'; readonly value: number };
}

/** One rule as written. `action: allow` and `evaluate` need no word of their own: they object to nothing. */
export interface Rule {
  readonly name: string | null;
  readonly when: readonly Condition[];
  readonly observe: boolean;
  readonly deny: boolean;
  readonly conditions: readonly Condition[];
  readonly rateLimit: RateLimit | null;
  readonly amountLimit: AmountLimit | null;
  /** `on_deny` or `reason`: what the agent is told. */
  readonly because: string | null;
}

export type SecretsShown = 'clear' | 'fingerprint';

/** What stands under one key of `tools`: a tool's name, its operation id, or a glob. */
export interface ToolRules {
  readonly key: string;
  readonly arguments: JsonObject | null;
  readonly secrets: SecretsShown | null;
  readonly rules: readonly Rule[];
}

export interface Grant {
  readonly to: readonly Condition[];
  readonly tools: readonly string[];
}

/** A policy file as a value: checked, but independent of how it was written down. */
export interface Policy {
  readonly description: string | null;
  readonly mode: 'enforce' | 'observe';
  readonly default: 'allow' | 'deny' | null;
  readonly list: 'all' | 'callable';
  readonly sessionCeiling: number;
  readonly hide: readonly string[];
  /** null: no grants are needed. */
  readonly grants: readonly Grant[] | null;
  readonly tools: readonly ToolRules[];
}

/** A line and column of a policy file, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One problem of a policy file. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly at: Position;
}

// ---------------------------------------------------------------- decisions

/** Why a policy denied a call. Codes are an interface: never renamed. */
export type PolicyCode =
  | 'not_listed'
  | 'not_granted'
  | 'invalid_arguments'
  | 'denied_by_rule'
  | 'condition_failed'
  | 'rate_limited'
  | 'budget_exceeded';
/** Every way that a call can be refused as a tool result or an HTTP denial. */
export type DenialCode = PolicyCode | 'limits_unavailable';
/** Every way that a call can end. */
export type Code =
  | 'allowed'
  | 'unknown_tool'
  | 'unauthenticated'
  | 'upstream_rejected'
  | 'upstream_unavailable'
  | 'internal_error'
  | DenialCode;

/** What one limit takes from its counter for one call. */
export interface Claim {
  readonly rule: RuleId;
  /** Opaque ASCII key of the counter: limit and subject. No two claims of a call have the same. */
  readonly counter: string;
  readonly window: Window;
  readonly per: Per;
  /** Whether the limit counts calls or amounts. */
  readonly kind: 'calls' | 'amounts';
  /** Counters hold whole numbers: ones (calls, very large amounts) or millionths of an amount. */
  readonly unit: 'one' | 'millionth';
  /** The most that the counter may hold, in `unit`; a safe integer. */
  readonly max: number;
  /** What this call takes, in `unit`; a safe integer from 0. */
  readonly cost: number;
  /** null: the claim binds. Else the number of the observed rule it belongs to, which never refuses a call. */
  readonly observedRule: number | null;
  /** What the rule tells the agent. */
  readonly because: string | null;
}

/** A condition as the trace shows it. `seen` is absent where the path is missing. */
export interface SeenCondition {
  readonly condition: string;
  readonly seen?: Json;
  readonly held: 'yes' | 'no' | 'unknown';
}

/** One thing that was looked at on the way to a decision. */
export interface Step {
  readonly step: 'tool' | 'default' | 'grants' | 'arguments' | 'rule' | 'amount' | 'limit';
  /** The rule's name, or what else was looked at. */
  readonly name: string;
  /** The line of the policy file, where it stands in one. */
  readonly line?: number;
  /** `skipped`: the rule does not apply to this call. `counted`: its limit is asked after every rule passed. */
  readonly result: 'passed' | 'failed' | 'skipped' | 'counted';
  readonly observed?: boolean;
  readonly when?: readonly SeenCondition[];
  readonly conditions?: readonly SeenCondition[];
  readonly violations?: readonly Violation[];
  readonly note?: string;
  /** Of a limit that is used up. */
  readonly limit?: UsedLimit;
}

/** What observe mode would have done. */
export interface Would {
  readonly code: DenialCode;
  readonly rule: RuleId | null;
}

/** What was looked at on the way to a decision, made when it is asked for: it takes longer than the decision. */
export type Trace = () => readonly Step[];

/** The policy's answer before limits are asked. Only an allow has claims. */
export type Decision = { readonly trace: Trace } & (
  | { readonly verdict: 'unknown_tool'; readonly hidden: boolean }
  | {
      readonly verdict: 'allow';
      readonly claims: readonly Claim[];
      /** The first failure that was observed and did not block. */
      readonly would: Would | null;
      /** The whole file observes: a used-up limit is reported, not enforced. */
      readonly observing: boolean;
      readonly secrets: SecretsShown;
    }
  | {
      readonly verdict: 'deny';
      readonly code: PolicyCode;
      readonly rule: RuleId | null;
      readonly because: string;
      readonly violations: readonly Violation[];
    }
);

// ---------------------------------------------------------------- limits

/** One limit that is used up for one call. */
export interface Refusal {
  /** Index of the claim. */
  readonly claim: number;
  /** What the counter holds now, in the claim's unit. */
  readonly used: number;
  /** Until this call fits, at least 1; null where it can never fit. */
  readonly retryAfterMs: number | null;
  /** When the counter is empty if nothing more is admitted. */
  readonly resetAt: Instant;
}

/** The receipt of a granted hold. What else it carries is its adapter's own business. */
export interface Ticket {
  readonly id: string;
}

export type Hold =
  | {
      readonly hold: 'granted';
      readonly ticket: Ticket;
      /** Observed claims that were used up; nothing was taken for their rules. In claim order. */
      readonly missed: readonly Refusal[];
    }
  /** Binding claims that are used up, in claim order, at least one. Nothing at all was taken. */
  | { readonly hold: 'refused'; readonly refusals: readonly Refusal[] }
  /** The store could not answer; and unknown is not a yes. */
  | { readonly hold: 'unknown'; readonly why: string };

/** A used-up limit as the agent is shown it. Amounts are in the policy's own unit. */
export interface LimitState {
  readonly max: number;
  readonly window_s: number;
  readonly per: Per;
  readonly remaining: number;
  /** ISO 8601, UTC. */
  readonly reset_at: string;
}

/** A used-up limit as the trace shows it: also what this call asked of it, and from when on that fits. */
export interface UsedLimit extends LimitState {
  readonly kind: Claim['kind'];
  readonly asked: number;
  /** ISO 8601, UTC, where nothing else is counted before; null: never. */
  readonly fits_at: string | null;
}

// ---------------------------------------------------------------- FusionAuth

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query, percent-encoded. */
  readonly target: string;
  /** Sent as `X-FusionAuth-TenantId`. */
  readonly tenantId: string | null;
  readonly authority:
    | { readonly as: 'none' }
    | { readonly as: 'api_key' }
    | { readonly as: 'jwt'; readonly jwt: string };
  /** JSON text, or null for no body. */
  readonly body: string | null;
}

/** FusionAuth's answer as a value; `body` is null where it was empty. */
export type Reply =
  | { readonly got: 'result'; readonly status: number; readonly body: Json }
  /** FusionAuth refused (4xx). */
  | { readonly got: 'rejection'; readonly status: number; readonly body: Json }
  /** No usable answer. `reached: false` only where the request certainly never arrived. */
  | {
      readonly got: 'nothing';
      readonly reached: boolean;
      readonly why: string;
      /** `timeout` becomes 504 on the REST door, the others 502. */
      readonly fault: 'timeout' | 'unreachable' | 'broken' | 'cancelled' | 'no_api_key';
    };

/** An error code of FusionAuth, its values removed. */
export interface UpstreamError {
  readonly field: string | null;
  readonly code: string;
}

// ---------------------------------------------------------------- outcomes

/** How a call ended. */
export type Outcome = { readonly id: string; readonly policy: string } & (
  | {
      readonly ended: 'result';
      readonly status: number;
      readonly body: Json;
      /** FusionAuth's own answer had no body, and `body` stands in for it. */
      readonly empty?: true;
    }
  | { readonly ended: 'unknown_tool'; readonly tool: string }
  | {
      readonly ended: 'denied';
      readonly code: DenialCode;
      readonly rule: RuleId | null;
      readonly reason: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
      readonly limit: LimitState | null;
      readonly violations: readonly Violation[];
    }
  | {
      readonly ended: 'rejected';
      readonly status: number;
      readonly reason: string;
      readonly errors: readonly UpstreamError[];
    }
  | {
      readonly ended: 'unavailable';
      readonly reason: string;
      readonly timedOut: boolean;
      readonly retryable: boolean;
    }
  /** `reason` is null for a bug, of which nothing is told but the id. */
  | { readonly ended: 'failed'; readonly reason: string | null; readonly retryable: boolean }
);

/** One line of the audit, before the audit chains it with `prev` and `hash`. */
export interface AuditRecord {
  readonly id: string;
  /** ISO 8601, UTC, with milliseconds. */
  readonly at: string;
  /** Present and true on the record that is written before a `mint` or `revoke` is forwarded. */
  readonly intent?: true;
  readonly tool: string;
  readonly operation: string | null;
  readonly transport: Transport;
  readonly caller: {
    readonly sub: string | null;
    readonly client_id: string | null;
    readonly tenant: string | null;
    readonly session: string | null;
  };
  readonly verdict: 'allow' | 'deny';
  readonly code: Code;
  readonly rule: RuleId | null;
  readonly policy: string;
  readonly mode: 'enforce' | 'observe';
  readonly would: Would | null;
  readonly args: Json;
  readonly upstream: { readonly status: number | null; readonly ms: number } | null;
  readonly ms: number;
  /** What a person needs beyond the code, for example `hidden` or why there was no answer. Never a value. */
  readonly note?: string;
}

// ---------------------------------------------------------------- ports

export interface Limits {
  /** All binding claims or none, in one step; observed rules are taken where they fit. Never throws. */
  reserve(claims: readonly Claim[], at: Instant): Awaitable<Hold>;
  /** Idempotent: the first settling of a ticket counts. `refund` gives back only into the windows it was taken from. */
  settle(ticket: Ticket, how: 'spend' | 'refund', at: Instant): Promise<void>;
  /** Whether the store answers now. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Upstream {
  /** Never throws. */
  send(request: UpstreamRequest, signal: Cancellation): Promise<Reply>;
  close(): Promise<void>;
}

export interface Audit {
  /** Resolves to true once the line is in the file; false where it could not be written. Never throws. */
  intent(record: AuditRecord): Promise<boolean>;
  /** Queues a line; lines keep the order of the calls to `write` and `intent`. */
  write(record: AuditRecord): void;
  /** False from a failed write until one that succeeds. */
  isWritten(): boolean;
  /** Opens the file anew, for log rotation. */
  reopen(): Promise<void>;
  /** Writes out what is queued. */
  close(): Promise<void>;
}

/**
 * What a client may do too often: open sessions, fail to authenticate, have that recorded, send what is not a request,
 * ask for tokens.
 */
export type GuardedAct =
  | 'new_session'
  | 'failed_authentication'
  | 'recorded_refusal'
  | 'bad_request'
  | 'token_request';

export interface Guard {
  /** Counts one act of `who` (an address or an identity). Answers how long to wait where it was one too many, else null. */
  count(act: GuardedAct, who: string): Promise<{ readonly retryAfterMs: number } | null>;
  /** The same answer about one more act, which is not counted. */
  look(act: GuardedAct, who: string): Promise<{ readonly retryAfterMs: number } | null>;
}

/** Whoever opened a connection -> an identity. */
export type Identify = (credentials: Credentials) => Awaitable<Identified>;

/** A tool as an agent is shown it. */
export interface ListedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: {
    readonly title: string;
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

/** All that a door may ask of the proxy. */
export interface Gate {
  /** Walks one call to its end. Never throws. */
  call(raw: RawCall): Awaitable<Outcome>;
  /** The tools that this caller is shown, in catalog order. */
  list(caller: Caller): readonly ListedTool[];
  /** Told after a reload that changed what may be listed. Answers the function that stops it. */
  onToolsChanged(listener: () => void): () => void;
  /** What is not in order, in words; empty when the proxy can serve. */
  notReady(): Promise<readonly string[]>;
}
