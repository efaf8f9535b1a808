import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { filePeople, peopleOf, type TenantPeople } from '../adapters/directory/people.ts';
import { postgresPeople } from '../adapters/directory/postgres.ts';
import { sqlitePeople } from '../adapters/directory/sqlite.ts';
import { onceIn } from '../adapters/limits/once.ts';
import { fileSecrets } from '../adapters/secrets/file.ts';
import { vaultSecrets } from '../adapters/secrets/vault.ts';
import { folderKeys, givenKeys, type KeyRing } from '../adapters/signing-keys/key-ring.ts';
import { jwtSigner } from '../adapters/signing-keys/signer.ts';
import { tokenService } from '../issuer/token-service.ts';
import type { Guard, Limits } from '../model/index.ts';
import type { Directory, People, Secrets, Tenant, TokenAudit, TokenService } from '../model/tokens.ts';
import { databaseUrl } from './database-url.ts';
import { CommandError, exit } from './exit-codes.ts';
import { idTokenVerifier } from './id-tokens.ts';
import { loadDirectory } from './load-directory.ts';
import type { Log } from './log.ts';
import type { IssuerConfig } from './issuer-config.ts';

/** A token service that runs. */
export interface RunningTokens {
  readonly service: TokenService;
  /** What the start-up lines say of it. */
  readonly warnings: readonly string[];
}

/** What the token service shares with the rest of the process. */
export interface Surroundings {
  readonly audit: TokenAudit;
  readonly guard: Guard;
  /** Where is remembered what may be used once: Redis, where limits are there. */
  readonly limits: Limits;
  readonly log: Log;
  /** Gets what is to be closed, as it is opened. */
  readonly closers: (() => Promise<void>)[];
}

const SWEEP_MS = 10_000;

/** Puts the parts of the token service together. Throws with one clear message where one cannot be had. */
export async function openTokens(config: IssuerConfig, around: Surroundings): Promise<RunningTokens> {
  const { audit, guard, limits, log, closers } = around;
  const { directory, warnings } = loadDirectory(config.directory);
  const secrets = await openSecrets(config, directory, log);
  closers.push(() => secrets.close());
  const people = await openPeople(directory, folderOf(config), around);
  const ring = await openKeys(config, log);
  closers.push(async () => ring.close());
  const idTokens = idTokenVerifier(directory, { log, allowPrivate: config.allowPrivateIssuers });
  closers.push(() => idTokens.close());
  const { issuer, audience } = config;
  const service = tokenService(
    { issuer, audience },
    {
      directory: () => directory,
      people,
      secrets,
      signer: jwtSigner(ring, { issuer, audience, now: Date.now }),
      verifyIdToken: idTokens.verify,
      once: onceIn(limits),
      guard,
      audit,
      newId: randomUUID,
      now: Date.now,
      elapsed: () => performance.now(),
      onFault: (id, fault) => log.error(`${id}: ${fault instanceof Error ? fault.message : fault}`),
    },
  );
  const timer = setInterval(() => service.sweep(Date.now()), SWEEP_MS).unref();
  closers.push(async () => {
    clearInterval(timer);
    service.sweep(Number.POSITIVE_INFINITY);
  });
  return { service, warnings };
}

async function openSecrets({ secrets }: IssuerConfig, directory: Directory, log: Log): Promise<Secrets> {
  const clients = [...directory.tenants.values()].flatMap(({ projects }) =>
    [...projects.values()].flatMap((each) => [...each.values()]),
  );
  if (secrets === null) {
    if (clients.every(({ isPublic }) => isPublic)) return NO_SECRETS;
    const expected = 'expected `--client-secrets` or `VAULT_ADDR`: the directory has clients with secrets';
    throw new CommandError(expected, exit.usage);
  }
  if ('file' in secrets) return fileSecrets(secrets.file);
  return vaultSecrets({ ...secrets.vault, now: Date.now, onProblem: log.error });
}

const NO_SECRETS: Secrets = {
  of: async () => ({ found: 'none' }),
  ready: async () => true,
  close: async () => {},
};

function folderOf({ directory }: IssuerConfig): string {
  return dirname(resolve(directory));
}

async function openPeople(
  { tenants }: Directory,
  folder: string,
  { log, closers }: Surroundings,
): Promise<People> {
  const opened = new Map<string, TenantPeople>();
  for (const tenant of tenants.values()) {
    const people = await openTenant(tenant, folder, log);
    closers.push(() => people.close());
    opened.set(tenant.name, people);
  }
  return peopleOf(opened);
}

async function openTenant({ name, people }: Tenant, folder: string, log: Log): Promise<TenantPeople> {
  switch (people.in) {
    case 'file':
      return filePeople(people.people);
    case 'sqlite':
      return sqlitePeople(resolve(folder, people.file));
    case 'postgres': {
      const onProblem = (message: string) => log.error(`the database of \`${name}\`: ${message}`);
      return postgresPeople({ url: databaseUrl(people.url, { folder, tenant: name }), onProblem });
    }
  }
}

async function openKeys({ signingKey, keyFolder }: IssuerConfig, log: Log): Promise<KeyRing> {
  try {
    if (signingKey !== null) return await givenKeys(signingKey);
    return await folderKeys({ folder: keyFolder, now: Date.now, onProblem: log.error });
  } catch (error) {
    throw new CommandError(`the signing keys: ${wordsOf(error)}`, exit.broke);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
