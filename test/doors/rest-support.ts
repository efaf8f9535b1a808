import { toListedTool } from '../../src/catalog/derive.ts';
import { operations } from '../../src/catalog/operations.ts';
import type { HttpDoor } from '../../src/doors/http.ts';
import { type RestOptions, serveRest } from '../../src/doors/rest.ts';
import type { Gate, GuardedAct, Outcome, RawCall } from '../../src/model/index.ts';
import { createGuard, openRaw } from './support.ts';

/** A REST door on a free loopback port, and the calls that came through it. */
export interface RestTestDoor extends HttpDoor {
  readonly calls: RawCall[];
  readonly counted: readonly string[];
  readonly logged: string[];
  /** Operations that the policy hides. */
  readonly hidden: Set<string>;
}

/** Every call succeeds with an empty answer, but for hidden and unknown tools and what `end` says. */
export async function startRest(
  over: Partial<RestOptions> & {
    refused?: readonly GuardedAct[];
    end?: (raw: RawCall) => Promise<Outcome>;
  } = {},
): Promise<RestTestDoor> {
  const calls: RawCall[] = [];
  const logged: string[] = [];
  const hidden = new Set<string>();
  const isKnown = (tool: string) => operations.some(({ name }) => name === tool) && !hidden.has(tool);
  const gate: Gate = {
    async call(raw) {
      calls.push(raw);
      const base = { id: 'id-1', policy: 'sha256:0' };
      if (!isKnown(raw.tool)) return { ...base, ended: 'unknown_tool', tool: raw.tool };
      if (over.end !== undefined) return over.end(raw);
      return { ...base, ended: 'result', status: 200, body: { status: 200 }, empty: true };
    },
    list: () => operations.filter(({ name }) => isKnown(name)).map(toListedTool),
    onToolsChanged: () => () => {},
    notReady: async () => [],
  };
  const guard = createGuard(over.refused);
  const door = await serveRest({
    gate,
    guard,
    identify: ({ authorization }) =>
      authorization === null || authorization === 'Bearer anna'
        ? { identified: true, identity: authorization === null ? {} : { sub: 'anna' } }
        : { identified: false, fault: 'invalid_token', why: 'token not valid' },
    host: '127.0.0.1',
    port: 0,
    version: '9.9.9',
    log: (message) => logged.push(message),
    ...over,
  });
  return { ...door, calls, counted: guard.counted, logged, hidden };
}

/** An answer as its bytes say it. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Sends one request exactly as written, since HTTP clients tidy paths and headers up. */
export async function sendRaw(
  port: number,
  line: string,
  { headers = [], body = '' }: { headers?: readonly string[]; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  const client = await openRaw(port);
  const own = headers.some((header) => /^host:/i.test(header)) ? [] : ['Host: localhost'];
  const length = body.length > 0 ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  const head = [`${line} HTTP/1.1`, ...own, ...length, ...headers, 'Connection: close', '', ''].join('\r\n');
  client.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
  await client.ended();
  const [top = '', ...rest] = client.heard().split('\r\n\r\n');
  const [status = '', ...fields] = top.split('\r\n');
  const pairs = fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(status.split(' ')[1]),
    headers: Object.fromEntries(pairs),
    text: rest.join('\r\n\r\n'),
  };
}
