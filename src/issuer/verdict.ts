import type { Violation } from '../model/index.ts';
import type { Client, Granted, GrantRefusal, Person, TokenRecord } from '../model/tokens.ts';

/** What was found of a request for a token before anything is signed. `client` is there once it is known. */
export type Verdict =
  | {
      readonly may: true;
      readonly client: Client;
      readonly person: Person;
      /** What may be used once only for this. */
      readonly once?: string;
    }
  | {
      readonly may: false;
      readonly code: GrantRefusal;
      readonly client?: Client;
      readonly violations?: readonly Violation[];
      readonly retryAfterMs?: number;
      readonly note?: string;
    }
  /** Something that is needed does not answer. */
  | { readonly may: 'unknown'; readonly client: Client; readonly why: string };

/** How each refusal is answered. Where a caller might learn who there is, many refusals have one answer. */
const ANSWERS: Readonly<Record<GrantRefusal, 'invalid' | 'unauthorized' | 'client_unknown' | 'too_many'>> = {
  invalid_request: 'invalid',
  client_unknown: 'client_unknown',
  client_is_public: 'unauthorized',
  secret_missing: 'unauthorized',
  secret_not_wanted: 'unauthorized',
  secret_wrong: 'unauthorized',
  user_unknown: 'unauthorized',
  not_admin: 'unauthorized',
  client_token_invalid: 'unauthorized',
  id_token_invalid: 'unauthorized',
  id_token_used: 'unauthorized',
  too_many_requests: 'too_many',
};

/** A refusal as the caller is told it. */
export function toAnswer(id: string, refusal: Extract<Verdict, { may: false }>): Granted {
  const ended = ANSWERS[refusal.code];
  switch (ended) {
    case 'invalid':
      return { id, ended, violations: refusal.violations ?? [] };
    case 'too_many':
      return { id, ended, retryAfterMs: refusal.retryAfterMs ?? 0 };
    case 'unauthorized':
    case 'client_unknown':
      return { id, ended };
  }
}

/** Whether a verdict tells whether somebody is who they say they are. */
export function isJudgement(verdict: Verdict): boolean {
  if (verdict.may !== false) return verdict.may === true;
  return ANSWERS[verdict.code] === 'unauthorized' || ANSWERS[verdict.code] === 'client_unknown';
}

/** What the audit says of every request, whatever becomes of it. */
export type TokenOpening = Pick<TokenRecord, 'id' | 'at' | 'endpoint' | 'address'>;

/** The audit's line for a request that got no token. */
export function refusedRecord(
  opening: TokenOpening,
  { code, client, note }: { code: GrantRefusal | 'failed'; client?: Client; note?: string },
): Omit<TokenRecord, 'ms'> {
  return {
    ...opening,
    event: 'token_refused',
    code,
    tenant: client?.tenant ?? null,
    project: client?.project ?? null,
    client_id: client?.id ?? null,
    sub: null,
    jti: null,
    exp: null,
    ...(note === undefined ? {} : { note }),
  };
}
