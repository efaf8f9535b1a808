import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from './answer.ts';
import { broughtAuthority } from './authorize.ts';
import { buildWorld } from './build-world.ts';
import { defaultSeed } from './default-seed.ts';
import type { Reply } from './errors.ts';
import { writeJson } from './json.ts';
import { type KnownWorld, knownWorld } from './known-world.ts';
import { readBody, readCookies, splitTarget, toRequest } from './request.ts';
import type { SeedDocument } from './seed.ts';
import { checkReferences } from './seed-references.ts';
import type { World } from './world.ts';

export { parseSeed } from './parse-seed.ts';

/** A FusionAuth-compatible server that runs. */
export interface Sandbox {
  /** Without a slash at the end. */
  readonly url: string;
  /** May do everything, unless the seed has API keys: then its first. */
  readonly apiKey: string;
  readonly world: KnownWorld;
  /** What reached the server, oldest first, the last 10000. */
  readonly arrivals: readonly Arrival[];
  /** Ends every connection at once. */
  close(): Promise<void>;
}

/** One request as it came in, before anything was checked, and without a secret. */
export interface Arrival {
  readonly method: string;
  /** Without the query, at most 200 characters. */
  readonly path: string;
  /** Milliseconds, by the sandbox's clock. */
  readonly at: number;
  readonly authority: 'none' | 'api_key' | 'jwt';
  /** As the header has it. */
  readonly tenantId: string | null;
}

const MAX_ARRIVALS = 10_000;
/** Characters of a path that an arrival keeps. */
const MAX_PATH = 200;
/** A JWT of 16 KiB must fit in a header. */
const MAX_HEADER_BYTES = 64 * 1024;
/** Longer than the pool of any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 65_000;

/**
 * Starts the server on a loopback port, a free one by default, and answers once it listens.
 * Keys are made at first use; the first request that needs one waits for it.
 *
 * @param options `now` gives milliseconds since the epoch; every reply waits `delayMs`.
 */
export async function startSandbox(
  options: {
    readonly port?: number;
    readonly host?: string;
    readonly seed?: SeedDocument;
    readonly now?: () => number;
    readonly delayMs?: number;
  } = {},
): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', seed = defaultSeed, now = Date.now, delayMs = 0 } = options;
  checkReferences(seed);
  const { world, apiKey } = buildWorld(seed, now);
  const arrivals: Arrival[] = [];
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (incoming, outgoing) => {
    note(arrivals, incoming, now());
    void serve(world, incoming, outgoing, delayMs);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const url = await listen(server, port, host);
  return { url, apiKey, world: knownWorld(world), arrivals, close: () => close(server) };
}

async function serve(
  world: World,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  delayMs: number,
): Promise<void> {
  try {
    const body = await readBody(incoming);
    const reply = body === null ? tooLarge : await answer(world, toRequest(incoming, body));
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    if (body === null) outgoing.setHeader('Connection', 'close');
    send(outgoing, reply);
  } catch {
    // Either the client went away in the middle of its request, or this is a bug: both must leave the server up.
    send(outgoing, { status: 500 });
  }
}

const tooLarge: Reply = { status: 413 };

function send(outgoing: ServerResponse, reply: Reply): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const { status, body, cookies = [] } = reply;
  if (cookies.length > 0) outgoing.setHeader('Set-Cookie', [...cookies]);
  if (body === undefined) {
    outgoing.writeHead(status, { 'Content-Length': 0 }).end();
    return;
  }
  const text = Buffer.from(writeJson(body));
  const headers = { 'Content-Type': 'application/json;charset=UTF-8', 'Content-Length': text.length };
  outgoing.writeHead(status, headers).end(text);
}

function note(arrivals: Arrival[], incoming: IncomingMessage, at: number): void {
  const tenantId = incoming.headers['x-fusionauth-tenantid'];
  arrivals.push({
    method: incoming.method ?? '',
    path: splitTarget(incoming.url ?? '').path.slice(0, MAX_PATH),
    at,
    authority: broughtAuthority(incoming.headers, readCookies(incoming.headers.cookie)),
    tenantId: typeof tenantId === 'string' ? tenantId : null,
  });
  if (arrivals.length > MAX_ARRIVALS) arrivals.shift();
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
