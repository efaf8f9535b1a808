import type { Json, JsonObject, Outcome } from '../model/index.ts';

type Denied = Extract<Outcome, { ended: 'denied' }>;

/** A tool result as JSON text, written once: answers that are nearly alike leave in great numbers. */
export interface Written {
  /** The members of the result but `_meta`; never empty. */
  readonly members: string;
  /** The members of its `_meta`; empty where there is none. */
  readonly meta: string;
}

/** An outcome as MCP has it: a tool result, or a JSON-RPC error where the tool does not exist. */
export type ToolAnswer = Written | { readonly error: { readonly code: number; readonly message: string } };

/** Longest tool name that an error repeats; MCP allows 128 characters. */
const MAX_NAME = 128;

/** How each outcome is told over MCP (policy-language.md, table of codes; MCP SEP-1303 for tool errors). */
export function toToolResult(outcome: Outcome): ToolAnswer {
  switch (outcome.ended) {
    case 'result':
      return success(outcome.body);
    case 'unknown_tool':
      return { error: { code: -32602, message: `Unknown tool: ${outcome.tool.slice(0, MAX_NAME)}` } };
    case 'denied':
      return told(outcome, denialWords(outcome));
    case 'rejected':
      return failure(outcome, outcome.reason, {
        code: 'upstream_rejected',
        rule: null,
        retryable: false,
        upstream: { status: outcome.status, errors: outcome.errors.map((error) => ({ ...error })) },
      });
    case 'unavailable':
      return failure(outcome, outcome.reason, {
        code: 'upstream_unavailable',
        rule: null,
        retryable: outcome.retryable,
      });
    case 'failed':
      return failure(outcome, failedText(outcome), {
        code: 'internal_error',
        rule: null,
        retryable: outcome.retryable,
      });
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
export function denialFacts({ code, rule, retryable, retryAfterMs, limit, violations }: Denied): JsonObject {
  const facts: Record<string, Json> = { code, rule, retryable };
  if (retryAfterMs !== null) facts['retry_after_ms'] = retryAfterMs;
  if (limit !== null) facts['limit'] = { ...limit };
  if (violations.length > 0) facts['violations'] = violations.map((violation) => ({ ...violation }));
  return facts;
}

function success(body: Json): Written {
  const text = JSON.stringify(body);
  return { members: `${content(text)},"structuredContent":${text}`, meta: '' };
}

/** What a failure tells that does not name the call, as JSON text. */
interface Words {
  readonly members: string;
  /** The members of the decision that follow `id` and `policy`, and the brace that ends it. */
  readonly facts: string;
}

function failure(outcome: Outcome, text: string, facts: JsonObject): Written {
  return told(outcome, wordsOf(text, facts));
}

/** What is told of the decision begins with what this process made itself, which needs no escapes. */
function told({ id, policy }: Outcome, { members, facts }: Words): Written {
  return { members, meta: `"portcullis/decision":{"id":"${id}","policy":"${policy}",${facts}` };
}

function wordsOf(text: string, facts: JsonObject): Words {
  return { members: `${content(text)},"isError":true`, facts: JSON.stringify(facts).slice(1) };
}

/** Rules deny with the same words again and again; to write them anew takes longer than to judge the call. */
const knownWords = new Map<string, Words & Pick<Denied, 'code' | 'rule' | 'retryable'>>();
/** More than a policy has reasons; where there are more still, it begins again. */
const MAX_KNOWN = 1000;

function denialWords(outcome: Denied): Words {
  const { code, rule, reason, retryable, retryAfterMs, limit, violations } = outcome;
  const known = knownWords.get(reason);
  const isPlain = retryAfterMs === null && limit === null && violations.length === 0;
  if (isPlain && known?.code === code && known.rule === rule && known.retryable === retryable) return known;
  const words = wordsOf(denialText(outcome), denialFacts(outcome));
  if (isPlain) {
    if (knownWords.size >= MAX_KNOWN) knownWords.clear();
    knownWords.set(reason, { ...words, code, rule, retryable });
  }
  return words;
}

function content(text: string): string {
  return `"content":[{"type":"text","text":${JSON.stringify(text)}}]`;
}
