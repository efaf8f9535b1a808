import { setTimeout } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';

/** Where Vault is. */
export interface VaultPlace {
  /** Without a slash at the end. */
  readonly url: string;
  readonly namespace: string | null;
  /** Of one request; 5000. */
  readonly timeoutMs?: number;
}

/** Vault's answer, or that there was none; `why` never holds anything that was sent or received. */
export type VaultAnswer =
  | { readonly got: 'answer'; readonly status: number; readonly body: unknown }
  | { readonly got: 'nothing'; readonly why: string };

export interface VaultRequest {
  readonly method: 'GET' | 'POST';
  /** Below `/v1/`. */
  readonly path: string;
  readonly token?: string;
  readonly body?: object;
}

/** Vault's HTTP API, as far as it is needed here. */
export interface VaultHttp {
  /** Never throws. */
  send(request: VaultRequest): Promise<VaultAnswer>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 5_000;
/** A node that does not know of a fresh token yet answers this, and did nothing. */
const STALE = 412;
/** How long is waited before each new try. */
const STALE_WAITS_MS = [100, 400, 1_000];
const MAX_BYTES = 256 * 1024;

/** A small pool to Vault; redirects are not followed. */
export function vaultHttp({ url, namespace, timeoutMs = TIMEOUT_MS }: VaultPlace): VaultHttp {
  const { origin, pathname } = new URL(url);
  const prefix = pathname.replace(/\/+$/, '');
  const pool = new Pool(origin, { connections: 8, connect: { timeout: timeoutMs } });
  const sendOnce = async ({ method, path, token, body }: VaultRequest): Promise<VaultAnswer> => {
    try {
      const answer = await pool.request({
        method,
        path: `${prefix}/v1/${path}`,
        headers: {
          accept: 'application/json',
          'x-vault-request': 'true',
          ...(namespace === null ? {} : { 'x-vault-namespace': namespace }),
          ...(token === undefined ? {} : { 'x-vault-token': token }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readText(answer);
      if (text === null) return { got: 'nothing', why: 'Vault answered with too much' };
      return { got: 'answer', status: answer.statusCode, body: parse(text) };
    } catch (error) {
      return { got: 'nothing', why: `Vault does not answer (${codeOf(error)})` };
    }
  };
  return {
    async send(request) {
      let answer = await sendOnce(request);
      for (const ms of STALE_WAITS_MS) {
        if (answer.got === 'nothing' || answer.status !== STALE) return answer;
        await setTimeout(ms);
        answer = await sendOnce(request);
      }
      return answer;
    },
    close: () => pool.destroy(),
  };
}

async function readText({ body }: Dispatcher.ResponseData): Promise<string | null> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > MAX_BYTES) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** Vault is trusted as the keeper of secrets; what it says is still looked at member by member. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return String(code ?? name);
}

/** The value at a path of names; undefined where there is none. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined,
    value,
  );
}
