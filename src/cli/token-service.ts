import { hash, randomUUID } from 'node:crypto';
import { guard } from '../adapters/limits/guard.ts';
import { onceIn } from '../adapters/limits/once.ts';
import { fileSecrets, readSecrets } from '../adapters/secrets/file.ts';
import { vaultSecrets } from '../adapters/secrets/vault.ts';
import { folderKeys, givenKeys, type KeyRing } from '../adapters/signing-keys/key-ring.ts';
import { jwtSigner } from '../adapters/signing-keys/signer.ts';
import { tokenService } from '../issuer/token-service.ts';
import type { Limits } from '../model/index.ts';
import type { Directory, Secrets, TokenAudit, TokenService } from '../model/tokens.ts';
import { CommandError, exit } from './exit-codes.ts';
import { followFile } from './follow-file.ts';
import type { IssuerConfig } from './issuer-config.ts';
import type { Log } from './log.ts';
import { openDirectory } from './running-directory.ts';

/** A token service that runs. */
export interface RunningTokens {
  readonly service: TokenService;
  /** What the start-up lines say of it. */
  readonly warnings: readonly string[];
}

/** What the token service shares with the rest of the process. */
export interface Surroundings {
  readonly audit: TokenAudit;
  /** Where is remembered what may be used once: Redis, where limits are there. */
  readonly limits: Limits;
  readonly log: Log;
  /** Gets what is to be closed, as it is opened. */
  readonly closers: (() => Promise<void>)[];
}

const SWEEP_MS = 10_000;

/** Puts the parts of the token service together. Throws with one clear message where one cannot be had. */
export async function openTokens(config: IssuerConfig, around: Surroundings): Promise<RunningTokens> {
  const { audit, limits, log, closers } = around;
  const { allowPrivateIssuers } = config;
  const accept = (known: Directory) => checkSecrets(config, known);
  const directory = await openDirectory({ file: config.directory, allowPrivateIssuers, log, accept });
  closers.push(() => directory.close());
  const secrets = await openSecrets(config, log);
  closers.push(() => secrets.close());
  const ring = await openKeys(config, log);
  closers.push(async () => ring.close());
  const { issuer, audience } = config;
  const service = tokenService(
    { issuer, audience },
    {
      directory: () => directory.current(),
      people: directory.people,
      secrets,
      signer: jwtSigner(ring, { issuer, audience, now: Date.now }),
      verifyIdToken: directory.verifyIdToken,
      once: onceIn(limits),
      guard: guard(),
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
  return { service, warnings: directory.warnings };
}

/** Throws where clients have secrets, and there is nothing to compare them with. */
function checkSecrets({ secrets }: IssuerConfig, { tenants }: Directory): void {
  const clients = Array.from(tenants.values(), ({ projects }) =>
    Array.from(projects.values(), (each) => [...each.values()]),
  ).flat(2);
  if (secrets !== null || clients.every(({ isPublic }) => isPublic)) return;
  const expected = 'expected `--client-secrets` or `VAULT_ADDR`: the directory has clients with secrets';
  throw new CommandError(expected, exit.usage);
}

async function openSecrets({ secrets }: IssuerConfig, log: Log): Promise<Secrets> {
  if (secrets === null) return NO_SECRETS;
  if ('file' in secrets) return followSecrets(secrets.file, log);
  return vaultSecrets({ ...secrets.vault, now: Date.now, onProblem: log.error });
}

const NO_SECRETS: Secrets = {
  of: async () => ({ found: 'none' }),
  ready: async () => true,
  close: async () => {},
};

/** Secrets of a file, replaced whole when it changes to another one that can be used. */
function followSecrets(file: string, log: Log): Secrets {
  let secrets = fileSecrets(file);
  const kept = (why: string) => log.error(`${why}; the secrets before stay in force`);
  // Nothing but hashes is kept.
  const read = () => hash('sha256', readSecrets(file), 'buffer');
  const onChange = () => {
    try {
      secrets = fileSecrets(file);
      log.info(`secrets reloaded: ${file}`);
    } catch (error) {
      kept(wordsOf(error));
    }
  };
  const stop = followFile(file, { read, first: read(), onChange, onProblem: kept });
  return { of: (client) => secrets.of(client), ready: () => secrets.ready(), close: async () => stop() };
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
