import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { type Environment, secretSetting, setting } from './settings.ts';

/** Flags of `portcullis token`. */
export interface AskFlags {
  readonly user?: true;
  readonly admin?: true;
  readonly url?: string;
  readonly tenant?: string;
  readonly project?: string;
  readonly client?: string;
  readonly email?: string;
}

/** The flags that say who asks for whom. */
const NAMES = ['tenant', 'project', 'client', 'email'] as const;

const DEFAULT_URL = 'http://127.0.0.1:8080';
const TIMEOUT_MS = 30_000;
/** A token is 16 KiB at most, and the rest of an answer is small. */
const MAX_BYTES = 64 * 1024;
const MAX_REASON = 200;

/** `portcullis token`: asks the token service once and prints the token, and nothing else, on stdout. */
export async function token(flags: AskFlags, env: Environment): Promise<ExitCode> {
  checkFlags(flags);
  const url = endpoint(flags.url ?? setting(env, 'PORTCULLIS_TOKEN_URL') ?? DEFAULT_URL, flags);
  const secret = secretSetting(env, 'PORTCULLIS_CLIENT_SECRET');
  const answer = await ask(url, {
    client_id: flags.client,
    email_id: flags.email,
    project_id: flags.project,
    tenant_id: flags.tenant,
    ...(secret === null ? {} : { secret_id: secret }),
  });
  process.stdout.write(`${answer}\n`);
  return exit.fine;
}

/** All that is missing is told at once. */
function checkFlags(flags: AskFlags): void {
  const missing = NAMES.filter((name) => flags[name] === undefined).map((name) => `\`--${name}\``);
  const kind = flags.user === flags.admin ? ['either `--user` or `--admin`'] : [];
  const expected = [...kind, ...missing];
  if (expected.length > 0) throw usage(`expected ${expected.join(', ')}`);
}

/** A secret is sent in the clear to nobody but this machine. */
function endpoint(text: string, { admin }: AskFlags): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  if (url === null || !isSafe || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw usage(
      'expected `--url` as an https URL, or an http one on loopback, without user, query and fragment',
    );
  }
  const base = url.pathname.replace(/\/+$/, '');
  return new URL(`${base}/auth/${admin === true ? 'admin' : 'user'}/generateToken`, url);
}

async function ask(url: URL, body: object): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw broken(`${url.origin} cannot be reached: ${causeOf(error)}`);
  });
  const {
    access_token: granted,
    reason,
    id,
  } = membersOf(
    await readText(answer).catch((error: unknown) => {
      throw broken(`the answer of ${url.origin} cannot be read: ${causeOf(error)}`);
    }),
  );
  if (answer.status === 200 && isToken(granted)) return granted;
  const known = typeof reason === 'string' ? `: ${printable(reason)}` : '';
  const named = typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? ` (${id})` : '';
  throw broken(`the token service answered ${answer.status}${known}${named}`);
}

/** Text of at most `MAX_BYTES`; '' where there is more. */
async function readText({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object.assign({}, JSON.parse(text));
  } catch {
    return {};
  }
}

/** Who holds the other end may not write to this terminal what they like. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9._~+/-]+=*$/.test(value);
}

function printable(text: string): string {
  const plain = text.slice(0, MAX_REASON).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
  return text.length > MAX_REASON ? `${plain}…` : plain;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const { code, name } = cause as { code?: unknown; name?: unknown };
  return String(code ?? name);
}

function usage(message: string): CommandError {
  return new CommandError(message, exit.usage);
}

function broken(message: string): CommandError {
  return new CommandError(message, exit.broke);
}
