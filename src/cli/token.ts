import { isLoopbackHost } from '../adapters/identity/addresses.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { type Environment, secretSetting, setting } from './settings.ts';

/** Flags of `portcullis token`. */
export interface AskFlags {
  readonly user?: true;
  readonly admin?: true;
  readonly url?: string;
  readonly tenant: string;
  readonly project: string;
  readonly client: string;
  readonly email: string;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
const TIMEOUT_MS = 30_000;

/** `portcullis token`: asks the token service once and prints the token, and nothing else, on stdout. */
export async function token(flags: AskFlags, env: Environment): Promise<ExitCode> {
  if (flags.user === flags.admin) throw usage('expected either `--user` or `--admin`');
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
  const said: unknown = await answer.json().catch(() => null);
  const {
    access_token: granted,
    reason,
    id,
  } = { ...(typeof said === 'object' ? said : null) } as Record<string, unknown>;
  if (answer.status === 200 && typeof granted === 'string') return granted;
  const known = typeof reason === 'string' ? `: ${reason}` : '';
  const named = typeof id === 'string' ? ` (${id})` : '';
  throw broken(`the token service answered ${answer.status}${known}${named}`);
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
