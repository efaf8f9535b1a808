import type { Client, Person, Tenant, TokenAsk, TokenKind } from '../model/tokens.ts';
import { isPlain } from './claims.ts';
import { countRequest } from './counting.ts';
import { findClient, type KnownClient } from './find-client.ts';
import type { TokenPorts } from './ports.ts';
import { type GenerateAsk, readGenerate } from './read-ask.ts';
import { isSameSecret } from './same-secret.ts';
import type { Verdict } from './verdict.ts';

/**
 * Whether a client may have a token for the user it names. The user is looked up only for a client that proved itself,
 * so nobody else learns from the answer, or from its time, who there is.
 */
export async function judgeGenerate({ kind, body }: TokenAsk, ports: TokenPorts): Promise<Verdict> {
  const read = readGenerate(body);
  if (!read.ok) return { may: false, code: 'invalid_request', violations: read.violations };
  const known = findClient(ports.directory(), read.ask);
  if (known === null) return { may: false, code: 'client_unknown' };
  const { client } = known;
  if (kind === 'admin' && client.isPublic) return { may: false, code: 'client_is_public', client };
  const refused = await judgeSecret(client, read.ask, ports);
  if (refused !== null) return refused;
  // Only now: whoever merely names a client must not use up its requests.
  const tooMany = await countRequest(client, ports.guard);
  return tooMany ?? judgePerson(kind, known, read.ask.email, ports);
}

/** null where the client is who it says. */
async function judgeSecret(
  client: Client,
  { secret }: GenerateAsk,
  { secrets }: TokenPorts,
): Promise<Verdict | null> {
  if (client.isPublic) return secret === null ? null : { may: false, code: 'secret_not_wanted', client };
  if (secret === null) return { may: false, code: 'secret_missing', client };
  const stored = await secrets.of(client);
  switch (stored.found) {
    case 'unknown':
      return { may: 'unknown', client, why: stored.why };
    case 'none':
      return { may: false, code: 'secret_wrong', client, note: 'no secret is stored for this client' };
    case 'secret':
      return isSameSecret(secret, stored.sha256) ? null : { may: false, code: 'secret_wrong', client };
  }
}

/** Whether the tenant has this user and, for an admin token, marks them as an administrator. */
export async function judgePerson(
  kind: TokenKind,
  { client, tenant }: KnownClient,
  email: string,
  { people }: TokenPorts,
): Promise<Verdict> {
  const found = await people.find(tenant.name, email);
  if (found.found === 'unknown') return { may: 'unknown', client, why: found.why };
  // A database may compare in its own way; this service compares exactly.
  if (found.found === 'nobody' || found.person.email !== email) {
    return { may: false, code: 'user_unknown', client };
  }
  return judgeKind(kind, { client, tenant, person: found.person });
}

function judgeKind(
  kind: TokenKind,
  { client, tenant, person }: { client: Client; tenant: Tenant; person: Person },
): Verdict {
  if (kind === 'admin' && !tenant.admins.has(person.email)) return { may: false, code: 'not_admin', client };
  if (!isPlain(person)) {
    return {
      may: 'unknown',
      client,
      why: 'what the user may do does not fit a token, or has the role or scope of admin tokens',
    };
  }
  return { may: true, client, person };
}
