import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Guard, SentArgs } from '../model/index.ts';
import type { Granted, TokenKind, TokenService } from '../model/tokens.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { faultsOf } from '../pipeline/sent-args.ts';
import { type Body, type HttpRequest, readBody } from './http-body.ts';
import { isJson } from './http-checks.ts';
import { objectCounted } from './http-guarded.ts';
import { type Objection, reply, replyJson } from './http-reply.ts';
import { objectRest, replyGranted } from './rest-reply.ts';

/** What requests for tokens go through. */
export interface TokenDoor {
  readonly issuer: TokenService;
  readonly guard: Guard;
}

interface Exchange {
  readonly req: HttpRequest;
  readonly res: ServerResponse;
}

interface Endpoint {
  readonly kind: TokenKind;
  readonly does: 'generate' | 'exchange';
}

const ENDPOINTS = new Map<string, Endpoint>([
  ['/auth/admin/generateToken', { kind: 'admin', does: 'generate' }],
  ['/auth/user/generateToken', { kind: 'user', does: 'generate' }],
  ['/auth/admin/oidcToken', { kind: 'admin', does: 'exchange' }],
  ['/auth/user/oidcToken', { kind: 'user', does: 'exchange' }],
]);

const DOCUMENTS = new Map<string, (tokens: TokenService) => unknown>([
  ['/.well-known/jwks.json', (tokens) => tokens.jwks()],
  ['/.well-known/oauth-authorization-server', (tokens) => tokens.metadata()],
  ['/.well-known/openid-configuration', (tokens) => tokens.metadata()],
]);

/** An ID token of 16 KiB, and the rest. */
const MAX_BODY_BYTES = 64 * 1024;

/** Answers a request to the token service; false where `path` is none of its paths, then nothing was answered. */
export async function tellToken(door: TokenDoor, path: string, exchange: Exchange): Promise<boolean> {
  const endpoint = ENDPOINTS.get(path);
  if (endpoint !== undefined) {
    await handleEndpoint(door, endpoint, exchange);
    return true;
  }
  const document = DOCUMENTS.get(path);
  if (document === undefined) return false;
  const { req, res } = exchange;
  if (req.method === 'GET') replyJson(res, 200, await document(door.issuer));
  else reply(res, 405, { body: '', headers: { allow: 'GET' } });
  return true;
}

async function handleEndpoint(
  door: TokenDoor,
  { kind, does }: Endpoint,
  { req, res }: Exchange,
): Promise<void> {
  const address = req.socket.remoteAddress ?? 'unknown';
  const objectTo = (objection: Objection) =>
    objectCounted(door.guard, res, { act: 'bad_request', who: address, objection, write: objectRest });
  if (req.method !== 'POST') {
    return objectRest(res, { status: 405, message: 'Method not allowed', headers: { allow: 'POST' } });
  }
  const shape = shapeObjection(req);
  if (shape !== null) {
    void readBody(req, 0);
    return objectTo(shape);
  }
  const read = () => {
    if (req.headers.expect !== undefined) res.writeContinue();
    return readBody(req, MAX_BODY_BYTES);
  };
  if (does === 'exchange') {
    const granted = await exchange(door, { req, kind, address, read });
    return granted === 'too_large' ? objectTo(TOO_LARGE) : replyGranted(res, granted);
  }
  const bytes = await read();
  if (bytes === 'too_large') return objectTo(TOO_LARGE);
  replyGranted(res, await door.issuer.generate({ kind, address, body: toBody(bytes) }));
}

/** The body is read once the service knows the client; of whom it does not, it is dropped. */
async function exchange(
  { issuer }: TokenDoor,
  ask: { req: HttpRequest; kind: TokenKind; address: string; read: () => Promise<Body> },
): Promise<Granted | 'too_large'> {
  const { req, kind, address, read } = ask;
  let bytes: Body | null = null;
  const body = async () => {
    bytes = await read();
    return toBody(bytes);
  };
  const authorization = req.headers.authorization ?? null;
  const granted = await issuer.exchange({ kind, address, authorization, body });
  if (bytes === null) void readBody(req, 0);
  return bytes === 'too_large' ? bytes : granted;
}

const TOO_LARGE: Objection = {
  status: 413,
  message: `Payload too large: expected at most ${MAX_BODY_BYTES} bytes`,
};

function shapeObjection({ headers, url = '' }: HttpRequest): Objection | null {
  if (url.includes('?')) return { status: 400, message: 'Bad request: expected no query' };
  if (!isJson(headers['content-type'])) {
    return {
      status: 415,
      message: 'Unsupported media type: expected `Content-Type: application/json` in UTF-8',
    };
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return { status: 415, message: 'Unsupported media type: expected no `Content-Encoding`' };
  }
  return Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES ? TOO_LARGE : null;
}

/** Bytes -> their value with what is wrong with the text; nothing is repeated of what was sent. */
function toBody(bytes: Body): SentArgs {
  if (bytes === 'too_large') return noText(`at most ${MAX_BODY_BYTES} bytes`);
  const parsed = isUtf8(bytes) ? parseJson(bytes.toString()) : null;
  if (parsed === null) return noText('text in UTF-8');
  return parsed.ok
    ? { value: parsed.value, faults: faultsOf(parsed, 'body') }
    : noText(`JSON text: ${parsed.why} at character ${parsed.at}`);
}

function noText(expected: string): SentArgs {
  return { value: undefined, faults: [{ path: 'body', expected }] };
}
