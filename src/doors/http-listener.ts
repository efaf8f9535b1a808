import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Awaitable } from '../model/index.ts';
import { HttpRequest } from './http-body.ts';
import { type Exchanged, Pipelines } from './http-pipelining.ts';
import { object, type WriteObjection } from './http-reply.ts';
import { endReady } from './http-turn.ts';

/** How long the pieces of a request may take; `bodyMs` counts from its first byte to its last. */
export interface ListenerTerms {
  readonly host: string;
  readonly port: number;
  readonly bodyMs: number;
  readonly handle: (req: HttpRequest, res: ServerResponse) => Awaitable<void>;
  readonly log: (message: string) => void;
  /** How the door words objections; left out, as JSON-RPC. */
  readonly object?: WriteObjection;
  /** The most that request line and headers may have together; left out, 16 KiB. */
  readonly maxHeaderBytes?: number;
  /** What all clients together may leave unread; left out, 256 MiB. */
  readonly maxUnreadBytes?: number;
  /** A connection on which nothing moves for so long is ended; left out, 120 seconds. */
  readonly silenceMs?: number;
}

/** An HTTP server that outlives whatever it is sent. */
export interface Listener {
  readonly address: AddressInfo;
  /** Takes no more requests, lets the running ones be answered for at most `waitMs`, then ends every connection. */
  close(waitMs: number): Promise<void>;
}

/** Longer than load balancers keep an idle connection, so that they end it; event streams say something more often. */
const SILENCE_MS = 120_000;
const CHECK_EVERY_MS = 1000;
const LINGER_MS = 1000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_UNREAD_BYTES = 256 * 1024 * 1024;
const LOOK_FOR_UNREAD_MS = 250;

/** Opens the port. Rejects with Node's own error where it cannot. */
export async function openListener(terms: ListenerTerms): Promise<Listener> {
  const connections = new Connections(terms);
  const server = createServer({
    IncomingMessage: HttpRequest,
    requestTimeout: terms.bodyMs,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, terms.bodyMs),
    // Between two requests a connection is as silent as within one: no second timer, set anew for each.
    keepAliveTimeout: 0,
    maxHeaderSize: terms.maxHeaderBytes ?? MAX_HEADER_BYTES,
  });
  server.maxRequestsPerSocket = 0;
  server.setTimeout(terms.silenceMs ?? SILENCE_MS);
  allowHalfOpen(server);
  const take = (req: HttpRequest, res: ServerResponse) => connections.take(req, res);
  server.on('connection', (socket: Socket) => connections.add(socket));
  server.on('request', take);
  // Without this Node says 100 at once; the handler does so when the headers are in order.
  server.on('checkContinue', take);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => connections.fail(error, socket));
  // On close Node would end connections whose answer is written but not sent; `Connections.end` knows better.
  server.closeIdleConnections = () => {};
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(terms.port, terms.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => terms.log(`the HTTP door has a problem: ${error.message}`));
  const looking = setInterval(() => connections.endFurthestBehind(), LOOK_FOR_UNREAD_MS).unref();
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected an address with a port');
  return {
    address,
    async close(waitMs) {
      server.close();
      clearInterval(looking);
      await connections.end(waitMs);
      server.closeAllConnections();
    },
  };
}

/** Node's switch for it is not in its types: a client that ends its side after a request still gets the answer. */
function allowHalfOpen(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true });
}

/** The open connections, each with its newest answer. */
class Connections {
  private readonly newest = new Map<Duplex, ServerResponse | null>();
  /** The last answers of connections that end when these have left. */
  private readonly failing = new WeakSet<ServerResponse>();
  private readonly pipelines = new Pipelines((exchanged) => this.see(exchanged));
  private readonly terms: ListenerTerms;
  private readonly object: WriteObjection;
  private isEnding = false;

  constructor(terms: ListenerTerms) {
    this.terms = terms;
    this.object = terms.object ?? object;
  }

  add(socket: Socket): void {
    this.newest.set(socket, null);
    // Each request that waits on a connection listens for its end.
    socket.setMaxListeners(0);
    socket.once('close', () => {
      this.newest.delete(socket);
      this.pipelines.forget(socket);
    });
  }

  take(req: HttpRequest, res: ServerResponse): void {
    const before = this.newest.get(req.socket);
    this.newest.set(req.socket, res);
    if (!before || before.writableFinished) this.see({ req, res });
    else this.pipelines.add(before, { req, res });
  }

  private see({ req, res }: Exchanged): void {
    if (this.isEnding) {
      res.shouldKeepAlive = false;
      this.object(res, { status: 503, message: 'Service unavailable: shutting down' });
      return;
    }
    req.onFault = (error) => this.blame(error, res);
    req.attempt(() => this.terms.handle(req, res));
  }

  private blame(error: unknown, res: ServerResponse): void {
    this.terms.log(`an HTTP request ended in a bug: ${error instanceof Error ? error.name : typeof error}`);
    this.object(res, { status: 500, message: 'Internal error' });
  }

  /** What came in is not HTTP, or too slow. */
  fail(error: NodeJS.ErrnoException, socket: Duplex): void {
    endReady();
    const status = STATUS_BY_ERROR.get(error.code ?? '') ?? 400;
    const res = this.newest.get(socket);
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else if (!res) refuseRaw(socket, status);
    // An answer that says so ends the connection by itself, and is the last.
    else if (res.writableFinished && !res.shouldKeepAlive) return;
    else if (res.writableFinished) refuseRaw(socket, status);
    else if (res.writableEnded) this.failAfter(res, error, socket);
    else if (res.headersSent) socket.destroy();
    else {
      // A call that was complete before the garbage is still answered; nothing is read after it.
      res.shouldKeepAlive = false;
      if (!res.req.complete) this.object(res, { status, message: REASONS.get(status) ?? 'Bad Request' });
    }
  }

  /** Calls are answered as their bodies come, so what fails behind one in its packet finds its answer on the way. */
  private failAfter(res: ServerResponse, error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.failing.has(res)) return;
    this.failing.add(res);
    res.once('finish', () => this.fail(error, socket));
  }

  /** Where all clients together leave too much unread, those that are furthest behind lose their connections. */
  endFurthestBehind(): void {
    const behind = Array.from(this.newest.keys(), (socket) => ({
      socket,
      bytes: socket.writableLength + this.pipelines.waitingBytes(socket),
    })).filter(({ bytes }) => bytes > 0);
    let unread = behind.reduce((sum, { bytes }) => sum + bytes, 0);
    const most = this.terms.maxUnreadBytes ?? MAX_UNREAD_BYTES;
    if (unread <= most) return;
    for (const { socket, bytes } of behind.sort((a, b) => b.bytes - a.bytes)) {
      unread -= bytes;
      socket.destroy();
      if (unread <= most) return;
    }
  }

  async end(waitMs: number): Promise<void> {
    this.isEnding = true;
    for (const res of this.newest.values()) if (res && !res.headersSent) res.shouldKeepAlive = false;
    const deadline = performance.now() + waitMs;
    while (this.newest.size > 0 && performance.now() < deadline) {
      for (const [socket, res] of this.newest) if (!res || res.writableFinished) socket.destroy();
      await sleep(10);
    }
  }
}

const STATUS_BY_ERROR = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_HEADER_OVERFLOW', 431],
]);
const REASONS = new Map([
  [400, 'Bad Request'],
  [408, 'Request Timeout'],
  [431, 'Request Header Fields Too Large'],
]);

/** Where no request was read Node has no response to write to. */
function refuseRaw(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${REASONS.get(status)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
