import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from '../model/index.ts';
import { checkSource } from './http-checks.ts';
import { handleMcp, type McpEndpoint } from './http-mcp.ts';
import { object, reply, replyJson } from './http-reply.ts';
import type { Sources } from './http-sources.ts';

/** What the HTTP door's paths lead to. */
export interface Routes {
  readonly gate: Gate;
  readonly sources: Sources;
  readonly endpoint: McpEndpoint;
  readonly metrics: (() => string) | null;
}

/** Sees to one request, whatever its path. */
export async function handleRequest(
  routes: Routes,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const objection = checkSource(req, routes.sources);
  if (objection !== null) return object(res, objection);
  const path = pathOf(req.url ?? '');
  if (path === '/mcp') return handleMcp(routes.endpoint, req, res);
  const page = PAGES.get(path);
  if (page === undefined || (path === '/metrics' && routes.metrics === null)) {
    return replyJson(res, 404, { error: 'not found' });
  }
  if (req.method !== 'GET') {
    return reply(res, 405, { body: '', headers: { allow: 'GET' } });
  }
  await page(routes, res);
}

const PAGES = new Map<string, (routes: Routes, res: ServerResponse) => void | Promise<void>>([
  ['/healthz', (_routes, res) => replyJson(res, 200, { status: 'ok' })],
  ['/readyz', tellReady],
  ['/metrics', tellMetrics],
]);

async function tellReady({ gate }: Routes, res: ServerResponse): Promise<void> {
  const reasons = await gate.notReady();
  if (reasons.length === 0) replyJson(res, 200, { status: 'ready' });
  else replyJson(res, 503, { status: 'not ready', reasons });
}

function tellMetrics({ metrics }: Routes, res: ServerResponse): void {
  reply(res, 200, {
    body: metrics?.() ?? '',
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
