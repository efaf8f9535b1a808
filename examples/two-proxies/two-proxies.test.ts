import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from '../../test/support/cli.ts';
import { freePort } from '../../test/support/redis.ts';

const names = ['REDIS_PORT', 'SANDBOX_PORT', 'FIRST_PORT', 'SECOND_PORT'];
let ports: readonly number[];
let script: ChildProcess;
let ended: Promise<number | null>;
let urls: readonly string[];

beforeAll(async () => {
  ports = await Promise.all(names.map(() => freePort()));
  const env = cleanEnv(Object.fromEntries(names.map((name, i) => [name, `${ports[i]}`])));
  script = spawn(join(import.meta.dirname, 'run.sh'), { env, stdio: ['ignore', 'pipe', 'inherit'] });
  ended = new Promise((done) => script.once('close', done));
  const line = await new Promise<string>((done, fail) => {
    script.stdout?.once('data', (chunk: Buffer) => done(chunk.toString()));
    void ended.then((code) => fail(new Error(`run.sh ended with ${code}`)));
  });
  urls = line.match(/http:\S+\/mcp/g) ?? [];
}, 120_000);

afterAll(async () => {
  if (script.exitCode === null) script.kill('SIGINT');
  await ended;
});

/** The SDK's client at one of the proxies; with the id of a session it goes on with that. */
async function connected(proxy: 0 | 1, sessionId?: string) {
  const client = new Client({ name: 'test', version: '0' });
  const options = sessionId === undefined ? {} : { sessionId };
  const transport = new StreamableHTTPClientTransport(new URL(urls[proxy] ?? ''), options);
  await client.connect(transport);
  return { client, transport };
}

/** The code that a call ends with. */
async function codeOf(client: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const { isError, _meta } = await client.callTool({ name, arguments: args });
  if (isError !== true) return 'allowed';
  return (_meta?.['portcullis/decision'] as Record<string, unknown> | undefined)?.['code'];
}

/** The codes of `count` calls, one after the other, by the clients in turn. */
async function codesOf(
  clients: readonly Client[],
  count: number,
  name: string,
  args: Record<string, unknown>,
) {
  const codes: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const client = clients[i % clients.length];
    if (client !== undefined) codes.push(await codeOf(client, name, args));
  }
  return codes;
}

/** That `max` of the calls got through, and that both proxies refused others. */
function expectLimit(codes: readonly unknown[], through: string, max: number): void {
  const got = codes.filter((code) => code === through).length;
  // On a busy machine an answer of Redis may come too late; that call was not let through, but may have been counted.
  const late = codes.filter((code) => code === 'limits_unavailable').length;
  expect(got, codes.join(' ')).toBeLessThanOrEqual(max);
  expect(got + late, codes.join(' ')).toBeGreaterThanOrEqual(max);
  for (const proxy of [0, 1]) expect(codes.filter((_, i) => i % 2 === proxy)).toContain('rate_limited');
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

describe('two proxies on one Redis', { timeout: 60_000 }, () => {
  it('let ten tokens of a limit of ten through together', async () => {
    const [{ client: one }, { client: other }] = [await connected(0), await connected(1)];
    const codes = await codesOf([one, other], 24, 'fusionauth-vendjwtwithid', { body: {} });
    expectLimit(codes, 'allowed', 10);
    await Promise.all([one.close(), other.close()]);
  });

  it('serve one session with one limit, and another session with its own', async () => {
    const { client: opener, transport } = await connected(0);
    const { client: follower } = await connected(1, transport.sessionId);
    const [name, args] = ['fusionauth-validatejwtwithid', { encodedJWT: 'a.b.c' }] as const;
    expectLimit(await codesOf([opener, follower], 12, name, args), 'upstream_rejected', 4);
    const { client: stranger } = await connected(1);
    expect(await codesOf([stranger], 3, name, args)).toContain('upstream_rejected');
    await Promise.all([opener.close(), follower.close(), stranger.close()]);
  });

  it('are gone after Ctrl-C, with everything else that the script started', async () => {
    expect(await Promise.all(ports.map(isOpen))).toEqual([true, true, true, true]);
    script.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(await Promise.all(ports.map(isOpen))).toEqual([false, false, false, false]);
  });
});
