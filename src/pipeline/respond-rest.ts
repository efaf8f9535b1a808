import { restStatus } from '../catalog/rest.ts';
import type { Json, JsonObject, Outcome, UpstreamError } from '../model/index.ts';
import { denialFacts, failedText } from './respond.ts';

/** An outcome as REST has it; `body` is null where the answer has none. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Json | null;
}

/** How each outcome is told over REST (contracts.md, "HTTP doors"). FusionAuth's own answers keep their status. */
export function toRestAnswer(outcome: Outcome): RestAnswer {
  switch (outcome.ended) {
    case 'result':
      return answer(outcome.status, outcome.empty ? null : outcome.body);
    case 'unknown_tool':
      return refusal(outcome, 'unknown_tool', { reason: 'There is no such operation.', retryable: false });
    case 'denied':
      return {
        ...refusal(outcome, outcome.code, { reason: outcome.reason, ...denialFacts(outcome) }),
        headers: wait(outcome.retryAfterMs),
      };
    case 'rejected':
      return answer(outcome.status, errorBody(outcome.errors));
    case 'unavailable': {
      const { reason, retryable, timedOut } = outcome;
      const refused = refusal(outcome, 'upstream_unavailable', { reason, retryable });
      return timedOut ? { ...refused, status: 504 } : refused;
    }
    case 'failed': {
      const { retryable } = outcome;
      return refusal(outcome, 'internal_error', { reason: failedText(outcome), retryable });
    }
  }
}

function answer(status: number, body: Json | null): RestAnswer {
  return { status, headers: {}, body };
}

function refusal({ id, policy }: Outcome, code: keyof typeof restStatus, facts: JsonObject): RestAnswer {
  const { reason, ...rest } = facts;
  return answer(restStatus[code], { code, reason: reason ?? '', rule: null, policy, id, ...rest });
}

/** Whole seconds, never too few; nothing where the call can never fit. */
function wait(retryAfterMs: number | null): RestAnswer['headers'] {
  return retryAfterMs === null ? {} : { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1000))}` };
}

/** FusionAuth's errors in its own form (api-facts.md, section 1.3); its messages may echo values, so they are ours. */
function errorBody(errors: readonly UpstreamError[]): Json | null {
  if (errors.length === 0) return null;
  const general = errors.filter(({ field }) => field === null).map(toError);
  const fields = new Map<string, JsonObject[]>();
  for (const error of errors) {
    if (error.field === null) continue;
    fields.set(error.field, [...(fields.get(error.field) ?? []), toError(error)]);
  }
  return {
    ...(fields.size === 0 ? {} : { fieldErrors: Object.fromEntries(fields) }),
    ...(general.length === 0 ? {} : { generalErrors: general }),
  };
}

function toError({ field, code }: UpstreamError): JsonObject {
  if (code === '[TenantIdRequired]') {
    return {
      code,
      message: 'FusionAuth has several tenants: name one in the header `X-FusionAuth-TenantId`.',
    };
  }
  const what = field === null ? 'the request' : `\`${field}\``;
  return { code, message: `FusionAuth did not accept ${what}: ${code}.` };
}
