import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onCore } from './process.ts';

/** A call over HTTP that can be sent many times: the id stands between `before` and `after`. */
export interface HttpCall {
  readonly url: string;
  /** Requests take turns in these; empty where the server has none. */
  readonly sessions: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** What came of a load. */
export interface Load {
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A machine that is busy elsewhere may let a server wait for seconds. */
const PATIENCE_S = 20;

const run = promisify(execFile);
const HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
  'MCP-Protocol-Version': '2025-11-25',
};

/** wrk where it is there: it costs a fifth of what autocannon costs, so that it is not what is measured. */
const hasWrk = spawnSync('wrk', ['--version']).error === undefined;
export const generator = hasWrk ? 'wrk' : 'autocannon';

/** Sends a call as often as it is answered, on so many connections. Throws where a call was not answered with 200. */
export async function load(call: HttpCall, connections: number, seconds: number): Promise<Load> {
  const came = await (hasWrk ? byWrk : byAutocannon)(call, connections, seconds);
  const { refused, lost } = came;
  if (refused + lost > 0)
    throw new Error(
      `${call.url}: of ${came.calls} calls ${refused} were not answered with 200, ${lost} not at all`,
    );
  return { ...came, perSecond: came.calls / came.seconds };
}

/** One call, and the text of its answer. */
export async function callOnce(call: HttpCall, id = 999_999): Promise<string> {
  const [session] = call.sessions;
  const headers = { ...HEADERS, ...(session === undefined ? {} : { 'Mcp-Session-Id': session }) };
  const answer = await fetch(call.url, { method: 'POST', headers, body: `${call.before}${id}${call.after}` });
  return await answer.text();
}

interface Came {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answered with another status than 200. */
  readonly refused: number;
  /** Not answered: connections that broke, or too long without an answer. */
  readonly lost: number;
}

async function byWrk(call: HttpCall, connections: number, seconds: number): Promise<Came> {
  const script = fileURLToPath(new URL('./wrk.lua', import.meta.url));
  const { origin, pathname } = new URL(call.url);
  const times = ['-d', `${seconds}s`, '--timeout', `${PATIENCE_S}s`];
  const args = ['wrk', '-t1', `-c${connections}`, ...times, '-s', script, origin];
  const [file = '', ...rest] = onCore('other', args);
  const { stdout } = await run(file, rest, {
    env: {
      PATH: process.env['PATH'] ?? '',
      BENCH_PATH: pathname,
      BENCH_BEFORE: call.before,
      BENCH_AFTER: call.after,
      BENCH_SESSIONS: call.sessions.join(' '),
      BENCH_HEADERS: Object.entries(HEADERS)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join(''),
    },
  });
  const line = /^BENCH (\{.*\})$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk said: ${stdout}`);
  return JSON.parse(line) as Came;
}

async function byAutocannon(call: HttpCall, connections: number, seconds: number): Promise<Came> {
  const cli = fileURLToPath(import.meta.resolve('autocannon'));
  const [session] = call.sessions;
  const headers = { ...HEADERS, ...(session === undefined ? {} : { 'Mcp-Session-Id': session }) };
  const args = [
    ...['--json', '--no-progress', '-m', 'POST', '-c', String(connections), '-d', String(seconds)],
    ...['--idReplacement', '-b', `${call.before}"[<id>]"${call.after}`],
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    call.url,
  ];
  const [file = '', ...rest] = onCore('other', [process.execPath, cli, ...args]);
  const { stdout } = await run(file, rest, { maxBuffer: 16 * 1024 * 1024 });
  const came = JSON.parse(stdout);
  return {
    calls: came.requests.total,
    seconds: came.duration,
    p50Ms: came.latency.p50,
    p99Ms: came.latency.p99,
    refused: came.non2xx,
    lost: came.errors + came.timeouts,
  };
}
