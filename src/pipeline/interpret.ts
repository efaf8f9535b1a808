import type { AuditRecord, Json, Operation, Outcome, Reply, SecretsShown } from '../model/index.ts';
import type { Fingerprint } from '../policy/fingerprint.ts';
import { looksLikeJwt, withoutSecrets } from '../policy/secrets.ts';
import { explainRejection } from './rejection.ts';

interface InterpretTerms {
  readonly operation: Operation;
  readonly base: Pick<Outcome, 'id' | 'policy'>;
  readonly secrets: SecretsShown;
  readonly fingerprint: Fingerprint;
}

/** How a call that was forwarded ended, for whoever called and for the audit. */
interface Interpretation {
  readonly outcome: Outcome;
  readonly code: AuditRecord['code'];
  readonly note: string | null;
}

/** What FusionAuth's reply means for the call; `base` is what its outcome begins with. */
export function interpret(
  reply: Reply,
  { operation, base, secrets, fingerprint }: InterpretTerms,
): Interpretation {
  switch (reply.got) {
    case 'result': {
      const { status, body } = reply;
      const outcome: Outcome =
        body === null
          ? { ...base, ended: 'result', status, body: { status }, empty: true }
          : { ...base, ended: 'result', status, body: shown(body, operation, secrets, fingerprint) };
      return { outcome, code: 'allowed', note: null };
    }
    case 'rejection': {
      const { reason, errors } = explainRejection(operation, reply.status, reply.body);
      const outcome: Outcome = { ...base, ended: 'rejected', status: reply.status, reason, errors };
      return { outcome, code: 'upstream_rejected', note: null };
    }
    case 'nothing':
      return {
        outcome: { ...base, ...unavailable(reply, operation) },
        code: 'upstream_unavailable',
        note: reply.why,
      };
  }
}

type Nothing = Extract<Reply, { got: 'nothing' }>;

const FAULTS: Readonly<Record<Nothing['fault'], (why: string) => string>> = {
  timeout: () => 'FusionAuth did not answer in time.',
  unreachable: () => 'FusionAuth cannot be reached at the moment.',
  broken: (why) => `There is no usable answer from FusionAuth: ${why}.`,
  cancelled: () => 'The call was cancelled.',
  no_api_key: (why) => `The call was not made: ${why}.`,
};

function unavailable({ fault, why, reached }: Nothing, { hints }: Operation) {
  const doubt = reached ? ' It is not known whether the call took effect.' : ' It did not take effect.';
  return {
    ended: 'unavailable',
    reason: `${FAULTS[fault](why)}${doubt}`,
    timedOut: fault === 'timeout',
    retryable: fault !== 'no_api_key' && (!reached || hints.idempotent),
  } as const;
}

function shown(
  body: Json,
  { secretResults }: Operation,
  secrets: SecretsShown,
  fingerprint: Fingerprint,
): Json {
  if (secrets === 'clear') return body;
  const replace = (secret: string) => `fp:${fingerprint(secret)}`;
  return withoutSecrets(body, [], { places: secretResults, isSecret: looksLikeJwt, replace });
}
