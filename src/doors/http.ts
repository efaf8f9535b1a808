import type { Gate, Guard, Identify } from '../model/index.ts';
import { openListener } from './http-listener.ts';
import { handleRequest } from './http-routes.ts';
import { HttpSessions } from './http-sessions.ts';
import { createSources } from './http-sources.ts';
import { notificationFrame } from './exchange.ts';
import { createMcp } from './mcp.ts';
import { createModern } from './modern.ts';
import { RunningBytes } from './running-bytes.ts';
import { type Surface, toolSurface } from './surface.ts';
import { metadataOf, type TokenTerms } from './token-terms.ts';

/** What the HTTP door is given. */
export interface HttpOptions {
  readonly gate: Gate;
  readonly identify: Identify;
  /** What callers are told where `identify` demands a token. */
  readonly tokens?: TokenTerms;
  readonly guard: Guard;
  /** Signs session ids; proxies with the same secret serve each other's sessions. */
  readonly secret: Buffer;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly version: string;
  /** Names beside loopback and `host` that `Host` may have. */
  readonly allowedHosts?: readonly string[];
  /** Origins beside loopback ones that `Origin` may have. */
  readonly allowedOrigins?: readonly string[];
  /** The text of `/metrics`, which is 404 without it. */
  readonly metrics?: () => string;
  readonly log: (message: string) => void;
  /** What is offered through the protocol. Default the tools of the gate. */
  readonly surface?: Surface;
  /** After so long without a request, a stream or a running call a session is over. Default 30 minutes. */
  readonly idleMs?: number;
  /** How long a request may take to arrive. Default 10 seconds. */
  readonly bodyMs?: number;
  /** What the bodies of all running calls may have together. Default 64 MiB. */
  readonly maxRunningBytes?: number;
}

/** A door that is open. */
export interface HttpDoor {
  /** Where clients connect, for example `http://127.0.0.1:9090/mcp`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, answers those that run (for at most 10 seconds), ends streams and connections. */
  close(): Promise<void>;
}

const IDLE_MS = 30 * 60 * 1000;
const BODY_MS = 10_000;
const TEND_EVERY_MS = 15_000;
const CLOSE_MS = 10_000;

/**
 * MCP over Streamable HTTP at `/mcp`, with `/healthz`, `/readyz` and `/metrics` beside it.
 * Rejects with Node's own error where the port cannot be opened, for example `EADDRINUSE`.
 */
export async function serveHttp(options: HttpOptions): Promise<HttpDoor> {
  const { gate, identify, guard, secret, host, version, log } = options;
  const idleMs = options.idleMs ?? IDLE_MS;
  const sessions = new HttpSessions({ secret, idleMs, now: Date.now });
  const surface = options.surface ?? toolSurface(gate, 'http');
  const mcp = createMcp({ surface, version, log });
  const modern = createModern({ surface, version, log });
  const tokens = options.tokens ?? null;
  const routes = {
    gate,
    sources: createSources(options),
    endpoint: {
      identify,
      tokens,
      guard,
      sessions,
      mcp,
      modern,
      modernRunning: new Map(),
      runningBytes: new RunningBytes(options.maxRunningBytes),
    },
    metrics: options.metrics ?? null,
    metadata: tokens && metadataOf(tokens, '/mcp', { bearer_methods_supported: ['header'] }),
  };
  const listener = await openListener({
    host,
    port: options.port,
    bodyMs: options.bodyMs ?? BODY_MS,
    handle: (req, res) => handleRequest(routes, req, res),
    log,
  });
  const stopListening = surface.onChange((method) => {
    sessions.notify(notificationFrame(method));
    modern.notify(method);
  });
  const tend = () => {
    sessions.tend();
    modern.keepAlive();
  };
  const tending = setInterval(tend, Math.min(TEND_EVERY_MS, idleMs)).unref();
  const { port } = listener.address;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/mcp`,
    port,
    async close() {
      stopListening();
      clearInterval(tending);
      sessions.endStreams();
      modern.endSubscriptions();
      await listener.close(CLOSE_MS);
    },
  };
}
