import type { ServerResponse } from 'node:http';
import { toOpenApi } from '../catalog/openapi.ts';
import { tokenEndpoints, tokenRoutes } from '../catalog/openapi-tokens.ts';
import { operations } from '../catalog/operations.ts';
import { REST_PREFIX, type RestRoute, toRestRoutes } from '../catalog/rest.ts';
import type { TokenService } from '../model/tokens.ts';
import type { HttpDoor, HttpOptions } from './http.ts';
import type { HttpRequest } from './http-body.ts';
import { checkSource } from './http-checks.ts';
import { openListener } from './http-listener.ts';
import { type Pages, tellPage } from './http-pages.ts';
import { createSources, type Sources } from './http-sources.ts';
import { handleCall, identifyCaller, type RestCalls, type Target } from './rest-calls.ts';
import { DOCS_POLICY, type Documented, docsPage } from './rest-docs.ts';
import { objectRest, replyPage } from './rest-reply.ts';
import { routeFinder } from './rest-routes.ts';
import { tellToken } from './rest-tokens.ts';
import { RunningBytes } from './running-bytes.ts';
import { metadataOf } from './token-terms.ts';

/** What the REST door is given; it has no sessions. */
export interface RestOptions extends Omit<HttpOptions, 'secret' | 'idleMs'> {
  /** The token service, whose paths are 404 without it. */
  readonly issuer?: TokenService;
}

/** What the paths of the REST door lead to. */
interface RestDoor extends RestCalls, Pages {
  readonly sources: Sources;
  readonly routes: readonly RestRoute[];
  readonly version: string;
  readonly issuer: TokenService | null;
}

const BODY_MS = 10_000;
const CLOSE_MS = 10_000;
/** A JWT of 16 KiB in a header, a refresh token of 16 KiB in the query with every byte encoded, and the rest. */
const MAX_HEADER_BYTES = 80 * 1024;
const NOTHING_ELSE = "default-src 'none'; frame-ancestors 'none'";

/**
 * FusionAuth's operations under `/v1`, with `/openapi.json`, `/docs`, `/healthz`, `/readyz` and `/metrics` beside them.
 * Rejects with Node's own error where the port cannot be opened, for example `EADDRINUSE`.
 */
export async function serveRest(options: RestOptions): Promise<HttpDoor> {
  const { gate, identify, guard, host, version, log } = options;
  const routes = toRestRoutes(operations);
  const tokens = options.tokens ?? null;
  const door: RestDoor = {
    gate,
    identify,
    tokens,
    guard,
    routes,
    version,
    find: routeFinder(routes),
    sources: createSources(options),
    runningBytes: new RunningBytes(options.maxRunningBytes),
    metrics: options.metrics ?? null,
    issuer: options.issuer ?? null,
    metadata: tokens && metadataOf(tokens, REST_PREFIX, {}),
  };
  const listener = await openListener({
    host,
    port: options.port,
    bodyMs: options.bodyMs ?? BODY_MS,
    handle: (req, res) => handleRequest(door, req, res),
    log,
    object: objectRest,
    maxHeaderBytes: MAX_HEADER_BYTES,
  });
  const { port } = listener.address;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}${REST_PREFIX}`,
    port,
    close: () => listener.close(CLOSE_MS),
  };
}

async function handleRequest(door: RestDoor, req: HttpRequest, res: ServerResponse): Promise<void> {
  const objection = checkSource(req, door.sources);
  if (objection !== null) return objectRest(res, objection);
  const target = toTarget(req.url ?? '');
  if (target.path.startsWith(`${REST_PREFIX}/`)) return handleCall(door, target, { req, res });
  if (await tellPage(door, target.path, { req, res })) return;
  const { issuer, guard } = door;
  if (issuer !== null && (await tellToken({ issuer, guard }, target.path, { req, res }))) return;
  const document = DOCUMENTS.get(target.path);
  if (document === undefined) return objectRest(res, { status: 404, message: noSuchPage(target.path) });
  if (req.method !== 'GET') {
    return objectRest(res, { status: 405, message: 'Method not allowed', headers: { allow: 'GET' } });
  }
  await tellDocument(door, document, { req, res });
}

interface Document {
  readonly type: string;
  readonly policy: string;
  readonly write: (documented: Documented) => string;
}

const DOCUMENTS = new Map<string, Document>([
  [
    '/openapi.json',
    {
      type: 'application/json',
      policy: NOTHING_ELSE,
      write: ({ routes, version, tokens }) =>
        JSON.stringify(toOpenApi(routes, version, tokens.length === 0 ? undefined : tokenEndpoints)),
    },
  ],
  ['/docs', { type: 'text/html; charset=utf-8', policy: DOCS_POLICY, write: docsPage }],
]);

/** A document tells of what its reader is shown; one who does not say who they are is shown what nobody is. */
async function tellDocument(
  door: RestDoor,
  { type, policy, write }: Document,
  { req, res }: { req: HttpRequest; res: ServerResponse },
): Promise<void> {
  const isNobody = req.headers['x-portcullis-authorization'] === undefined;
  const caller = isNobody ? { identity: {}, session: null } : await identifyCaller(door, { req, res });
  if (caller === null) return;
  const shown = new Set(door.gate.list(caller).map(({ name }) => name));
  const routes = door.routes.filter(({ operation }) => shown.has(operation.name));
  const tokens = door.issuer === null ? [] : tokenRoutes;
  replyPage(res, { type, policy, text: write({ routes, version: door.version, tokens }) });
}

function toTarget(url: string): Target {
  const query = url.indexOf('?');
  return query === -1
    ? { path: url, search: '' }
    : { path: url.slice(0, query), search: url.slice(query + 1) };
}

/** Clients of FusionAuth leave out what stands before its own paths here. */
function noSuchPage(path: string): string {
  const hint = path.startsWith('/api/') ? ` The API of FusionAuth begins with \`${REST_PREFIX}/api/\`.` : '';
  return `There is no such page.${hint}`;
}
