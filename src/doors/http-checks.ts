import type { IncomingMessage } from 'node:http';
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import type { Objection } from './http-reply.ts';

/** The most that the body of a request may have. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Headers of which a second one would let two readers see two requests. */
const SINGLE_HEADERS = [
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'x-portcullis-authorization',
  'x-fusionauth-tenantid',
];
const LEGACY_VERSIONS: ReadonlySet<string> = new Set(SUPPORTED_PROTOCOL_VERSIONS);
const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';
/** How many distinct header values a check remembers; clients send the same few. */
const MAX_REMEMBERED = 64;

/** Which values of a header are accepted, each judged once. */
const takesJsonAndStream = remembered((accept) => accepts(accept, JSON_TYPE) && accepts(accept, STREAM_TYPE));
const takesStream = remembered((accept) => accepts(accept, STREAM_TYPE));
/** Whether a `Content-Type` is JSON in UTF-8. */
export const isJson = remembered((type) =>
  /^application\/json(?:[ \t]*;[ \t]*charset="?utf-8"?)?[ \t]*$/i.test(type),
);

/** What is wrong with the headers that say where a request comes from, or null. */
export function checkSource(
  req: IncomingMessage,
  allowed: { readonly host: (host: string) => boolean; readonly origin: (origin: string) => boolean },
): Objection | null {
  const { host, origin } = req.headers;
  const twice = findRepeated(req);
  if (twice !== null) return { status: 400, message: `Bad request: header \`${twice}\` was sent twice` };
  if (host === undefined) return { status: 400, message: 'Bad request: expected a `Host` header' };
  if (!allowed.host(host) && !isOwnAddress(host, req)) {
    return { status: 403, message: 'Forbidden: this `Host` is not allowed' };
  }
  if (origin !== undefined && !allowed.origin(origin)) {
    return { status: 403, message: 'Forbidden: this `Origin` is not allowed' };
  }
  return null;
}

/** What is wrong with the headers of a request to /mcp apart from its session, or null. */
export function checkShape(req: IncomingMessage): Objection | null {
  const headers = req.headers;
  if (req.method === 'POST') {
    if (!takesJsonAndStream(headers.accept)) {
      return { status: 406, message: `Not acceptable: expected \`Accept: ${JSON_TYPE}, ${STREAM_TYPE}\`` };
    }
    if (!isJson(headers['content-type'])) {
      return {
        status: 415,
        message: `Unsupported media type: expected \`Content-Type: ${JSON_TYPE}\` in UTF-8`,
      };
    }
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      return { status: 415, message: 'Unsupported media type: expected no `Content-Encoding`' };
    }
  } else if (req.method === 'GET' && !takesStream(headers.accept)) {
    return { status: 406, message: `Not acceptable: expected \`Accept: ${STREAM_TYPE}\`` };
  }
  return null;
}

/**
 * The revision that a request names in its header where that is none of the legacy era, else null: such a request
 * is of the modern era, or of none that is spoken here. One without the header is of the legacy era, which had none.
 */
export function modernVersion(req: IncomingMessage): string | null {
  const version = req.headers['mcp-protocol-version'];
  return typeof version !== 'string' || LEGACY_VERSIONS.has(version) ? null : version;
}

/** Whether a request says beforehand that its body is too large. */
export function announcesTooMuch(req: IncomingMessage): boolean {
  return Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES;
}

/** Node keeps the first of two headers, or joins them; only the raw list shows both. */
function findRepeated(req: IncomingMessage): string | null {
  if (Object.keys(req.headers).length * 2 === req.rawHeaders.length) return null;
  const seen = new Set<string>();
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] ?? '').toLowerCase();
    if (seen.has(name) && SINGLE_HEADERS.includes(name)) return name;
    seen.add(name);
  }
  return null;
}

/**
 * Whether `Host` is the very address that the connection came in on. A page that rebinds its name to this address
 * still sends its name, so an address is never the sign of an attack; probes and scrapers send nothing else.
 */
function isOwnAddress(host: string, req: IncomingMessage): boolean {
  const address = req.socket.localAddress?.replace(/^::ffff:/, '');
  if (address === undefined) return false;
  const bare = host.replace(/:[0-9]{1,5}$/, '');
  return bare === address || bare === `[${address}]`;
}

/** Whether an `Accept` header takes a media type, by itself or by a wildcard, with a weight above 0. */
function accepts(accept: string, type: string): boolean {
  const group = `${type.slice(0, type.indexOf('/'))}/*`;
  return accept
    .toLowerCase()
    .split(',')
    .some((range) => {
      const [name, ...parameters] = range.split(';').map((part) => part.trim());
      if (name !== type && name !== group && name !== '*/*') return false;
      return !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    });
}

function remembered(judge: (value: string) => boolean): (value: string | undefined) => boolean {
  const verdicts = new Map<string, boolean>();
  return (value) => {
    if (value === undefined) return false;
    const known = verdicts.get(value);
    if (known !== undefined) return known;
    const verdict = judge(value);
    if (verdicts.size < MAX_REMEMBERED) verdicts.set(value, verdict);
    return verdict;
  };
}
