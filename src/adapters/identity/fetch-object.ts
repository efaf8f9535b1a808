import { isUtf8 } from 'node:buffer';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, request } from 'undici';
import type { JsonObject } from '../../model/index.ts';

/** JSON text -> an object; null for anything else, also for text that two readers could read as two objects. */
export type ReadObject = (text: string) => JsonObject | null;

/** A document of an issuer, or why there is none; `status` is that of an answer which was no document. */
export type Fetched =
  | { readonly got: 'object'; readonly value: JsonObject }
  | { readonly got: 'nothing'; readonly status: number | null; readonly why: string };

/** Gets documents of one issuer. */
export interface Fetcher {
  /** Never throws. */
  get(url: URL): Promise<Fetched>;
  close(): Promise<void>;
}

const MAX_BYTES = 512 * 1024;
const TIMEOUT_MS = 5000;
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json(?:[ \t]*;.*)?$/i;

/**
 * A client that takes a 200 with a JSON object of at most 512 KiB within 5 seconds, and nothing else: no redirect, no
 * content coding, no cookie, no credential.
 */
export function openFetcher(options: {
  readonly lookup: LookupFunction;
  readonly readObject: ReadObject;
  readonly timeoutMs?: number;
}): Fetcher {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const agent = new Agent({ connections: 2, connect: { lookup: options.lookup, timeout: timeoutMs } });
  return {
    async get(url) {
      try {
        const answer = await request(url, {
          dispatcher: agent,
          headers: { accept: 'application/json' },
          signal: AbortSignal.timeout(timeoutMs),
        });
        return await read(answer, options.readObject);
      } catch (error) {
        return nothing(null, whyOf(error, timeoutMs));
      }
    },
    close: () => agent.destroy(),
  };
}

async function read(answer: Dispatcher.ResponseData, readObject: ReadObject): Promise<Fetched> {
  const { statusCode, headers, body } = answer;
  const type = headers['content-type'];
  const objection = objectionTo(statusCode, typeof type === 'string' ? type : '');
  if (objection !== null) {
    body.on('error', () => {}).destroy();
    return nothing(statusCode, objection);
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    // Leaving the loop ends the connection, so nothing more is read.
    if (bytes > MAX_BYTES) return nothing(null, `it answered with more than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces);
  const value = isUtf8(text) ? readObject(text.toString()) : null;
  return value === null ? nothing(null, 'it answered with no JSON object') : { got: 'object', value };
}

function objectionTo(status: number, type: string): string | null {
  if (status >= 300 && status < 400) return `it answered ${status}, a redirect, which is not followed`;
  if (status !== 200) return `it answered ${status}`;
  return JSON_TYPE.test(type) ? null : 'its answer is not of the type `application/json`';
}

function nothing(status: number | null, why: string): Fetched {
  return { got: 'nothing', status, why };
}

/** The code of an error: its message may quote what was received. */
function whyOf(error: unknown, timeoutMs: number): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'TimeoutError' || code === 'UND_ERR_CONNECT_TIMEOUT')
    return `it did not answer within ${timeoutMs} ms`;
  if (code === 'OUT_OF_REACH') return 'its name leads to an address that is not public';
  return `it cannot be reached (${typeof code === 'string' ? code : String(name)})`;
}
