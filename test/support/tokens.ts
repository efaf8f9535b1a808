import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { type Running, start, temporaryFolder } from './cli.ts';
import { freePort } from './redis.ts';

/** The secret of every client in the tests. */
export const SECRET = 'correct-horse-battery-staple';

/** A proxy of a test's own that issues tokens. */
export interface TestTokens {
  readonly url: string;
  readonly folder: string;
  readonly audit: string;
  readonly running: Running;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Starts `portcullis serve` with a directory, in a folder with `files`. */
export async function startTokens(
  directory: string,
  {
    secrets = '',
    env = {},
    args = [],
    files = {},
    port: wanted,
  }: {
    readonly secrets?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly args?: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
    /** A free one where it is left out. */
    readonly port?: number;
  } = {},
): Promise<TestTokens> {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
  const port = wanted ?? (await freePort());
  const file = (name: string, text: string) => {
    const path = join(folder.path, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const given = secrets === '' ? [] : ['--client-secrets', file('secrets', secrets)];
  const audit = join(folder.path, 'audit.jsonl');
  const running = start(
    [
      ...['serve', '--rest', `${port}`, '--audit', audit, '--directory', file('directory.yaml', directory)],
      ...given,
      ...args,
    ],
    { XDG_STATE_HOME: join(folder.path, 'state'), ...env },
  );
  await running.says(/tokens are issued by/);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    folder: folder.path,
    audit,
    running,
    post: (path, body, headers) => post(`${url}${path}`, body, headers),
    async stop() {
      await running.stop();
      folder.remove();
    },
  };
}

/** Sends JSON, or a text as it is. */
export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** The claims of the token in an answer. */
export function claimsOf({ body }: Answer): Record<string, unknown> {
  return decodeJwt(String(body['access_token']));
}
