import type { ServerResponse } from 'node:http';
import type { Outcome } from '../model/index.ts';
import type { Granted } from '../model/tokens.ts';
import { toRestAnswer } from '../pipeline/respond-rest.ts';
import { type Objection, reply } from './http-reply.ts';

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
const JSON_HEADERS = { ...HEADERS, 'content-type': 'application/json' };

/** The code of a request that did not become a call, by status; every other is `bad_request`. */
const CODES = new Map([
  [401, 'unauthenticated'],
  [404, 'unknown_tool'],
  [429, 'too_many_requests'],
  [500, 'internal_error'],
  [503, 'shutting_down'],
]);

/** Writes how a call ended. `X-Portcullis-Id` names it, also where the body is FusionAuth's. */
export function replyOutcome(res: ServerResponse, outcome: Outcome): void {
  const { status, headers, body } = toRestAnswer(outcome);
  const all = { ...(body === null ? HEADERS : JSON_HEADERS), ...headers, 'x-portcullis-id': outcome.id };
  reply(res, status, { body: body === null ? '' : JSON.stringify(body), headers: all });
}

/** Writes an objection in the shape of a denial, without the call that there never was. */
export function objectRest(res: ServerResponse, { status, message, headers, restCode }: Objection): void {
  const body = {
    code: restCode ?? CODES.get(status) ?? 'bad_request',
    reason: message,
    rule: null,
    policy: null,
    id: null,
    retryable: status === 429 || status === 503,
  };
  reply(res, status, { body: JSON.stringify(body), headers: { ...JSON_HEADERS, ...headers } });
}

/** Writes how a request for a token ended. Which check refused it is in the audit, under the id. */
export function replyGranted(res: ServerResponse, granted: Granted): void {
  const { id } = granted;
  if (granted.ended === 'issued') {
    const { token, lifetimeS } = granted;
    const body = { access_token: token, expires_in: lifetimeS, token_type: 'Bearer' };
    const headers = { ...JSON_HEADERS, 'x-portcullis-id': id };
    reply(res, 200, { body: JSON.stringify(body), headers });
    return;
  }
  const { status, code, reason, headers } = REFUSED[granted.ended];
  const retryAfterMs = granted.ended === 'too_many' ? granted.retryAfterMs : null;
  const body = {
    code,
    reason,
    rule: null,
    policy: null,
    id,
    retryable: status === 429 || status === 500,
    ...(retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs }),
    ...(granted.ended === 'invalid' ? { violations: granted.violations } : {}),
  };
  const wait =
    retryAfterMs === null ? {} : { 'retry-after': `${Math.max(1, Math.ceil(retryAfterMs / 1000))}` };
  const all = { ...JSON_HEADERS, ...headers, ...wait, 'x-portcullis-id': id };
  reply(res, status, { body: JSON.stringify(body), headers: all });
}

/** The status codes are those of the token management API. */
const REFUSED = {
  invalid: {
    status: 400,
    code: 'bad_request',
    reason: 'Invalid request payload',
    headers: {},
  },
  unauthorized: {
    status: 401,
    code: 'unauthenticated',
    reason: 'Unauthorized',
    headers: { 'www-authenticate': 'Bearer' },
  },
  client_unknown: { status: 404, code: 'client_unknown', reason: 'Client not found', headers: {} },
  too_many: { status: 429, code: 'too_many_requests', reason: 'Too many requests', headers: {} },
  failed: { status: 500, code: 'internal_error', reason: 'Failed to generate token', headers: {} },
} as const;

/** Writes a document. */
export function replyPage(
  res: ServerResponse,
  { type, text, policy }: { type: string; text: string; policy: string },
): void {
  const headers = { ...HEADERS, 'content-type': type, 'content-security-policy': policy };
  reply(res, 200, { body: text, headers: { ...headers, 'referrer-policy': 'no-referrer' } });
}
