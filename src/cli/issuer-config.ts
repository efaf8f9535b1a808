import { join } from 'node:path';
import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import type { Address } from './address.ts';
import { CommandError, exit } from './exit-codes.ts';
import { type Environment, secretSetting, setting, stateFolder } from './settings.ts';
import { urlHint } from './url-hint.ts';

/** Flags of `serve` that are about the token service. */
export interface IssuerFlags {
  readonly directory?: string;
  readonly clientSecrets?: string;
  readonly issuerUrl?: string;
  readonly tokenAudience?: readonly string[];
  /** The resource of the doors, which is also what tokens are for. */
  readonly resource?: string;
  readonly allowPrivateIssuers?: boolean;
}

/** Settings of the token service. */
export interface IssuerConfig {
  /** The directory file. */
  readonly directory: string;
  /** Where the secrets of clients are; null: nowhere, so that there can be public clients only. */
  readonly secrets: { readonly file: string } | { readonly vault: VaultConfig } | null;
  /** Keys that the operator rotates; null: keys of our own in `keyFolder`. */
  readonly signingKey: string | null;
  readonly keyFolder: string;
  /** `iss` */
  readonly issuer: string;
  /** `aud` */
  readonly audience: readonly string[];
  /** Names of the issuers of ID tokens may lead into private networks. */
  readonly allowPrivateIssuers: boolean;
}

/** Where Vault is and how the service says who it is. */
export interface VaultConfig {
  readonly url: string;
  readonly auth: { readonly token: string } | { readonly roleId: string; readonly secretId: string };
  readonly namespace: string | null;
  /** Where the KV engine (version 2) is mounted. */
  readonly mount: string;
  /** The path in it below which the clients are. */
  readonly prefix: string;
}

/** The doors that are open. */
interface Doors {
  readonly http: Address | null;
  readonly rest: Address | null;
}

/** Settings of the token service; null where no directory is named. Throws a `CommandError` that says what was expected. */
export function readIssuerConfig(flags: IssuerFlags, env: Environment, doors: Doors): IssuerConfig | null {
  const directory = flags.directory ?? setting(env, 'PORTCULLIS_DIRECTORY');
  const issuer = flags.issuerUrl ?? setting(env, 'PORTCULLIS_ISSUER_URL');
  if (directory === undefined) {
    refuseIdle(flags);
    return null;
  }
  const { rest } = doors;
  if (rest === null) throw usage('expected `--rest` beside `--directory`: the token service is on that door');
  if (issuer === undefined && !isKnown(rest)) {
    throw usage('expected `--issuer-url`: the URL of the service does not follow from where it listens');
  }
  return {
    directory,
    secrets: readSecrets(flags, env),
    signingKey: secretSetting(env, 'PORTCULLIS_SIGNING_KEY'),
    keyFolder: join(stateFolder(env), 'signing-keys'),
    issuer: issuer === undefined ? urlOf(rest) : readIssuerUrl(issuer),
    allowPrivateIssuers: flags.allowPrivateIssuers ?? false,
    audience:
      flags.tokenAudience ?? readAudience(flags.resource ?? setting(env, 'PORTCULLIS_RESOURCE'), doors),
  };
}

function refuseIdle(flags: IssuerFlags): void {
  const idle = [flags.clientSecrets, flags.issuerUrl, flags.tokenAudience].some((flag) => flag !== undefined);
  if (!idle) return;
  throw usage('expected `--directory` beside `--client-secrets`, `--issuer-url` and `--token-audience`');
}

function readSecrets(flags: IssuerFlags, env: Environment): IssuerConfig['secrets'] {
  const file = flags.clientSecrets ?? setting(env, 'PORTCULLIS_CLIENT_SECRETS');
  const url = setting(env, 'VAULT_ADDR');
  if (flags.clientSecrets !== undefined && url !== undefined) {
    throw usage('expected `--client-secrets` or `VAULT_ADDR`, not both');
  }
  if (file !== undefined) return { file };
  return url === undefined ? null : { vault: readVault(url, env) };
}

function readVault(text: string, env: Environment): VaultConfig {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url?.protocol === 'http:' && isLoopbackHost(url.hostname);
  if (url === null || !(url.protocol === 'https:' || isLocal) || url.username !== '' || url.password !== '') {
    const expected = 'expected `VAULT_ADDR` as an https URL, or an http one on loopback, without user';
    throw usage(expected + urlHint(text, 'http'));
  }
  const token = secretSetting(env, 'VAULT_TOKEN');
  const roleId = setting(env, 'VAULT_ROLE_ID') ?? null;
  const secretId = secretSetting(env, 'VAULT_SECRET_ID');
  const hasRole = roleId !== null && secretId !== null;
  if ((token !== null) === hasRole || (roleId === null) !== (secretId === null)) {
    throw usage('expected `VAULT_TOKEN`, or `VAULT_ROLE_ID` and `VAULT_SECRET_ID`, beside `VAULT_ADDR`');
  }
  return {
    url: url.href.replace(/\/+$/, ''),
    auth: token !== null ? { token } : { roleId: roleId ?? '', secretId: secretId ?? '' },
    namespace: setting(env, 'VAULT_NAMESPACE') ?? null,
    mount: vaultPath(env, 'PORTCULLIS_VAULT_MOUNT', 'secret'),
    prefix: vaultPath(env, 'PORTCULLIS_VAULT_PREFIX', 'portcullis'),
  };
}

function vaultPath(env: Environment, name: string, otherwise: string): string {
  const path = setting(env, name) ?? otherwise;
  if (/^[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*$/.test(path)) return path;
  throw usage(`expected \`${name}\` as a path of letters, digits, \`_\` and \`-\`; found \`${path}\``);
}

function readIssuerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && !/[?#@\s]/.test(text);
  if (isPlain) return text.replace(/\/$/, '');
  const expected = 'expected `--issuer-url` as an http or https URL without user, query and fragment';
  throw usage(expected + urlHint(text, 'http'));
}

/** The resources of the doors that are open, unless they have a name. */
function readAudience(resource: string | undefined, { http, rest }: Doors): readonly string[] {
  if (resource !== undefined) return [resource];
  if (![http, rest].every((door) => door === null || isKnown(door))) {
    throw usage(
      'expected `--resource` or `--token-audience`: for whom tokens are does not follow from where doors listen',
    );
  }
  return [...(http === null ? [] : [`${urlOf(http)}/mcp`]), ...(rest === null ? [] : [`${urlOf(rest)}/v1`])];
}

/** Whether the URL of a door is known before it is open. */
function isKnown(door: Address): boolean {
  return isLoopbackHost(door.host) && door.port !== 0;
}

function urlOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function usage(message: string): CommandError {
  return new CommandError(message, exit.usage);
}
