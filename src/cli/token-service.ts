import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { filePeople, peopleOf, type TenantPeople } from '../adapters/directory/people.ts';
import { guard } from '../adapters/limits/guard.ts';
import { once } from '../adapters/limits/once.ts';
import { fileSecrets } from '../adapters/secrets/file.ts';
import { folderKeys, givenKeys, type KeyRing } from '../adapters/signing-keys/key-ring.ts';
import { jwtSigner } from '../adapters/signing-keys/signer.ts';
import { tokenService } from '../issuer/token-service.ts';
import type { Directory, People, Secrets, Tenant, TokenAudit, TokenService } from '../model/tokens.ts';
import { CommandError, exit } from './exit-codes.ts';
import { idTokenVerifier } from './id-tokens.ts';
import { loadDirectory } from './load-directory.ts';
import type { Log } from './log.ts';
import type { TokenConfig } from './token-config.ts';

/** A token service that runs. */
export interface RunningTokens {
  readonly service: TokenService;
  /** What the start-up lines say of it. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** Puts the parts of the token service together. Throws a `CommandError` with one clear message where one cannot be had. */
export async function openTokens(
  config: TokenConfig,
  { audit, log }: { readonly audit: TokenAudit; readonly log: Log },
): Promise<RunningTokens> {
  const { directory, warnings } = loadDirectory(config.directory);
  const secrets = openSecrets(config, directory);
  const people = openPeople(directory, dirname(resolve(config.directory)));
  const ring = await openKeys(config, log);
  const idTokens = idTokenVerifier(directory, log);
  const { issuer, audience } = config;
  const service = tokenService(
    { issuer, audience },
    {
      directory: () => directory,
      people,
      secrets,
      signer: jwtSigner(ring, { issuer, audience, now: Date.now }),
      verifyIdToken: idTokens.verify,
      once: once(),
      guard: guard(),
      audit,
      newId: randomUUID,
      now: Date.now,
      elapsed: () => performance.now(),
      onFault: (id, fault) => log.error(`${id}: ${fault instanceof Error ? fault.message : fault}`),
    },
  );
  return {
    service,
    warnings,
    async close() {
      ring.close();
      await Promise.all([people.close(), secrets.close(), idTokens.close()]);
    },
  };
}

function openSecrets({ secrets }: TokenConfig, directory: Directory): Secrets {
  const clients = [...directory.tenants.values()].flatMap(({ projects }) =>
    [...projects.values()].flatMap((each) => [...each.values()]),
  );
  if (secrets === null) {
    if (clients.every(({ isPublic }) => isPublic)) return NO_SECRETS;
    const expected = 'expected `--client-secrets` or `VAULT_ADDR`: the directory has clients with secrets';
    throw new CommandError(expected, exit.usage);
  }
  if ('vault' in secrets) throw new CommandError('Vault is not there yet', exit.usage);
  const { file } = secrets;
  return orEnd('the secrets of clients', () => fileSecrets(file));
}

const NO_SECRETS: Secrets = { of: async () => ({ found: 'none' }), close: async () => {} };

function openPeople({ tenants }: Directory, _folder: string): People {
  return peopleOf(new Map(Array.from(tenants, ([name, tenant]) => [name, openTenant(tenant)])));
}

function openTenant({ people }: Tenant): TenantPeople {
  switch (people.in) {
    case 'file':
      return filePeople(people.people);
    case 'sqlite':
    case 'postgres':
      throw new CommandError('databases are not there yet', exit.usage);
  }
}

async function openKeys({ signingKey, keyFolder }: TokenConfig, log: Log): Promise<KeyRing> {
  try {
    if (signingKey !== null) return await givenKeys(signingKey);
    return await folderKeys({ folder: keyFolder, now: Date.now, onProblem: log.error });
  } catch (error) {
    throw new CommandError(`the signing keys: ${wordsOf(error)}`, exit.broke);
  }
}

function orEnd<T>(what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new CommandError(`${what}: ${wordsOf(error)}`, exit.usage);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
