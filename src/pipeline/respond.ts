import type { Json, JsonObject, Outcome } from '../model/index.ts';

type Denied = Extract<Outcome, { ended: 'denied' }>;

/** An outcome as MCP has it: a tool result, or a JSON-RPC error where the tool does not exist. */
export type ToolAnswer =
  | { readonly result: JsonObject }
  | { readonly error: { readonly code: number; readonly message: string } };

/** Longest tool name that an error repeats; MCP allows 128 characters. */
const MAX_NAME = 128;

/** How each outcome is told over MCP (policy-language.md, table of codes; MCP SEP-1303 for tool errors). */
export function toToolResult(outcome: Outcome): ToolAnswer {
  switch (outcome.ended) {
    case 'result':
      return { result: success(outcome.body) };
    case 'unknown_tool':
      return { error: { code: -32602, message: `Unknown tool: ${outcome.tool.slice(0, MAX_NAME)}` } };
    case 'denied':
      return { result: failure(outcome, denialText(outcome), denialFacts(outcome)) };
    case 'rejected':
      return {
        result: failure(outcome, outcome.reason, {
          code: 'upstream_rejected',
          retryable: false,
          upstream: { status: outcome.status, errors: outcome.errors.map((error) => ({ ...error })) },
        }),
      };
    case 'unavailable':
      return {
        result: failure(outcome, outcome.reason, {
          code: 'upstream_unavailable',
          retryable: outcome.retryable,
        }),
      };
    case 'failed':
      return {
        result: failure(outcome, failedText(outcome), {
          code: 'internal_error',
          retryable: outcome.retryable,
        }),
      };
  }
}

/** The words of a denial, for every door. */
export function denialText(outcome: Denied): string {
  const wait = outcome.retryAfterMs === null ? '' : ` Retry in ${Math.ceil(outcome.retryAfterMs / 1000)} s.`;
  return `[POLICY DENIED] ${outcome.reason}${wait}`;
}

/** The words of a call that ended by our own fault, for every door. */
export function failedText({ id, reason }: Extract<Outcome, { ended: 'failed' }>): string {
  return reason ?? `The proxy failed; its log has the details under ${id}.`;
}

/** The members of a denial that programs read, beside `id` and `policy`. */
export function denialFacts(outcome: Denied): JsonObject {
  return {
    code: outcome.code,
    rule: outcome.rule,
    retryable: outcome.retryable,
    ...(outcome.retryAfterMs === null ? {} : { retry_after_ms: outcome.retryAfterMs }),
    ...(outcome.limit === null ? {} : { limit: { ...outcome.limit } }),
    ...(outcome.violations.length === 0 ? {} : { violations: outcome.violations.map((v) => ({ ...v })) }),
  };
}

function success(body: Json): JsonObject {
  return { content: [{ type: 'text', text: JSON.stringify(body) }], structuredContent: body };
}

function failure(outcome: Outcome, text: string, facts: JsonObject): JsonObject {
  return {
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { 'portcullis/decision': { id: outcome.id, rule: null, policy: outcome.policy, ...facts } },
  };
}
