import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { request } from 'undici';
import { type Answer, type Came, caller, openGate, sdkServer, summary } from './differential-gate.ts';
import type { Summary } from './differential-rows.ts';
import { META, MODERN } from './modern-support.ts';
import { type Headers, INITIALIZE, POST_HEADERS, startHttp, until } from './support.ts';

/** What came over HTTP, with the status of each answer; null where there was none. */
export interface CameOverHttp extends Came {
  readonly statuses: readonly (number | null)[];
}

/** A server that speaks MCP over HTTP before a gate of the differential test. */
export type ServeHttp = (gate: ReturnType<typeof openGate>['gate']) => Promise<{
  readonly url: string;
  close(): Promise<void>;
}>;

/** Our door. */
export const ours: ServeHttp = (gate) =>
  startHttp({ gate, identify: () => ({ identified: true, identity: caller.identity }) });

/** The SDK's server on the SDK's transport. */
export const sdks: ServeHttp = async (gate) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => 'session' });
  // The class declares optional callbacks in another way than its interface does.
  await sdkServer(gate, 'http').connect(transport as Transport);
  const server = createServer((req, res) => void transport.handleRequest(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Opens a session, and sends the frames one after the other; one that FusionAuth does not answer stays on its way. */
export async function sendOverHttp(serve: ServeHttp, frames: readonly string[]): Promise<CameOverHttp> {
  const { gate, records, hanging } = openGate();
  const { url, close } = await serve(gate);
  const opened = await exchange(url, JSON.stringify(INITIALIZE), {});
  const session = { 'mcp-session-id': opened.session };
  const came = await sendAll(frames, hanging, (frame) => exchange(url, frame, session));
  await close();
  return { ...came, records };
}

/** Sends calls, each as a request of the modern era. */
export async function sendModern(frames: readonly string[]): Promise<CameOverHttp> {
  const { gate, records, hanging } = openGate();
  const { url, close } = await ours(gate);
  const came = await sendAll(frames, hanging, (frame) => {
    const [, name] = /"name":"([^"]*)"/.exec(frame) ?? [];
    const headers = {
      'mcp-protocol-version': MODERN,
      'mcp-method': 'tools/call',
      ...(name !== undefined && { 'mcp-name': name }),
    };
    return exchange(url, modernised(frame), headers);
  });
  await close();
  return { ...came, records };
}

/** What came, in short; a request that was not answered before the server closed is `no answer`. */
export function summaryOverHttp(came: CameOverHttp): Summary {
  const { answers, records } = summary(came);
  const open = came.statuses.filter((status) => status === null);
  return { answers: [...answers, ...open.map(() => 'no answer')], records };
}

/** The same frame, its text as it was, with the metadata of the modern era. */
function modernised(frame: string): string {
  const members = JSON.stringify(META).slice(1, -1);
  const into = frame.includes('"_meta":{') ? '"_meta":{' : '"params":{';
  const metadata = into === '"_meta":{' ? members : `"_meta":{${members}}`;
  const [before = '', after = ''] = frame.split(into);
  return `${before}${into}${metadata}${after.startsWith('}') ? '' : ','}${after}`;
}

/** How long a call that was cancelled is given to be answered all the same. */
const LAST_MS = 500;

async function sendAll(
  frames: readonly string[],
  hanging: () => number,
  send: (frame: string) => Promise<Exchanged>,
) {
  const answers: (readonly Answer[])[] = frames.map(() => []);
  const statuses: (number | null)[] = frames.map(() => null);
  const open: Promise<void>[] = [];
  for (const [i, frame] of frames.entries()) {
    const before = hanging();
    const settled = send(frame).then(
      (came) => {
        statuses[i] = came.status;
        answers[i] = came.messages;
      },
      () => {}, // What is still on its way when the server closes.
    );
    if (!frame.includes('"hang"')) await settled;
    else {
      open.push(settled);
      await until(() => hanging() > before, 'the call to reach FusionAuth');
    }
  }
  if (open.length > 0) {
    await Promise.race([Promise.all(open), new Promise((resolve) => setTimeout(resolve, LAST_MS))]);
  }
  return { answers: answers.flat(), statuses };
}

interface Exchanged {
  readonly status: number;
  readonly session: string;
  readonly messages: readonly Answer[];
}

async function exchange(url: string, body: string, headers: Headers): Promise<Exchanged> {
  const answer = await request(url, { method: 'POST', headers: { ...POST_HEADERS, ...headers }, body });
  const text = await answer.body.text();
  const isStream = answer.headers['content-type'] === 'text/event-stream';
  const frames = isStream ? Array.from(text.matchAll(/^data: (.+)$/gm), ([, data = '']) => data) : [text];
  return {
    status: answer.statusCode,
    session: String(answer.headers['mcp-session-id'] ?? ''),
    messages: frames.filter((frame) => frame !== '').map((frame) => JSON.parse(frame)),
  };
}
