import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { anonymous } from '../adapters/identity/anonymous.ts';
import { guard } from '../adapters/limits/guard.ts';
import { serveHttp } from '../doors/http.ts';
import { type Sandbox, startSandbox } from '../sandbox/server.ts';
import { readConfig } from './config.ts';
import { type ExitCode, exit } from './exit-codes.ts';
import { inkFor } from './ink.ts';
import { openLog } from './log.ts';
import { openProxy } from './wire.ts';

interface DemoOptions {
  readonly color: boolean;
  readonly version: string;
}

/** `portcullis demo`: the main job in one process. Sandbox, proxy over HTTP, and an MCP client that tries things. */
export async function demo({ color, version }: DemoOptions): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-demo-'));
  const audit = join(folder, 'audit.jsonl');
  const config = readConfig({ audit, http: '127.0.0.1:0', sandbox: true }, {});
  const log = openLog('error');
  const sandbox = await startSandbox();
  const proxy = await openProxy(config, sandbox, log);
  const door = await serveHttp({
    gate: proxy.gateFor('http'),
    identify: anonymous(),
    guard: guard(),
    secret: proxy.sessionSecret,
    host: '127.0.0.1',
    port: 0,
    version,
    log: log.warn,
  });
  const client = new Client({ name: 'portcullis-demo', version });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(door.url)));
    say(`An agent is connected to ${door.url}; behind it is ${sandbox.url}.`);
    say(`The policy is ${config.policy}.\n`);
    await tryThings(client, sandbox, color);
  } finally {
    await client.close();
    await door.close();
    await proxy.close();
    await sandbox.close();
  }
  const records = readFileSync(audit, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"intent":true'));
  rmSync(folder, { recursive: true });
  say(
    `The agent made ${records.length} calls, and the audit has a record of each; FusionAuth saw ${sandbox.arrivals.length}.`,
  );
  return exit.fine;
}

async function tryThings(client: Client, sandbox: Sandbox, color: boolean): Promise<void> {
  const tell = teller(client, color);
  const { tools } = await client.listTools();
  say(`It sees ${tools.length} tools.\n`);

  const vended = await tell('Allowed: vend a token with two claims', 'fusionauth-vendjwtwithid', {
    body: { claims: { sub: 'demo', scope: 'read' }, timeToLiveInSeconds: 60 },
  });
  const token = vended['token'];
  await tell('Allowed: validate that token', 'fusionauth-validatejwtwithid', { encodedJWT: token });
  await tell('Invalid: an argument that does not exist', 'fusionauth-vendjwtwithid', {
    body: { timeToLive: 60 },
  });
  await tell('Denied: revoke every token of a user', 'fusionauth-deletejwtrefresh', {
    userId: sandbox.world.users[0]?.id,
  });

  say('Limited: 30 tokens in 60 seconds and no more');
  for (let i = 0; i < 28; i++) {
    await client.callTool({ name: 'fusionauth-vendjwtwithid', arguments: { body: {} } });
  }
  await tell('the 30th', 'fusionauth-vendjwtwithid', { body: {} });
  await tell('the 31st', 'fusionauth-vendjwtwithid', { body: {} });
}

function teller(client: Client, color: boolean) {
  const ink = inkFor(color);
  return async (
    what: string,
    name: string,
    args: Record<string, unknown>,
  ): Promise<Record<string, unknown>> => {
    const result = await client.callTool({ name, arguments: args });
    const [first] = result.content as readonly { readonly text?: string }[];
    const said = result.isError === true ? ink.bad(first?.text ?? '') : ink.good(clip(first?.text ?? ''));
    say(`${what}\n  ${ink.faint(name)}\n  ${said}\n`);
    return (result.structuredContent ?? {}) as Record<string, unknown>;
  };
}

/** A result for the screen: tokens are credentials, so they are not shown. */
function clip(text: string): string {
  const shown = text.replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g, '(a signed JWT)');
  return shown.length > 100 ? `${shown.slice(0, 100)}…` : shown;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
