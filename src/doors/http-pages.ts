import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from '../model/index.ts';
import { reply, replyJson } from './http-reply.ts';
import type { Metadata } from './token-terms.ts';

/** What the pages that every HTTP door has are made of. */
export interface Pages {
  readonly gate: Gate;
  readonly metrics: (() => string) | null;
  /** What clients that need a token read; null where none is demanded. */
  readonly metadata: Metadata | null;
}

/** Answers `/healthz`, `/readyz`, `/metrics` or the metadata; false where `path` is none of them, then nothing was answered. */
export async function tellPage(
  pages: Pages,
  path: string,
  { req, res }: { req: IncomingMessage; res: ServerResponse },
): Promise<boolean> {
  const page = pages.metadata?.paths.has(path) === true ? tellMetadata : PAGES.get(path);
  if (page === undefined || (path === '/metrics' && pages.metrics === null)) return false;
  if (req.method === 'GET') await page(pages, res);
  else reply(res, 405, { body: '', headers: { allow: 'GET' } });
  return true;
}

const PAGES = new Map<string, (pages: Pages, res: ServerResponse) => void | Promise<void>>([
  ['/healthz', (_pages, res) => replyJson(res, 200, { status: 'ok' })],
  ['/readyz', tellReady],
  ['/metrics', tellMetrics],
]);

async function tellReady({ gate }: Pages, res: ServerResponse): Promise<void> {
  const reasons = await gate.notReady();
  if (reasons.length === 0) replyJson(res, 200, { status: 'ready' });
  else replyJson(res, 503, { status: 'not ready', reasons });
}

function tellMetadata({ metadata }: Pages, res: ServerResponse): void {
  replyJson(res, 200, metadata?.document);
}

function tellMetrics({ metrics }: Pages, res: ServerResponse): void {
  reply(res, 200, {
    body: metrics?.() ?? '',
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
  });
}
