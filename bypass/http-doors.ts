import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { type Answer, mcpAnswer, restAnswer } from './answers.ts';
import type { Payload, Step } from './attack.ts';
import type { Door } from './door.ts';

type Sent = Readonly<Record<string, string | readonly string[]>>;

interface Response {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

const JSON_HEADERS = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
const PATIENCE_MS = 15_000;

/** An MCP endpoint over Streamable HTTP. */
export async function openHttp(url: URL): Promise<Door> {
  let session = await initialize(url);
  return {
    name: 'http',
    async send(step, id) {
      if ('new_session' in step && step.new_session) session = await initialize(url);
      if ('raw' in step) return step.to === 'http' ? sendRaw(url, filled(step.raw, url, session)) : null;
      if ('rest' in step || 'act' in step) return null;
      const plan = planOf(step, id);
      const headers = { ...JSON_HEADERS, ...session, ...plan.headers };
      const { status, text } = await exchange(url, { method: plan.method, headers, body: plan.body });
      return mcpAnswer(status, text);
    },
    async list() {
      const body = Buffer.from('{"jsonrpc":"2.0","id":"list","method":"tools/list"}');
      return (await exchange(url, { method: 'POST', headers: { ...JSON_HEADERS, ...session }, body })).text;
    },
    close: async () => {},
  };
}

/** A REST door with FusionAuth's own paths. */
export function openRest(url: URL): Door {
  return {
    name: 'rest',
    async send(step) {
      if ('raw' in step) {
        const answer = step.to === 'rest' ? await sendRaw(url, filled(step.raw, url, {})) : null;
        return answer;
      }
      if (!('rest' in step)) return null;
      const { method, target, headers = {}, body } = step.rest;
      const { status, text } = await exchange(url, { method, headers, body: bytesOf(body), path: target });
      return restAnswer(status, text);
    },
    list: async () => (await exchange(new URL('/openapi.json', url), { method: 'GET', headers: {} })).text,
    close: async () => {},
  };
}

function planOf(step: Exclude<Step, { rest: unknown } | { raw: string } | { act: unknown }>, id: string) {
  if ('http' in step) {
    const { method = 'POST', headers = {}, body } = step.http;
    const text = body !== undefined && 'text' in body ? { text: body.text.replaceAll('@ID@', id) } : body;
    return { method, headers, body: bytesOf(text) };
  }
  return { method: 'POST', headers: {}, body: frameBytes(step, id) };
}

/** A call or a frame as the bytes of one JSON-RPC message. */
export function frameBytes(
  step:
    | { readonly call: string; readonly args?: string }
    | { readonly frame: string; readonly base64?: string },
  id: string,
): Buffer {
  if ('frame' in step) {
    return step.base64 === undefined
      ? Buffer.from(step.frame.replaceAll('@ID@', id))
      : Buffer.from(step.base64, 'base64');
  }
  const params = `{"name":${JSON.stringify(step.call)},"arguments":${step.args ?? '{}'}}`;
  return Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`);
}

function bytesOf(body: Payload | undefined): Buffer | undefined {
  if (body === undefined) return undefined;
  return 'text' in body ? Buffer.from(body.text) : Buffer.from(body.base64, 'base64');
}

async function initialize(url: URL): Promise<Sent> {
  const params =
    '{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bypass","version":"0"}}';
  const body = Buffer.from(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":${params}}`);
  const { status, headers } = await exchange(url, { method: 'POST', headers: JSON_HEADERS, body });
  if (status === 429) return {};
  if (status !== 200) throw new Error(`initialize answered ${status}`);
  const session = headers['mcp-session-id'];
  const known: Sent = typeof session === 'string' ? { 'mcp-session-id': session } : {};
  const ready = Buffer.from('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  await exchange(url, { method: 'POST', headers: { ...JSON_HEADERS, ...known }, body: ready });
  return known;
}

interface Plan {
  readonly method: string;
  readonly headers: Sent;
  readonly body?: Buffer | undefined;
  readonly path?: string;
}

/** One request. `path` goes out as it stands, which a URL object would tidy. */
function exchange(url: URL, { method, headers, body, path }: Plan): Promise<Response> {
  return new Promise((done, fail) => {
    const req = request(url, {
      method,
      agent: false,
      path: path ?? url.pathname,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-length': `${body.length}` }),
      } as Record<string, string | string[]>,
    });
    req.setTimeout(PATIENCE_MS, () => req.destroy());
    req.once('error', () => done({ status: 0, headers: {}, text: '' }));
    req.once('response', (res) => {
      textOf(res).then((text) => done({ status: res.statusCode ?? 0, headers: res.headers, text }), fail);
    });
    req.end(body);
  });
}

function filled(raw: string, url: URL, session: Sent): string {
  const lines = Object.entries(session).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return raw.replaceAll('\n', '\r\n').replaceAll('@HOST@', url.host).replaceAll('@SESSION@', lines.join(''));
}

/** Bytes on a connection of their own; answers the statuses that came back. */
function sendRaw(url: URL, bytes: string): Promise<Answer> {
  return new Promise((done) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes));
    let said = '';
    const end = () => {
      socket.destroy();
      const statuses = Array.from(said.matchAll(/^HTTP\/1\.1 (\d{3})/gm), ([, status]) => `http ${status}`);
      done({ word: statuses.join(', ') || 'closed', said });
    };
    socket.setTimeout(500, end);
    socket.on('data', (chunk) => {
      said += chunk.toString();
    });
    socket.once('error', end);
    socket.once('close', end);
  });
}
