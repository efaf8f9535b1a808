import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request as the operations see it. */
export interface Request {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly cookies: ReadonlyMap<string, string>;
  readonly body: string;
  /** Address of the client, as the nearest proxy tells it. */
  readonly address: string;
  readonly isTls: boolean;
}

/** Bytes of a body that are read; one more is refused. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** What node received and the body's text -> a request. */
export function toRequest(incoming: IncomingMessage, body: string): Request {
  const { path, query } = splitTarget(incoming.url ?? '/');
  const { headers } = incoming;
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers,
    cookies: readCookies(headers.cookie),
    body,
    address: firstOf(headers['x-forwarded-for']) ?? incoming.socket.remoteAddress ?? '',
    isTls: firstOf(headers['x-forwarded-proto'])?.toLowerCase() === 'https',
  };
}

/** A request target -> its path and its query. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const end = target.indexOf('?');
  return end === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, end), query: target.slice(end + 1) };
}

/** The Cookie header -> values by name; the first of two equal names counts. */
export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(';') ?? []) {
    const [name, ...value] = pair.trim().split('=');
    if (name && !cookies.has(name)) cookies.set(name, value.join('=').replace(/^"(.*)"$/, '$1'));
  }
  return cookies;
}

/** The body as text, or null where it is longer than the limit; the rest is then read and thrown away. */
export function readBody(incoming: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve(null);
    });
    incoming.once('end', () => resolve(Buffer.concat(chunks).toString()));
    incoming.once('error', reject);
  });
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',')[0]?.trim() || undefined;
}
