import { createHash } from 'node:crypto';
import type { Client, FoundSecret, Secrets } from '../../model/tokens.ts';
import { at, type VaultAnswer, type VaultPlace, vaultHttp } from './vault-http.ts';
import { openSession, type VaultAuth } from './vault-session.ts';

export interface VaultOptions extends VaultPlace {
  readonly auth: VaultAuth;
  /** Where the KV engine, version 2, is mounted. */
  readonly mount: string;
  /** The path in it below which the clients are. */
  readonly prefix: string;
  readonly now: () => number;
  /** Told of a lease that cannot be renewed. */
  readonly onProblem: (message: string) => void;
}

/** The member of a secret that is compared. */
const MEMBER = 'secret';
const MIN_SECRET = 16;
/** A secret that was changed in Vault counts after so long. */
const KEPT_MS = 10_000;
const MAX_KEPT = 10_000;
/** Of `sys/health`: active, standby and performance standby, which answer or pass requests on. */
const SERVING = new Set([200, 429, 473]);

/**
 * Secrets of clients from Vault's KV engine, version 2: `MOUNT/data/PREFIX/TENANT/PROJECT/CLIENT`, member `secret`.
 * Rejects where Vault does not answer or does not let the service in.
 */
export async function vaultSecrets(options: VaultOptions): Promise<Secrets> {
  const { auth, mount, prefix, now, onProblem } = options;
  const http = vaultHttp(options);
  const session = await openSession(http, auth, onProblem).catch(async (error: unknown) => {
    await http.close();
    throw error;
  });
  const kept = new Map<string, { readonly found: Promise<FoundSecret>; readonly until: number }>();
  const read = async (path: string) => {
    const found = interpret(await session.send({ method: 'GET', path }));
    // Only what Vault said is kept, not that it said nothing.
    if (found.found === 'unknown') kept.delete(path);
    return found;
  };
  return {
    of(client) {
      const path = `${mount}/data/${prefix}/${pathOf(client)}`;
      const before = kept.get(path);
      if (before !== undefined && before.until > now()) return before.found;
      if (kept.size >= MAX_KEPT) kept.clear();
      const found = read(path);
      kept.set(path, { found, until: now() + KEPT_MS });
      return found;
    },
    async ready() {
      const answer = await http.send({ method: 'GET', path: 'sys/health' });
      return answer.got === 'answer' && SERVING.has(answer.status);
    },
    async close() {
      session.close();
      await http.close();
    },
  };
}

/** Names have no characters that a path would read otherwise, but `.` and `..` are not names either. */
function pathOf({ tenant, project, id }: Client): string {
  return [tenant, project, id].map(encodeURIComponent).join('/');
}

function interpret(answer: VaultAnswer): FoundSecret {
  if (answer.got === 'nothing') return { found: 'unknown', why: answer.why };
  const { status, body } = answer;
  if (status === 404 && isMissing(body)) return { found: 'none' };
  if (status !== 200) return { found: 'unknown', why: `Vault answered ${status}` };
  const secret = at(body, 'data', 'data', MEMBER);
  if (typeof secret !== 'string' || secret.length < MIN_SECRET) {
    const why = `expected a secret in Vault with a member \`${MEMBER}\` of at least ${MIN_SECRET} characters`;
    return { found: 'unknown', why };
  }
  return { found: 'secret', sha256: createHash('sha256').update(secret, 'utf8').digest() };
}

/** A secret that is not there or was deleted; a mount that is not there has an error to tell. */
function isMissing(body: unknown): boolean {
  const errors = at(body, 'errors');
  const isDeleted = at(body, 'data', 'data') === null && at(body, 'data', 'metadata') !== undefined;
  return isDeleted || (Array.isArray(errors) && errors.length === 0);
}
