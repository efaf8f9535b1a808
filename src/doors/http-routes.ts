import type { ServerResponse } from 'node:http';
import type { Awaitable } from '../model/index.ts';
import type { HttpRequest } from './http-body.ts';
import { checkSource } from './http-checks.ts';
import { handleMcp, type McpEndpoint } from './http-mcp.ts';
import { type Pages, tellPage } from './http-pages.ts';
import { object, replyJson } from './http-reply.ts';
import type { Sources } from './http-sources.ts';

/** What the HTTP door's paths lead to. */
export interface Routes extends Pages {
  readonly sources: Sources;
  readonly endpoint: McpEndpoint;
}

/** Sees to one request, whatever its path. */
export function handleRequest(routes: Routes, req: HttpRequest, res: ServerResponse): Awaitable<void> {
  const objection = checkSource(req, routes.sources);
  if (objection !== null) return object(res, objection);
  const path = pathOf(req.url ?? '');
  if (path === '/mcp') return handleMcp(routes.endpoint, req, res);
  return handlePage(routes, path, { req, res });
}

async function handlePage(
  routes: Routes,
  path: string,
  exchange: { req: HttpRequest; res: ServerResponse },
): Promise<void> {
  if (await tellPage(routes, path, exchange)) return;
  replyJson(exchange.res, 404, { error: 'not found; MCP is at the path /mcp' });
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}
