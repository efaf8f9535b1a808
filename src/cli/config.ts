import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** Where a door listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The settings of `serve`, each read once (contracts.md, "Settings of `serve`"). */
export interface ServeConfig {
  readonly policy: string;
  readonly fusionAuthUrl: string;
  readonly apiKey: string | null;
  readonly tenantId: string | null;
  readonly sandbox: boolean;
  readonly redisUrl: string | null;
  readonly http: Address | null;
  readonly rest: Address | null;
  readonly stdio: boolean;
  readonly allowAnonymous: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly audit:
    | { readonly to: 'off' }
    | { readonly to: 'stderr' }
    | { readonly to: 'file'; readonly file: string };
  readonly secret: Buffer | null;
  readonly logLevel: string;
}

/** Flags as the command line has them; all of them may be left out. */
export interface ServeFlags {
  readonly policy?: string;
  readonly fusionauth?: string;
  readonly tenant?: string;
  readonly sandbox?: boolean;
  readonly redis?: string;
  readonly http?: string | true;
  readonly rest?: string | true;
  readonly stdio?: boolean;
  readonly allowAnonymous?: boolean;
  readonly allowedHost?: readonly string[];
  readonly allowedOrigin?: readonly string[];
  readonly audit?: string;
  readonly logLevel?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = '127.0.0.1';
const HTTP_PORT = 9090;
const REST_PORT = 8080;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How much is logged, from everything to nothing. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

/** The policy that is used where none is named. */
export function defaultPolicy(): string {
  return fileURLToPath(new URL('../../policies/default.yaml', import.meta.url));
}

/** Flags and environment -> settings; a flag wins. Throws a `CommandError` that says what was expected. */
export function readConfig(flags: ServeFlags, env: Environment): ServeConfig {
  const http = flags.http ?? setting(env, 'PORTCULLIS_HTTP');
  const rest = flags.rest ?? setting(env, 'PORTCULLIS_REST');
  const config: ServeConfig = {
    policy: flags.policy ?? setting(env, 'PORTCULLIS_POLICY') ?? defaultPolicy(),
    fusionAuthUrl: readUrl(flags.fusionauth ?? setting(env, 'FUSIONAUTH_URL') ?? 'http://localhost:9011'),
    apiKey: secretSetting(env, 'FUSIONAUTH_API_KEY'),
    tenantId: readTenant(flags.tenant ?? setting(env, 'FUSIONAUTH_TENANT_ID')),
    sandbox: flags.sandbox ?? false,
    redisUrl: flags.redis ?? secretSetting(env, 'PORTCULLIS_REDIS'),
    http: http === undefined ? null : readAddress(http, HTTP_PORT, '--http'),
    rest: rest === undefined ? null : readAddress(rest, REST_PORT, '--rest'),
    stdio: flags.stdio ?? (http === undefined && rest === undefined),
    allowAnonymous: flags.allowAnonymous ?? false,
    allowedHosts: flags.allowedHost ?? [],
    allowedOrigins: flags.allowedOrigin ?? [],
    audit: readAudit(flags.audit ?? setting(env, 'PORTCULLIS_AUDIT'), env),
    secret: readSecret(env),
    logLevel: flags.logLevel ?? 'info',
  };
  refuseOpenDoor(config);
  refuseIdle(flags, config);
  return config;
}

/** The proxy's own secret, for fingerprints and session ids; null where none is set. */
export function readSecret(env: Environment): Buffer | null {
  const text = secretSetting(env, 'PORTCULLIS_SECRET');
  return text === null ? null : Buffer.from(text);
}

function setting(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** A secret from the environment, or from the file that `NAME_FILE` names; a trailing line break is not part of it. */
function secretSetting(env: Environment, name: string): string | null {
  const value = setting(env, name);
  const file = setting(env, `${name}_FILE`);
  if (value !== undefined && file !== undefined) {
    throw new CommandError(`expected \`${name}\` or \`${name}_FILE\`, not both`, exit.usage);
  }
  if (file === undefined) return value ?? null;
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text !== '') return text;
  } catch (error) {
    throw new CommandError(`cannot read \`${name}_FILE\`: ${reasonOf(error)}`, exit.usage);
  }
  throw new CommandError(`expected a secret in \`${name}_FILE\`; the file is empty`, exit.usage);
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (url !== null && isPlain && url.username === '' && url.password === '') return url.href;
  const expected = 'expected `--fusionauth` as an http or https URL without user, query and fragment';
  throw new CommandError(expected, exit.usage);
}

function readTenant(text: string | undefined): string | null {
  if (text === undefined) return null;
  const id = text.toLowerCase();
  if (UUID.test(id)) return id;
  throw new CommandError(`expected \`--tenant\` as a UUID; found \`${text}\``, exit.usage);
}

/** `[HOST:]PORT`; `true` (the flag alone) is the default port on loopback. */
export function readAddress(text: string | true, port: number, flag: string): Address {
  if (text === true) return { host: LOOPBACK, port };
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):)?([0-9]{1,5})$/.exec(text);
  const number = Number(match?.[2]);
  if (match === null || number > 65_535) {
    throw new CommandError(`expected \`${flag}\` as \`[HOST:]PORT\`; found \`${text}\``, exit.usage);
  }
  return { host: (match[1] ?? LOOPBACK).replace(/^\[|\]$/g, ''), port: number };
}

function readAudit(text: string | undefined, env: Environment): ServeConfig['audit'] {
  if (text === 'off') return { to: 'off' };
  if (text === '-') return { to: 'stderr' };
  const state = setting(env, 'XDG_STATE_HOME') ?? join(homedir(), '.local', 'state');
  return { to: 'file', file: text ?? join(state, 'portcullis', 'portcullis-audit.jsonl') };
}

/** A flag that would do nothing was meant to do something. */
function refuseIdle(flags: ServeFlags, { http, rest }: ServeConfig): void {
  if (flags.sandbox === true && flags.fusionauth !== undefined) {
    throw new CommandError('expected `--sandbox` or `--fusionauth`, not both', exit.usage);
  }
  const hasSources = flags.allowedHost !== undefined || flags.allowedOrigin !== undefined;
  if (hasSources && http === null && rest === null) {
    const expected = 'expected `--http` or `--rest` beside `--allowed-host` and `--allowed-origin`';
    throw new CommandError(expected, exit.usage);
  }
}

/** Whoever reaches a door is nobody in particular, so a door that others can reach must be asked for. */
function refuseOpenDoor({ http, rest, allowAnonymous }: ServeConfig): void {
  const open = [http, rest].find(
    (door) => door !== null && !/^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(door.host),
  );
  if (!open || allowAnonymous) return;
  throw new CommandError(
    `callers on \`${open.host}\` would not be identified; listen on 127.0.0.1, or add \`--allow-anonymous\``,
    exit.usage,
  );
}
