import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Awaitable, Guard, Identified, Identify, Identity } from '../model/index.ts';
import { objectTooOften } from './http-guarded.ts';
import type { Objection, WriteObjection } from './http-reply.ts';
import { metadataUrl, type TokenTerms } from './token-terms.ts';

/** What every request passes before its body is read. */
export interface Entrance {
  readonly identify: Identify;
  readonly guard: Guard;
  /** null where no token is demanded. */
  readonly tokens: TokenTerms | null;
}

type Refused = Extract<Identified, { identified: false }>;

/** Who sent a request, by the one header in which this door takes tokens; null where it was refused, and answered. */
export function admit(
  entrance: Entrance,
  { req, res }: { req: IncomingMessage; res: ServerResponse },
  { header, write }: { header: string; write: WriteObjection },
): Awaitable<Identity | null> {
  const sent = req.headers[header];
  const admitted = (found: Identified): Awaitable<Identity | null> =>
    found.identified
      ? found.identity
      : refuse(entrance, res, { found, address: addressOf(req), write }).then(() => null);
  const found = entrance.identify({ authorization: typeof sent === 'string' ? sent : null });
  return found instanceof Promise ? found.then(admitted) : admitted(found);
}

/** The address by which a client is counted that is nobody in particular. */
export function addressOf(req: IncomingMessage): string {
  return req.socket.remoteAddress ?? 'unknown';
}

async function refuse(
  { guard, tokens }: Entrance,
  res: ServerResponse,
  { found, address, write }: { found: Refused; address: string; write: WriteObjection },
): Promise<void> {
  const objection = objectionOf(found, tokens);
  // An issuer that is down is no fault of who calls.
  if (found.fault === 'unavailable') return write(res, objection);
  // The request is turned away whether or not it can be counted.
  const tooMany = await guard.count('failed_authentication', address).catch(() => null);
  if (tooMany !== null) return objectTooOften(res, tooMany.retryAfterMs, write);
  // Every client asks once without a token, to be told where to get one.
  if (tokens !== null && found.fault !== 'no_token') await record(guard, tokens, found.why);
  write(res, objection);
}

/** Many addresses together must not fill the audit either. */
async function record(guard: Guard, { onRefused }: TokenTerms, why: string): Promise<void> {
  const tooMany = await guard.count('recorded_refusal', 'everyone').catch(() => null);
  if (tooMany === null) onRefused(why);
}

const RETRY_S = 5;

function objectionOf({ fault, why }: Refused, tokens: TokenTerms | null): Objection {
  switch (fault) {
    case 'no_token':
      return { status: 401, message: `Unauthorized: ${why}`, headers: challenge(tokens, null) };
    case 'invalid_token':
      return { status: 401, message: `Unauthorized: ${why}`, headers: challenge(tokens, fault) };
    case 'insufficient_scope':
      return {
        status: 403,
        message: `Forbidden: ${why}`,
        headers: challenge(tokens, fault),
        restCode: fault,
      };
    case 'unavailable':
      return {
        status: 503,
        message: `Service unavailable: ${why}`,
        headers: { 'retry-after': `${RETRY_S}` },
        restCode: 'issuer_unavailable',
      };
  }
}

/** RFC 6750, section 3, with the parameter of RFC 9728, section 5.1. Neither URLs nor scopes have quotes in them. */
function challenge(tokens: TokenTerms | null, error: string | null): { readonly 'www-authenticate': string } {
  const parameters = [
    ...(error === null ? [] : [`error="${error}"`]),
    ...(tokens === null || tokens.scopes.length === 0 ? [] : [`scope="${tokens.scopes.join(' ')}"`]),
    ...(tokens === null ? [] : [`resource_metadata="${metadataUrl(tokens.resource)}"`]),
  ];
  return { 'www-authenticate': ['Bearer', parameters.join(', ')].join(' ').trim() };
}
