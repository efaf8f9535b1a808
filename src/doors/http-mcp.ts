import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Awaitable, Identity } from '../model/index.ts';
import { ANONYMOUS, identityKey } from '../pipeline/identity-key.ts';
import { expiryOf } from './expiry.ts';
import { type Frame, INVALID_PARAMS, PARSE_ERROR, readFrame } from './frame.ts';
import { type Body, type HttpRequest, readBody, takeBody } from './http-body.ts';
import { announcesTooMuch, checkShape, MAX_BODY_BYTES, modernVersion } from './http-checks.ts';
import { addressOf, admit, type Entrance } from './http-entrance.ts';
import { HttpExchange } from './http-exchange.ts';
import { objectCounted, objectTooOften } from './http-guarded.ts';
import { findMismatch, type RunningCounts, receiveModern } from './http-modern.ts';
import { type Objection, object, replyEmpty } from './http-reply.ts';
import { callerIn, type HttpSession, type HttpSessions } from './http-sessions.ts';
import { EventStream } from './http-streams.ts';
import type { Mcp } from './mcp.ts';
import type { Modern } from './modern.ts';
import { MODERN_VERSIONS } from './modern-meta.ts';
import { NO_ROOM, NOTHING_HELD, type RunningBytes } from './running-bytes.ts';

/** What the endpoint works with. */
export interface McpEndpoint extends Entrance {
  readonly sessions: HttpSessions;
  readonly mcp: Mcp;
  readonly modern: Modern;
  readonly modernRunning: RunningCounts;
  readonly runningBytes: RunningBytes;
}

/** One request to /mcp of a known client: `key` binds its sessions, `who` is what the guard counts by. */
export interface McpRequest {
  readonly req: HttpRequest;
  readonly res: ServerResponse;
  readonly identity: Identity;
  readonly key: string;
  readonly who: string;
}

/** A frame and what its body has. */
export interface Received {
  readonly frame: Frame;
  readonly bytes: number;
}

/** A session may have this many requests without an answer. */
const MAX_RUNNING = 1000;
const NOT_ALLOWED: Objection = {
  status: 405,
  message: 'Method not allowed',
  headers: { allow: 'GET, POST, DELETE' },
};
const POST_ONLY: Objection = {
  status: 405,
  message: 'Method not allowed: this protocol version has POST alone',
  headers: { allow: 'POST' },
};
const UNKNOWN_VERSION: Objection = { status: 400, message: 'Bad request: unsupported protocol version' };
const NO_SESSION: Objection = {
  status: 404,
  code: -32001,
  message: 'Session not found; initialize a new one',
};
const SESSION_MISSING: Objection = {
  status: 400,
  message: 'Bad request: expected an `Mcp-Session-Id` header; initialize first',
};
const SESSION_UNWANTED: Objection = {
  status: 400,
  message: 'Bad request: `initialize` opens a session of its own; expected no `Mcp-Session-Id` header',
};
const TOO_LARGE: Objection = {
  status: 413,
  message: `Payload too large: expected at most ${MAX_BODY_BYTES} bytes`,
};
const NOT_UTF8: Objection = { status: 400, code: PARSE_ERROR, message: 'Parse error: expected UTF-8' };
const TOO_BUSY: Objection = {
  status: 429,
  message: `Too many requests: a session has at most ${MAX_RUNNING} without an answer`,
  headers: { 'retry-after': '1' },
};

/** Sees to one request to /mcp whose source is in order. */
export function handleMcp(endpoint: McpEndpoint, req: HttpRequest, res: ServerResponse): Awaitable<void> {
  const identity = admit(endpoint, { req, res }, { header: 'authorization', write: object });
  return identity instanceof Promise
    ? identity.then((known) => handleAdmitted(endpoint, known, { req, res }))
    : handleAdmitted(endpoint, identity, { req, res });
}

function handleAdmitted(
  endpoint: McpEndpoint,
  identity: Identity | null,
  { req, res }: { req: HttpRequest; res: ServerResponse },
): Awaitable<void> {
  if (identity === null) return;
  const key = identityKey(identity);
  const who = key === ANONYMOUS ? addressOf(req) : key;
  const request: McpRequest = { req, res, identity, key, who };
  const handler = METHODS.get(req.method ?? '');
  if (handler === undefined) return object(res, NOT_ALLOWED);
  const objection = checkShape(req) ?? checkVersion(req);
  if (objection !== null) return turnAway(endpoint, request, objection);
  return handler(endpoint, request);
}

const METHODS = new Map<string, (endpoint: McpEndpoint, request: McpRequest) => Awaitable<void>>([
  ['POST', post],
  ['GET', listen],
  ['DELETE', leave],
]);

/** Streams and sessions are of the legacy era alone; what a POST is of, its body has a say in. */
function checkVersion(req: HttpRequest): Objection | null {
  const version = modernVersion(req);
  if (req.method === 'POST' || version === null) return null;
  return MODERN_VERSIONS.includes(version) ? POST_ONLY : UNKNOWN_VERSION;
}

function post(endpoint: McpEndpoint, request: McpRequest): Awaitable<void> {
  const { req, res } = request;
  const version = modernVersion(req);
  // What names a session of the other era is ignored, not an error (Streamable HTTP, Earlier Revisions).
  const session = version === null ? findSession(endpoint, request) : undefined;
  if (session === null) return object(res, NO_SESSION);
  if (announcesTooMuch(req)) {
    void readBody(req, 0);
    return turnAway(endpoint, request, TOO_LARGE);
  }
  if (req.headers.expect !== undefined) res.writeContinue();
  takeBody(req, MAX_BODY_BYTES, (body) => receivePost(endpoint, request, { version, session, body }));
}

/** A POST that has come whole, and what its headers say. */
interface Post {
  readonly version: string | null;
  readonly session: HttpSession | undefined;
  readonly body: Body;
}

function receivePost(
  endpoint: McpEndpoint,
  request: McpRequest,
  { version, session, body }: Post,
): Awaitable<void> {
  const { req, res } = request;
  const frame = toFrame(body);
  if ('status' in frame) return turnAway(endpoint, request, frame);
  if (frame.kind === 'invalid') return turnAway(endpoint, request, { status: 400, ...frame });
  const mismatch = findMismatch(req, frame, version);
  if (mismatch !== null) return turnAway(endpoint, request, { status: 400, ...mismatch });
  const bytes = body.length;
  if (version !== null) return receiveModern(endpoint, request, { frame, bytes });
  if ((frame.kind === 'request' || frame.kind === 'misfit') && frame.method === 'initialize') {
    if (frame.kind === 'misfit') {
      const { id, message } = frame;
      return turnAway(endpoint, request, { status: 400, code: INVALID_PARAMS, id, message });
    }
    if (session !== undefined) return turnAway(endpoint, request, SESSION_UNWANTED);
    return initialize(endpoint, request, frame);
  }
  if (session === undefined) return turnAway(endpoint, request, SESSION_MISSING);
  if (frame.kind === 'call' && session.mcp.running.size >= MAX_RUNNING) return object(res, TOO_BUSY);
  receive(endpoint, request, { frame, bytes, session, newSessionId: null });
}

/** Opens a stream for notifications. */
async function listen(endpoint: McpEndpoint, request: McpRequest): Promise<void> {
  const session = findSession(endpoint, request);
  if (session === null) return object(request.res, NO_SESSION);
  if (session === undefined) return turnAway(endpoint, request, SESSION_MISSING);
  // What came behind the headers may have been no HTTP, and answered.
  if (request.res.headersSent) return;
  const until = expiryOf(request.identity);
  const stream = new EventStream(request.res, until, (ended) => session.streams.delete(ended));
  endpoint.sessions.attach(session, stream);
}

/** Ends a session. Its calls that run still end, are answered and audited. */
async function leave(endpoint: McpEndpoint, request: McpRequest): Promise<void> {
  const session = findSession(endpoint, request);
  if (session === null) return object(request.res, NO_SESSION);
  if (session === undefined) return turnAway(endpoint, request, SESSION_MISSING);
  endpoint.sessions.end(session);
  replyEmpty(request.res, 200);
}

/** Undefined where the request names no session, null where it names none that is this client's. */
function findSession(endpoint: McpEndpoint, { req, key }: McpRequest): HttpSession | null | undefined {
  const id = req.headers['mcp-session-id'];
  return typeof id === 'string' ? endpoint.sessions.find(id, key) : undefined;
}

function toFrame(body: Body): Frame | Objection {
  if (body === 'too_large') return TOO_LARGE;
  return isUtf8(body) ? readFrame(body.toString()) : NOT_UTF8;
}

async function initialize(endpoint: McpEndpoint, request: McpRequest, frame: Frame): Promise<void> {
  const tooMany = await endpoint.guard.count('new_session', request.who);
  if (tooMany !== null) return objectTooOften(request.res, tooMany.retryAfterMs);
  const session = endpoint.sessions.open(request.key);
  receive(endpoint, request, { frame, bytes: 0, session, newSessionId: session.id });
}

function receive(
  endpoint: McpEndpoint,
  { res, identity, who }: McpRequest,
  { frame, bytes, session, newSessionId }: Received & { session: HttpSession; newSessionId: string | null },
): void {
  const release = frame.kind === 'call' ? endpoint.runningBytes.take(bytes) : NOTHING_HELD;
  if (release === null) {
    object(res, NO_ROOM);
    return;
  }
  const sender = { session: session.mcp, caller: callerIn(session, identity) };
  const exchange = new HttpExchange(res, { guard: endpoint.guard, who, newSessionId, release });
  endpoint.mcp.receive(frame, sender, exchange);
}

/** For requests that no client of sound mind sends; too many of them are 429. */
async function turnAway(
  endpoint: McpEndpoint,
  { res, who }: McpRequest,
  objection: Objection,
): Promise<void> {
  await objectCounted(endpoint.guard, res, { act: 'bad_request', who, objection });
}
