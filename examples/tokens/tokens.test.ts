import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin, cleanEnv, temporaryFolder } from '../../test/support/cli.ts';
import { freePort } from '../../test/support/redis.ts';

interface Server {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const page = readFileSync(resolve(import.meta.dirname, '../../docs/identity.md'), 'utf8');
const [, section = ''] = /^## A client with a token\n([\s\S]*?)^## /m.exec(page) ?? [];
const blocks = Array.from(section.matchAll(/^```json\n([\s\S]*?)^```$/gm), ([, body = '']) => body);
/** A variable as each client writes one. */
const VARIABLE = /\$\{(?:env:|input:)?(?:PORTCULLIS_TOKEN|portcullis-token)\}/g;

const folder = temporaryFolder();
let script: ChildProcess;
let ended: Promise<number | null>;
let said = '';
let mcp = '';
let service = '';
let tokenFile = '';

beforeAll(async () => {
  const env = cleanEnv({ HTTP_PORT: `${await freePort()}`, REST_PORT: `${await freePort()}` });
  script = spawn(join(import.meta.dirname, 'run.sh'), { env, stdio: ['ignore', 'pipe', 'inherit'] });
  ended = new Promise((done) => script.once('close', done));
  const line = /^(http\S+) demands tokens of (\S+); anna's is in (\S+) until Ctrl-C$/m;
  await new Promise<void>((done, fail) => {
    script.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (line.test(said)) done();
    });
    void ended.then((code) => fail(new Error(`run.sh ended with ${code} and said: ${said}`)));
  });
  [, mcp = '', service = '', tokenFile = ''] = line.exec(said) ?? [];
}, 120_000);

afterAll(async () => {
  if (script.exitCode === null) script.kill('SIGINT');
  await ended;
  folder.remove();
});

/** A server of the page with what stands for something put in its place. */
function serverOf(body: string, token: string): Server {
  const text = body
    .replaceAll('http://127.0.0.1:9090/mcp', mcp)
    .replaceAll('http://127.0.0.1:8080', service)
    .replaceAll('/path/to/token', tokenFile)
    .replaceAll(VARIABLE, token);
  const file = JSON.parse(text) as { readonly [key: string]: { readonly portcullis: Server } };
  const server = (file['mcpServers'] ?? file['servers'])?.portcullis;
  if (server === undefined || text.includes('${')) throw new Error(`nothing is configured by ${body}`);
  return server;
}

async function toolsOf(server: Server): Promise<readonly string[]> {
  const { url, headers = {}, command = '', args = [], env = {} } = server;
  const path = [join(folder.path, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter);
  const client = new Client({ name: 'test', version: '0' });
  await client.connect(
    url === undefined
      ? new StdioClientTransport({
          command,
          args: [...args],
          env: { ...cleanEnv({ XDG_STATE_HOME: folder.path, PATH: path }), ...env },
          stderr: 'ignore',
        })
      : new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

describe('the example that demands tokens', { timeout: 60_000 }, () => {
  it('prints what its page shows', () => {
    const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
    const [, shown = ''] = /^```text\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    expect(said.slice(0, shown.length)).toBe(shown);
    expect(shown).toContain('anna vends a token: 200');
  });

  it('keeps its token and its secrets from others, and out of what it says', () => {
    const token = readFileSync(tokenFile, 'utf8').trim();
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(said).not.toContain(token);
  });

  it.each(blocks.map((body, i) => [i + 1, body] as const))(
    'takes anna’s token from configuration %d of docs/identity.md, and no other',
    async (_number, body) => {
      mkdirSync(join(folder.path, 'bin'), { recursive: true });
      try {
        symlinkSync(bin, join(folder.path, 'bin/portcullis'));
      } catch {
        // A configuration before made it.
      }
      const server = serverOf(body, readFileSync(tokenFile, 'utf8').trim());
      const tools = await toolsOf(server);
      // Over HTTP the policy of the example lists what anna may call; over stdio the default policy holds.
      if (server.url === undefined) expect(tools).toHaveLength(11);
      else {
        expect(tools.toSorted()).toEqual(['fusionauth-retrievejwtpublickey', 'fusionauth-vendjwtwithid']);
        await expect(toolsOf(serverOf(body, 'a.b.c'))).rejects.toThrow();
      }
    },
  );

  it('has a configuration for each client', () => {
    expect(blocks).toHaveLength(4);
  });

  it('is gone after Ctrl-C', async () => {
    script.kill('SIGINT');
    expect(await ended).toBe(130);
    await expect(fetch(`${service}/healthz`)).rejects.toThrow();
  });
});
