import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import { readIssuer, type TrustedIssuer } from '../adapters/identity/trusted-issuer.ts';
import type { Address } from './address.ts';
import { CommandError, exit } from './exit-codes.ts';
import { urlHint } from './url-hint.ts';

/** Whose tokens are taken, and which. */
export interface TokenConfig {
  readonly issuers: readonly TrustedIssuer[];
  readonly allowPrivateIssuers: boolean;
  /** The resource that each door is to authorization servers; null where that door is not open. */
  readonly resources: { readonly http: string | null; readonly rest: string | null };
  /** What `aud` may be beside the resource of the door. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** What stdio is called with; null for the local user. */
  readonly token: string | null;
}

/** Flags about tokens as the command line has them. */
export interface TokenFlags {
  readonly issuer?: readonly string[];
  readonly resource?: string;
  readonly audience?: readonly string[];
  readonly requiredScope?: readonly string[];
  readonly allowPrivateIssuers?: boolean;
}

interface Entrances {
  readonly http: Address | null;
  readonly rest: Address | null;
  /** The token that stdio is to be called with; null where there is none, or no stdio. */
  readonly token: string | null;
  /** Whether tokens are issued here: then some of the flags are about that. */
  readonly issues: boolean;
}

/** RFC 6749, section 3.3. */
const SCOPE = /^[!#-[\]-~]+$/;
const AUDIENCE = /^[!-~]{1,1024}$/;

/** Settings of tokens; null where no issuer is named. Throws a `CommandError` that says what was expected. */
export function readTokenConfig(
  flags: TokenFlags,
  env: Readonly<Record<string, string | undefined>>,
  { http, rest, token, issues }: Entrances,
): TokenConfig | null {
  const fromEnv = (env['PORTCULLIS_ISSUER'] ?? '').split(',').filter((text) => text !== '');
  const texts = flags.issuer ?? fromEnv;
  if (texts.length === 0) {
    refuseIdle(flags, issues ? ['--resource', '--allow-private-issuers'] : []);
    if (token !== null)
      throw usage('expected `--issuer` beside `PORTCULLIS_TOKEN`: without it no token can be verified');
    return null;
  }
  if (http === null && rest === null && token === null) {
    if (flags.issuer === undefined) return null;
    throw usage('expected `--http`, `--rest` or `PORTCULLIS_TOKEN` beside `--issuer`');
  }
  const named = readResource(flags.resource ?? env['PORTCULLIS_RESOURCE']);
  const audiences = checked(flags.audience ?? [], AUDIENCE, '`--audience` as visible ASCII');
  if (named === null && audiences.length === 0 && http === null && rest === null) {
    throw usage('expected `--resource` or `--audience`: a token that is for anybody is for nobody');
  }
  const resourceOf = (door: Address | null, path: string) =>
    door === null ? null : (named ?? derive(door, path));
  return {
    issuers: readIssuers(texts),
    allowPrivateIssuers: flags.allowPrivateIssuers ?? false,
    resources: { http: resourceOf(http, '/mcp'), rest: resourceOf(rest, '/v1') },
    audiences: [...audiences, ...(named === null ? [] : [named])],
    scopes: checked(flags.requiredScope ?? [], SCOPE, '`--required-scope` as one scope'),
    token,
  };
}

function readIssuers(texts: readonly string[]): readonly TrustedIssuer[] {
  const issuers = texts.map((text) => {
    const read = readIssuer(text.trim());
    // The text is not repeated: it may hold a password.
    if (!read.ok) throw usage(`expected \`--issuer\` as ${read.expected}${urlHint(text.trim(), 'http')}`);
    return read.issuer;
  });
  const names = issuers.map(({ iss }) => iss);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw usage(`expected each issuer once; \`${twice}\` is there twice`);
  return issuers;
}

function readResource(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && /^[!-~]+$/.test(text) && !/[?#"\\]/.test(text);
  if (url !== null && isPlain && url.username === '' && url.password === '') return text;
  const expected = 'expected `--resource` as an http or https URL without user, query and fragment';
  throw usage(`${expected}, such as \`https://mcp.example.com/mcp\`${urlHint(text, 'http')}`);
}

/** The address of a door as its clients have it, where that is known beforehand. */
function derive(door: Address, path: string): string {
  if (!isLoopbackHost(door.host) || door.port === 0) {
    throw usage(
      'expected `--resource`: by which URL clients reach this proxy does not follow from where it listens',
    );
  }
  return `http://${door.host.includes(':') ? `[${door.host}]` : door.host}:${door.port}${path}`;
}

/** A flag that would do nothing was meant to do something. */
function refuseIdle(flags: TokenFlags, busy: readonly string[]): void {
  const idle = [
    ...(flags.resource === undefined ? [] : ['--resource']),
    ...(flags.audience === undefined ? [] : ['--audience']),
    ...(flags.requiredScope === undefined ? [] : ['--required-scope']),
    ...(flags.allowPrivateIssuers === undefined ? [] : ['--allow-private-issuers']),
  ].filter((flag) => !busy.includes(flag));
  if (idle.length > 0)
    throw usage(`expected \`--issuer\` beside ${idle.map((flag) => `\`${flag}\``).join(', ')}`);
}

function checked(texts: readonly string[], form: RegExp, expected: string): readonly string[] {
  if (!texts.every((text) => form.test(text))) throw usage(`expected ${expected}`);
  return texts;
}

function usage(message: string): CommandError {
  return new CommandError(message, exit.usage);
}
