import type { Instant, JsonObject } from '../model/index.ts';
import type { ExchangeAsk, TokenKind } from '../model/tokens.ts';
import { countRequest } from './counting.ts';
import { findClient, type KnownClient } from './find-client.ts';
import { judgePerson } from './judge-generate.ts';
import type { TokenPorts } from './ports.ts';
import { readExchange } from './read-ask.ts';
import type { Verdict } from './verdict.ts';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_NONCE = 512;
/** Clocks may differ by a minute; the verification allows as much. */
const MAX_LIFE_MS = (24 * 60 - 1) * 60_000;

/**
 * Whether a client may have a token for the user of an ID token. The client is that of its own token, in
 * `Authorization`, and nothing of the body is read before it is known; the ID token must be of an issuer that the
 * client's tenant trusts.
 */
export async function judgeExchange(ask: ExchangeAsk, ports: TokenPorts): Promise<Verdict> {
  const known = await clientOf(ask.authorization, ports);
  if (known === null) return { may: false, code: 'client_token_invalid' };
  const { client } = known;
  const tooMany = await countRequest(client, ports.guard);
  if (tooMany !== null) return tooMany;
  const read = readExchange(await ask.body());
  if (!read.ok) return { may: false, code: 'invalid_request', client, violations: read.violations };
  if (ask.kind === 'admin' && client.isPublic) return { may: false, code: 'client_is_public', client };
  return judgeIdToken(read.ask, { kind: ask.kind, known }, ports);
}

async function judgeIdToken(
  token: string,
  { kind, known }: { readonly kind: TokenKind; readonly known: KnownClient },
  ports: TokenPorts,
): Promise<Verdict> {
  const { client, tenant } = known;
  const refused = (note: string): Verdict => ({ may: false, code: 'id_token_invalid', client, note });
  if (tenant.issuers.length === 0) return refused('the tenant trusts no issuer');
  const verified = await ports.verifyIdToken(token, tenant.issuers);
  if (verified.verified === 'unknown') return { may: 'unknown', client, why: verified.why };
  if (!verified.verified) return refused(verified.why);
  const { claims, issuer } = verified;
  const email = emailOf(claims);
  if (email === null) return refused('expected `email`, and `email_verified` as true');
  const nonce = readNonce(claims, ports.now());
  if (!nonce.ok) return refused(nonce.why);
  const verdict = await judgePerson(kind, known, email, ports);
  if (verdict.may !== true || nonce.nonce === null) return verdict;
  return { ...verdict, once: JSON.stringify([issuer, tenant.name, kind, nonce.nonce]) };
}

async function clientOf(authorization: string | null, ports: TokenPorts): Promise<KnownClient | null> {
  const [, token] = BEARER.exec(authorization ?? '') ?? [];
  const claims = token === undefined ? null : await ports.signer.verify(token, ports.now());
  if (claims === null) return null;
  const { tenant, project, client_id: client } = claims;
  if (typeof tenant !== 'string' || typeof project !== 'string' || typeof client !== 'string') return null;
  return findClient(ports.directory(), { tenant, project, client });
}

/** An address that its issuer did not verify could be anybody's. */
function emailOf({ email, email_verified }: JsonObject): string | null {
  return typeof email === 'string' && email !== '' && email_verified === true ? email : null;
}

type Nonce =
  | { readonly ok: true; readonly nonce: string | null }
  | { readonly ok: false; readonly why: string };

/**
 * A nonce makes an ID token one of a kind (OpenID Connect Core section 15.5.2), so one with a nonce is exchanged once
 * for each kind of token; one without may be exchanged until it expires. Nonces are remembered for a day.
 */
function readNonce({ nonce, exp }: JsonObject, at: Instant): Nonce {
  if (nonce === undefined) return { ok: true, nonce: null };
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > MAX_NONCE) {
    return { ok: false, why: 'expected `nonce` as a text' };
  }
  return typeof exp === 'number' && exp * 1000 <= at + MAX_LIFE_MS
    ? { ok: true, nonce }
    : { ok: false, why: 'expected an ID token with a nonce to end within a day' };
}
