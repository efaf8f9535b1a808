import type { Dispatcher, Pool } from 'undici';
import type { Json, JsonObject, Reply, Upstream, UpstreamRequest } from '../../model/index.ts';
import { type Answer, Exchange, nothing } from './exchange.ts';
import { REASONS } from './reasons.ts';

export interface FusionAuthOptions {
  /** Where FusionAuth is; a path in it stands before every path of the API. */
  readonly url: string;
  /** null: operations that need the API key are refused before anything is sent. */
  readonly apiKey: string | null;
  /** Until a connection stands; 2000. */
  readonly connectTimeoutMs?: number;
  /** From `send` to the last byte of the answer; 10000. */
  readonly responseTimeoutMs?: number;
  /** The longest answer that is read; 4 MiB. */
  readonly maxBytes?: number;
  /** Connections at most; a call beyond them waits, within its response time. 128. */
  readonly connections?: number;
}

/**
 * FusionAuth over HTTP/1.1. One call is one request: nothing is sent twice, redirects are not followed, and only
 * the credential that the operation itself has is sent. Throws for a URL that cannot be meant.
 */
export function fusionAuthUpstream(options: FusionAuthOptions): Upstream {
  const { origin, prefix } = parseUrl(options.url);
  const connectTimeoutMs = options.connectTimeoutMs ?? 2_000;
  const bounds = {
    connectTimeoutMs,
    responseTimeoutMs: options.responseTimeoutMs ?? 10_000,
    maxBytes: options.maxBytes ?? 4 * 1024 * 1024,
  };
  let pool: Promise<Pool> | null = null;
  let isClosed = false;
  // The client is loaded with the first request: an agent asks for other things before, and waits for the start.
  const open = async () => {
    const { Pool } = await import('undici');
    return new Pool(origin, {
      connections: options.connections ?? 128,
      // One request at a time on a connection: when it breaks, no other call is in doubt.
      pipelining: 1,
      connect: { timeout: connectTimeoutMs },
      // An exchange has its own clock, which also counts the time before the connection stands.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  };
  return {
    async send(request, signal) {
      const wire = build(request, options.apiKey, prefix);
      if (wire === null) {
        return nothing(false, 'no_api_key', `${REASONS.noApiKey.words}; set FUSIONAUTH_API_KEY`);
      }
      if (isClosed) return nothing(false, 'unreachable', REASONS.shuttingDown.words);
      pool ??= open();
      return interpret(await new Exchange(bounds).run(await pool, wire, signal));
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await (await pool)?.close();
    },
  };
}

function parseUrl(text: string): { readonly origin: string; readonly prefix: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain =
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!isPlain || /[?#]/.test(text)) {
    // The text is not repeated: it may hold a password.
    throw new Error(
      'the URL of FusionAuth: expected `http(s)://HOST[:PORT][/PATH]` without user, query or fragment',
    );
  }
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/** A request as it goes over the wire; null where it needs an API key and there is none. */
function build(
  request: UpstreamRequest,
  apiKey: string | null,
  prefix: string,
): Dispatcher.DispatchOptions | null {
  const headers = ['Accept', 'application/json'];
  switch (request.authority.as) {
    case 'none':
      break;
    case 'api_key':
      if (!apiKey) return null;
      headers.push('Authorization', apiKey);
      break;
    case 'jwt':
      headers.push('Authorization', `Bearer ${request.authority.jwt}`);
      break;
  }
  if (request.tenantId !== null) headers.push('X-FusionAuth-TenantId', request.tenantId);
  if (request.body !== null) headers.push('Content-Type', 'application/json');
  return { method: request.method, path: prefix + request.target, headers, body: request.body };
}

/** What came over the wire as a reply. */
function interpret(answer: Answer): Reply {
  if (!answer.complete) return answer.reply;
  const { status } = answer;
  if (status >= 200 && status < 300) return success(answer);
  if (status >= 400 && status < 500) return { got: 'rejection', status, body: parse(answer.body) ?? null };
  const redirect = status < 400 ? ', a redirect, which is not followed' : '';
  return nothing(true, 'broken', `${REASONS.answered.words} ${status}${redirect}`);
}

function success({ status, body }: Extract<Answer, { complete: true }>): Reply {
  if (body.length === 0) return { got: 'result', status, body: null };
  const value = parse(body);
  return isObject(value)
    ? { got: 'result', status, body: value }
    : nothing(true, 'broken', `${REASONS.answered.words} ${status} with something that is not a JSON object`);
}

/**
 * `JSON.parse` makes a member of a `__proto__` key, which does no harm as long as nobody copies it by assignment.
 * undefined: not JSON, or in a content coding that nobody asked for.
 */
function parse(body: Buffer): Json | undefined {
  try {
    const value: Json = JSON.parse(body.toString('utf8'));
    return isShallow(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** No answer of FusionAuth is nested deeply; one that is would overflow whoever walks it. */
const MAX_LEVELS = 100;

function isShallow(value: Json, levels = MAX_LEVELS): boolean {
  if (levels < 0) return false;
  if (typeof value !== 'object' || value === null) return true;
  for (const member of Object.values(value)) if (!isShallow(member, levels - 1)) return false;
  return true;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
