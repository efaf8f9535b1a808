import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchOptions } from '../suite.ts';
import { echoCall, toolCall } from './calls.ts';
import type { Contender } from './http-rounds.ts';
import { openSessions } from './mcp-session.ts';
import { probedNode, program, start } from './process.ts';
import { freePort, type Servers } from './servers.ts';

/** Proxies from npm that put a stdio server behind Streamable HTTP; each stands before the SDK's echo. */
const PEERS = [
  {
    name: 'mcp-proxy',
    version: '6.7.19',
    args: (port: string) => ['--port', port, '--host', '127.0.0.1', '--server', 'stream', '--', ...ECHO],
    path: '/mcp',
    ready: /(?:starting|listening|started)/i,
  },
  {
    name: 'supergateway',
    version: '4.0.0',
    args: (port: string) => [
      ...['--stdio', ECHO.join(' '), '--outputTransport', 'streamableHttp', '--stateful'],
      ...['--port', port, '--streamableHttpPath', '/mcp'],
    ],
    path: '/mcp',
    ready: /Listening on port/i,
  },
];
const ECHO = [process.execPath, program('sdk-stdio')];

const run = promisify(execFile);

/** The peers that could be installed and started, and those that were named by URL; says of the others why not. */
export async function peerContenders(servers: Servers, options: BenchOptions): Promise<readonly Contender[]> {
  const contenders: Contender[] = [];
  for (const peer of PEERS) {
    try {
      contenders.push(await startPeer(servers, peer));
    } catch (error) {
      process.stdout.write(`  ${peer.name} is left out: ${wordsOf(error)}\n`);
    }
  }
  for (const peer of options.peers) contenders.push(await namedPeer(peer));
  return contenders;
}

async function startPeer(servers: Servers, peer: (typeof PEERS)[number]): Promise<Contender> {
  const home = join(servers.folder, peer.name);
  const what = `${peer.name}@${peer.version}`;
  await run('npm', ['install', '--prefix', home, '--no-audit', '--no-fund', '--ignore-scripts', what]);
  const root = join(home, 'node_modules', peer.name);
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entry: string = typeof bin === 'string' ? bin : bin[peer.name];
  const port = String(await freePort());
  const command = probedNode(join(root, entry), ...peer.args(port));
  const { usage } = servers.listening(await start('measured', command, { ready: peer.ready }));
  const url = `http://127.0.0.1:${port}${peer.path}`;
  await untilAnswers(url);
  const sessions = await openSessions(url, 1);
  return { name: peer.name, call: { url, sessions, ...echoCall }, answers: /rs256-2026-01/, usage };
}

async function untilAnswers(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it does not answer');
}

/** A server that runs already: our own read where it has that tool, else `echo`, else its first tool. */
export async function namedPeer({ name, url }: BenchOptions['peers'][number]): Promise<Contender> {
  const sessions = await openSessions(url, 1);
  const tools = await listTools(url, sessions[0]);
  const [first] = tools;
  const tool = ['fusionauth-retrievejwtpublickey', 'echo'].find((one) => tools.includes(one)) ?? first;
  if (tool === undefined) throw new Error(`${name} at ${url} has no tool`);
  return { name, call: { url, sessions, ...toolCall(tool, {}) }, answers: /"result"/, usage: null };
}

async function listTools(url: string, session: string | undefined): Promise<readonly string[]> {
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    ...(session === undefined ? {} : { 'Mcp-Session-Id': session }),
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  const text = await (await fetch(url, { method: 'POST', headers, body })).text();
  const json = /^(?:event:.*\n)?data: (.*)$/m.exec(text)?.[1] ?? text;
  const { result } = JSON.parse(json) as { result: { tools: readonly { name: string }[] } };
  return result.tools.map((tool) => tool.name);
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n').find((line) => line.trim() !== '') ?? '').slice(0, 200);
}
