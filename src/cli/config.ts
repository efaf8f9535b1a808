import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import { isUuid } from '../policy/uuid.ts';
import { type Address, readAddress } from './address.ts';
import { printable } from './excerpt.ts';
import { CommandError, exit } from './exit-codes.ts';
import { type IssuerConfig, type IssuerFlags, readIssuerConfig } from './issuer-config.ts';
import {
  type Environment,
  type Given,
  given,
  secretSetting,
  setting,
  stateFolder,
  unfilled,
} from './settings.ts';
import { readTokenConfig, type TokenConfig, type TokenFlags } from './token-config.ts';
import { urlHint } from './url-hint.ts';

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
  /** Who may call; null: nobody is asked for a token. */
  readonly tokens: TokenConfig | null;
  /** The token service on the REST door; null: there is none. */
  readonly issuer: IssuerConfig | null;
}

/** Flags as the command line has them; all of them may be left out. */
export interface ServeFlags extends TokenFlags, IssuerFlags {
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

const HTTP_PORT = 9090;
const REST_PORT = 8080;
/** How much is logged, from everything to nothing. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'];

/** The policy that is used where none is named. */
export function defaultPolicy(): string {
  return fileURLToPath(new URL('../../policies/default.yaml', import.meta.url));
}

/** Flags and environment -> settings; a flag wins. Throws a `CommandError` that says what was expected. */
export function readConfig(flags: ServeFlags, env: Environment): ServeConfig {
  const doors = {
    http: readDoor(flags.http, env, { names: ['--http', 'PORTCULLIS_HTTP'], port: HTTP_PORT }),
    rest: readDoor(flags.rest, env, { names: ['--rest', 'PORTCULLIS_REST'], port: REST_PORT }),
  };
  const stdio = flags.stdio ?? (doors.http === null && doors.rest === null);
  const config: ServeConfig = {
    policy: flags.policy ?? setting(env, 'PORTCULLIS_POLICY') ?? defaultPolicy(),
    fusionAuthUrl: readUrl(given(flags.fusionauth, env, ['--fusionauth', 'FUSIONAUTH_URL'])),
    apiKey: secretSetting(env, 'FUSIONAUTH_API_KEY'),
    tenantId: readTenant(given(flags.tenant, env, ['--tenant', 'FUSIONAUTH_TENANT_ID'])),
    sandbox: flags.sandbox ?? false,
    redisUrl: flags.redis ?? secretSetting(env, 'PORTCULLIS_REDIS'),
    ...doors,
    stdio,
    tokens: readTokenConfig(flags, env, {
      ...doors,
      token: stdio ? secretSetting(env, 'PORTCULLIS_TOKEN') : null,
      issues: (flags.directory ?? setting(env, 'PORTCULLIS_DIRECTORY')) !== undefined,
    }),
    issuer: readIssuerConfig(flags, env, doors),
    allowAnonymous: flags.allowAnonymous ?? false,
    allowedHosts: flags.allowedHost ?? [],
    allowedOrigins: flags.allowedOrigin ?? [],
    audit: readAudit(flags.audit ?? setting(env, 'PORTCULLIS_AUDIT'), env),
    secret: readSecret(env),
    logLevel: flags.logLevel ?? 'info',
  };
  refuseOpenDoor(config);
  refuseIdle(flags, config);
  refuseStray(config);
  return config;
}

/** The proxy's own secret, for fingerprints and session ids; null where none is set. */
export function readSecret(env: Environment): Buffer | null {
  const text = secretSetting(env, 'PORTCULLIS_SECRET');
  return text === null ? null : Buffer.from(text);
}

function readDoor(
  flag: string | true | undefined,
  env: Environment,
  { names, port }: { readonly names: readonly [flag: string, variable: string]; readonly port: number },
): Address | null {
  if (flag === true) return readAddress(flag, port, names[0]);
  const text = given(flag, env, names);
  return text === undefined ? null : readAddress(text.value, port, text.name);
}

function readUrl(text: Given | undefined): string {
  const { value, name } = text ?? { value: 'http://localhost:9011', name: '' };
  const url = URL.canParse(value) ? new URL(value) : null;
  const isHttp = url !== null && /^https?:$/.test(url.protocol);
  const more = isHttp ? partsOf(url) : [];
  if (isHttp && more.length === 0) return url.href;
  const expected = `expected \`${name}\` as an http or https URL without user, query and fragment`;
  const hint =
    unfilled(value) || (isHttp ? `; found one with ${more.join(' and ')}` : urlHint(value, 'http'));
  throw new CommandError(expected + hint, exit.usage);
}

/** What stands in a URL that must not; the parts themselves may be secrets. */
function partsOf(url: URL): readonly string[] {
  return [
    ...(url.username === '' && url.password === '' ? [] : ['a user']),
    ...(url.search === '' ? [] : ['a query']),
    ...(url.hash === '' ? [] : ['a fragment']),
  ];
}

function readTenant(text: Given | undefined): string | null {
  if (text === undefined) return null;
  const id = text.value.toLowerCase();
  if (isUuid(id)) return id;
  throw new CommandError(
    `expected \`${text.name}\` as a UUID; found \`${text.value}\`${unfilled(text.value)}`,
    exit.usage,
  );
}

function readAudit(text: string | undefined, env: Environment): ServeConfig['audit'] {
  if (text === 'off') return { to: 'off' };
  if (text === '-') return { to: 'stderr' };
  if (text === '') throw new CommandError('expected `--audit` as a file, `-` or `off`; found ``', exit.usage);
  return { to: 'file', file: text ?? join(stateFolder(env), 'portcullis-audit.jsonl') };
}

/** A flag that would do nothing was meant to do something. */
function refuseIdle(flags: ServeFlags, { http, rest, tokens }: ServeConfig): void {
  if (flags.allowAnonymous === true && tokens !== null) {
    throw new CommandError('expected `--issuer` or `--allow-anonymous`, not both', exit.usage);
  }
  if (
    http !== null &&
    rest !== null &&
    http.port !== 0 &&
    http.port === rest.port &&
    http.host === rest.host
  ) {
    throw new CommandError(`expected two ports; \`--http\` and \`--rest\` are both ${http.port}`, exit.usage);
  }
  if (flags.sandbox === true && flags.fusionauth !== undefined) {
    throw new CommandError('expected `--sandbox` or `--fusionauth`, not both', exit.usage);
  }
  const hasSources = flags.allowedHost !== undefined || flags.allowedOrigin !== undefined;
  if (hasSources && http === null && rest === null) {
    const expected = 'expected `--http` or `--rest` beside `--allowed-host` and `--allowed-origin`';
    throw new CommandError(expected, exit.usage);
  }
}

const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s/:@?#*[\]]+)(?::[0-9]{1,5})?$/i;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@?#*]*$/i;

/** What no `Host` or `Origin` header ever is would refuse the very clients that it was meant to let in. */
function refuseStray({ allowedHosts, allowedOrigins }: ServeConfig): void {
  const host = allowedHosts.find((name) => !HOST.test(name));
  if (host !== undefined) {
    const expected = 'expected `--allowed-host` as `HOST` or `HOST:PORT`, without scheme and path';
    throw new CommandError(`${expected}; found \`${printable(host)}\``, exit.usage);
  }
  const origin = allowedOrigins.find((name) => name !== 'null' && !ORIGIN.test(name));
  if (origin !== undefined) {
    const expected = 'expected `--allowed-origin` as `SCHEME://HOST[:PORT]`, without a slash at the end';
    throw new CommandError(`${expected}; found \`${printable(origin)}\``, exit.usage);
  }
}

/** Whoever reaches a door is nobody in particular, so a door that others can reach must be asked for. */
function refuseOpenDoor({ http, rest, allowAnonymous, tokens }: ServeConfig): void {
  const open = [http, rest].find((door) => door !== null && !isLoopbackHost(door.host));
  if (!open || allowAnonymous || tokens !== null) return;
  throw new CommandError(
    `callers on \`${open.host}\` would not be identified; listen on 127.0.0.1, demand tokens by \`--issuer\`, or add \`--allow-anonymous\``,
    exit.usage,
  );
}
