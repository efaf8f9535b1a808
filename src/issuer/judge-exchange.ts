import type { Json, JsonObject } from '../model/index.ts';
import type { TokenAsk } from '../model/tokens.ts';
import { findClient, type KnownClient } from './find-client.ts';
import { judgePerson } from './judge-generate.ts';
import type { TokenPorts } from './ports.ts';
import { readExchange } from './read-ask.ts';
import type { Verdict } from './verdict.ts';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const MAX_NONCE = 512;

/**
 * Whether a client may have a token for the user of an ID token. The client is that of its own token, in
 * `Authorization`; the ID token must be of an issuer that the client's tenant trusts.
 */
export async function judgeExchange(
  ask: TokenAsk & { readonly authorization: string | null },
  ports: TokenPorts,
): Promise<Verdict> {
  const known = await clientOf(ask.authorization, ports);
  if (known === null) return { may: false, code: 'client_token_invalid' };
  const { client, tenant } = known;
  const read = readExchange(ask.body);
  if (!read.ok) return { may: false, code: 'invalid_request', client, violations: read.violations };
  if (ask.kind === 'admin' && client.isPublic) return { may: false, code: 'client_is_public', client };
  const refused = (note: string): Verdict => ({ may: false, code: 'id_token_invalid', client, note });
  if (tenant.issuers.length === 0) return refused('the tenant trusts no issuer');
  const verified = await ports.verifyIdToken(read.ask, tenant.issuers);
  if (verified.verified === 'unknown') return { may: 'unknown', client, why: verified.why };
  if (!verified.verified) return refused(verified.why);
  const { claims, issuer } = verified;
  const email = emailOf(claims);
  if (email === null) return refused('expected `email`, and `email_verified` as true');
  const verdict = await judgePerson(ask.kind, known, email, ports);
  if (verdict.may !== true) return verdict;
  return spend(verdict, { claims, issuer, ask }, ports);
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

/**
 * A nonce makes an ID token one of a kind (OpenID Connect Core section 15.5.2), so one with a nonce is exchanged once
 * for each kind of token; one without may be exchanged until it expires.
 */
function spend(
  verdict: Verdict,
  { claims, issuer, ask }: { claims: Readonly<Record<string, Json>>; issuer: string; ask: TokenAsk },
  ports: TokenPorts,
): Verdict {
  const { nonce, exp } = claims;
  if (nonce === undefined || verdict.may !== true) return verdict;
  const { client } = verdict;
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > MAX_NONCE || typeof exp !== 'number') {
    return { may: false, code: 'id_token_invalid', client, note: 'expected `nonce` as a text' };
  }
  const key = JSON.stringify([issuer, client.tenant, ask.kind, nonce]);
  // Clocks may differ by a minute; the verification allows as much.
  const isFresh = ports.once.take(key, exp * 1000 + 60_000, ports.now());
  return isFresh ? verdict : { may: false, code: 'id_token_used', client };
}
