import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bin, cleanEnv, type Running, start, temporaryFolder } from './support/cli.ts';
import { httpAgent, stdioAgent } from './support/clients.ts';
import { writePolicy } from './support/policies.ts';
import { startRedis } from './support/redis.ts';

interface Server {
  readonly type?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly url?: string;
}

interface File {
  readonly inputs?: readonly { readonly id: string; readonly password?: boolean }[];
  readonly [servers: string]: unknown;
}

/** What is publicly documented of each client's file: its key, its variables, and the type of an entry with a URL. */
const clients: Readonly<
  Record<string, { readonly key: string; readonly variable: RegExp; readonly urlTypes: readonly unknown[] }>
> = {
  'Claude Desktop': { key: 'mcpServers', variable: /(?!)/g, urlTypes: [] },
  'Claude Code': { key: 'mcpServers', variable: /\$\{(\w+(?::-[^}]*)?)\}/g, urlTypes: ['http'] },
  Cursor: { key: 'mcpServers', variable: /\$\{env:(\w+)\}/g, urlTypes: [undefined] },
  'VS Code': { key: 'servers', variable: /\$\{input:([\w-]+)\}/g, urlTypes: ['http'] },
};

const root = resolve(import.meta.dirname, '..');
const document = readFileSync(join(root, 'docs/clients.md'), 'utf8');
const folder = temporaryFolder();
const key = 'the-key-of-this-test';
const keyFile = join(folder.path, 'api-key');
const binFolder = join(folder.path, 'bin');

/** The text with the document's placeholders filled in. */
function filled(text: string): string {
  return text
    .replaceAll('/path/to/portcullis/', `${root}/`)
    .replaceAll('/path/to/policy.yaml', join(root, 'policies/default.yaml'))
    .replaceAll('/path/to/api-key', keyFile)
    .replaceAll('YOUR_API_KEY', key);
}

/** The text with its variables replaced as `client` does it, and none of them left. */
function expanded(text: string, client: string, values: ReadonlyMap<string, string>): string {
  const { variable = /(?!)/g } = clients[client] ?? {};
  const result = text.replaceAll(variable, (whole: string, reference: string) => {
    const [name = '', or] = reference.split(':-');
    return values.get(name) ?? or ?? whole;
  });
  if (/\$\{|\/path\/to\/|YOUR_/.test(result))
    throw new Error(`nothing is put in place of a part of ${result}`);
  return result;
}

function serversOfFile(body: string, client: string): readonly Server[] {
  const file = JSON.parse(body) as File;
  const secrets = (file.inputs ?? []).filter(({ password }) => password === true).map(({ id }) => id);
  const values = new Map(['FUSIONAUTH_API_KEY', ...secrets].map((name) => [name, key]));
  const servers = file[clients[client]?.key ?? ''] ?? {};
  return Object.values(JSON.parse(expanded(filled(JSON.stringify(servers)), client, values)) as object);
}

/** `claude mcp add [--env NAME=VALUE] --transport stdio NAME -- COMMAND…` or `… --transport http NAME URL`. */
function serverOfCommand(line: string): Server {
  const [own = '', command = ''] = expanded(filled(line), 'Claude Code', new Map()).split(' -- ');
  const added =
    /^claude mcp add((?: --env \w+=\S+)*) --transport (stdio|http) portcullis(?: (http\S+))?$/.exec(own);
  if (added === null) throw new Error(`not a command that adds a server: ${line}`);
  const [, env = '', type = '', url] = added;
  if (url !== undefined) return { type, url };
  const pairs = Array.from(
    env.matchAll(/(\w+)=(\S+)/g),
    ([, name = '', value = '']) => [name, value] as const,
  );
  const [program = '', ...args] = command.split(' ');
  return { type, command: program, args, env: Object.fromEntries(pairs) };
}

/** Every server that the document defines: in a block of JSON, or in a line that begins with `claude mcp add`. */
const rows = Array.from(document.matchAll(/^```(json|sh)\n([\s\S]*?)^```$/gm)).flatMap(
  ({ index, 1: language, 2: body = '' }) => {
    const before = document.slice(0, index);
    const client = Array.from(before.matchAll(/^## (.*)$/gm)).at(-1)?.[1] ?? '';
    const line = before.split('\n').length + 1;
    const commands = body.split('\n').filter((each) => each.startsWith('claude mcp add'));
    const servers = language === 'json' ? serversOfFile(body, client) : commands.map(serverOfCommand);
    return servers.map((server) => ({
      sentence: `${client} over ${server.url === undefined ? 'stdio' : 'HTTP'} (line ${line})`,
      client,
      server,
    }));
  },
);

/** The line that starts the door: its settings before, and its arguments after `portcullis`. */
const door = filled(/^(?:\w+=\S+ )*portcullis serve --http .*$/m.exec(document)?.[0] ?? '').split(' ');
const doorPort = door[door.indexOf('--http') + 1] ?? '';
let proxy: Running;
let proxyUrl: string;

beforeAll(async () => {
  writeFileSync(keyFile, `${key}\n`);
  mkdirSync(binFolder);
  symlinkSync(bin, join(binFolder, 'portcullis'));
  const program = door.indexOf('portcullis');
  const env = Object.fromEntries(door.slice(0, program).map((each) => each.split('=')));
  const args = door.slice(program + 1).map((each) => (each === doorPort ? '0' : each));
  proxy = start(args, { XDG_STATE_HOME: folder.path, ...env });
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  proxyUrl = url;
});

afterAll(async () => {
  await proxy.stop();
  folder.remove();
});

async function overStdio({ command = '', args = [], env = {} }: Server): Promise<void> {
  const path = [binFolder, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...cleanEnv({ XDG_STATE_HOME: folder.path, PATH: path }), ...env },
    cwd: join(root, 'examples/claude-code'),
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const client = new Client({ name: 'test', version: '0' });
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(11);
    await expect.poll(() => said, { timeout: 10_000 }).toContain('limits are kept in memory');
    expect(said).toContain(`FusionAuth is ${env['FUSIONAUTH_URL']}`);
    expect(said).not.toContain('no FUSIONAUTH_API_KEY');
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} said: ${said}`, { cause: error });
  } finally {
    await client.close();
  }
}

/** The codes of some calls of a limited tool, by a client with a process of its own. */
async function codesOverStdio(args: readonly string[]): Promise<readonly unknown[]> {
  const agent = await stdioAgent(args, { XDG_STATE_HOME: folder.path });
  const codes = [];
  for (let i = 0; i < 6; i++) {
    codes.push((await agent.call('fusionauth-validatejwtwithid', { encodedJWT: 'a.b.c' })).decision['code']);
  }
  await agent.close();
  return codes;
}

async function overHttp({ type, url = '' }: Server, client: string): Promise<void> {
  expect(clients[client]?.urlTypes).toContain(type);
  expect(new URL(url)).toMatchObject({ hostname: '127.0.0.1', port: doorPort, pathname: '/mcp' });
  const agent = await httpAgent(proxyUrl);
  const { tools } = await agent.client.listTools();
  expect(tools).toHaveLength(11);
  await agent.close();
}

describe('a configuration in docs/clients.md shows the eleven tools to', () => {
  it('every client that it speaks of', () => {
    const ways = rows.map(({ sentence }) => sentence.replace(/ \(.*/, ''));
    expect([...new Set(ways)]).toEqual([
      'Claude Desktop over stdio',
      'Claude Code over stdio',
      'Claude Code over HTTP',
      'Cursor over stdio',
      'Cursor over HTTP',
      'VS Code over stdio',
      'VS Code over HTTP',
    ]);
  });

  it.each(rows.map((row) => [row.sentence, row] as const))(
    '%s',
    { timeout: 60_000 },
    async (_sentence, { server, client }) => {
      await (server.url === undefined ? overStdio(server) : overHttp(server, client));
    },
  );
});

describe('several clients over stdio', () => {
  it('share a limit per identity with --redis, as docs/clients.md says', { timeout: 60_000 }, async () => {
    const redis = await startRedis();
    try {
      const policy = writePolicy(
        folder.path,
        'default: deny\ntools:\n  validateJWTWithId: { rules: [{ rate_limit: { max: 4, window: 1h, per: identity } }] }\n',
      );
      const args = ['serve', '--sandbox', '--policy', policy, '--redis', redis.url];
      const codes = [...(await codesOverStdio(args)), ...(await codesOverStdio(args))];
      // An answer of Redis that comes too late is `limits_unavailable`, on a busy machine.
      expect(codes.filter((code) => code === 'upstream_rejected').length).toBeLessThanOrEqual(4);
      expect(codes.slice(0, 6)).toContain('upstream_rejected');
      expect(codes.slice(6)).toContain('rate_limited');
    } finally {
      await redis.stop();
    }
  });
});
