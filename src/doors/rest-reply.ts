import type { ServerResponse } from 'node:http';
import type { Outcome } from '../model/index.ts';
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

/** Writes a document. */
export function replyPage(
  res: ServerResponse,
  { type, text, policy }: { type: string; text: string; policy: string },
): void {
  const headers = { ...HEADERS, 'content-type': type, 'content-security-policy': policy };
  reply(res, 200, { body: text, headers: { ...headers, 'referrer-policy': 'no-referrer' } });
}
