import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from '../../test/support/cli.ts';

const VEND = 'fusionauth-vendjwtwithid';
const PROXIES = 3;
const MAX = 100;

/** So many ports in a row, free a moment ago. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(base + i)));
    if (free.every((one) => one)) return base;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Kills a master as a crash would, once its replica has all: WAIT speaks of what its own connection wrote. */
function crashOnceReplicated(port: string): void {
  const redis = (input: string) => execFileSync('redis-cli', ['-p', port], { input, encoding: 'utf8' });
  expect(redis('set last written\nwait 1 5000\n')).toMatch(/OK\n1\n/);
  process.kill(Number(/process_id:(\d+)/.exec(redis('info server\n'))?.[1]), 'SIGKILL');
}

describe.each(['single', 'cluster', 'sentinel'])('proxies behind a balancer, on %s Redis', (kind) => {
  let base: number;
  let script: ChildProcess;
  let ended: Promise<number | null>;

  beforeAll(async () => {
    base = await freePorts(10 + PROXIES);
    script = spawn(join(import.meta.dirname, 'run.sh'), {
      env: cleanEnv({ REDIS: kind, PROXIES: `${PROXIES}`, BASE_PORT: `${base}` }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    ended = new Promise((done) => script.once('close', done));
    await new Promise<void>((done, fail) => {
      script.stdout?.once('data', () => done());
      void ended.then((code) => fail(new Error(`run.sh ended with ${code}`)));
    });
  }, 90_000);

  afterAll(async () => {
    if (script.exitCode === null) script.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  const url = () => new URL(`http://127.0.0.1:${base}/mcp`);

  /** A client of its own session; its requests are spread over connections, and so over proxies. */
  async function connected(sessionId?: string): Promise<{ client: Client; sessionId: string }> {
    const client = new Client({ name: 'test', version: '0' });
    const transport = new StreamableHTTPClientTransport(url(), {
      ...(sessionId === undefined ? {} : { sessionId }),
      // A connection of its own for each request, so that the balancer chooses anew each time.
      requestInit: { headers: { connection: 'close' } },
    });
    await client.connect(transport);
    return { client, sessionId: transport.sessionId ?? '' };
  }

  async function codeOf(client: Client, name = VEND, args: Record<string, unknown> = { body: {} }) {
    const { isError, _meta } = await client.callTool({ name, arguments: args });
    if (isError !== true) return 'allowed';
    return String((_meta?.['portcullis/decision'] as Record<string, unknown> | undefined)?.['code']);
  }

  /** How many calls of a tool ended so, by the count of each proxy. */
  async function callsByProxy(tool: string, code = '[^"]*'): Promise<readonly number[]> {
    const line = new RegExp(`^portcullis_calls_total\\{tool="${tool}",code="${code}"\\} (\\d+)$`, 'gm');
    return Promise.all(
      Array.from({ length: PROXIES }, async (_, i) => {
        const answer = await fetch(`http://127.0.0.1:${base + 10 + i}/metrics`);
        return Array.from((await answer.text()).matchAll(line)).reduce((sum, [, n]) => sum + Number(n), 0);
      }),
    );
  }

  it('serve one session wherever it lands, and count it once', async () => {
    const { client } = await connected();
    const codes: string[] = [];
    for (let i = 0; i < 12; i++)
      codes.push(await codeOf(client, 'fusionauth-validatejwtwithid', { encodedJWT: 'a.b.c' }));
    const admitted = codes.filter((code) => code === 'upstream_rejected').length;
    const late = codes.filter((code) => code === 'limits_unavailable').length;
    // On a busy machine an answer of Redis may come too late: then the call was counted, and not let through.
    expect(admitted, codes.join(' ')).toBeLessThanOrEqual(4);
    expect(admitted + late, codes.join(' ')).toBeGreaterThanOrEqual(4);
    expect(codes.at(-1)).toBe('rate_limited');
    const landed = await callsByProxy('fusionauth-validatejwtwithid');
    expect(
      landed.every((calls) => calls > 0),
      `calls of each proxy: ${landed}`,
    ).toBe(true);
    expect(landed.reduce((sum, calls) => sum + calls)).toBe(codes.length);
    await client.close();
  });

  it(`let ${MAX} calls through together${kind === 'sentinel' ? ', a failover in between' : ''}`, async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, async () => (await connected()).client));
    const codes: string[] = [];
    const round = async () => {
      codes.push(...(await Promise.all(clients.map((client) => codeOf(client)))));
    };
    while (codes.length < 60) await round();
    const counted = codes.filter((code) => code === 'allowed').length;
    // What replicates asynchronously is lost with its master: at most what it was sent since the replica's last word.
    if (kind === 'sentinel') {
      crashOnceReplicated(`${base + 2}`);
      expect(await codeOf(clients[0] as Client)).toBe('limits_unavailable');
      const next = async () => {
        const code = await codeOf(clients[0] as Client);
        codes.push(code);
        return code;
      };
      await expect.poll(next, { timeout: 20_000, interval: 300 }).toBe('allowed');
    }
    while (codes.filter((code) => code === 'rate_limited').length < 30) await round();
    const admitted = codes.filter((code) => code === 'allowed').length;
    const late = codes.filter((code) => code === 'limits_unavailable').length;
    expect(counted).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(MAX);
    expect(admitted + late).toBeGreaterThanOrEqual(MAX);
    const admittedBy = await callsByProxy(VEND, 'allowed');
    expect(
      admittedBy.every((calls) => calls > 0),
      `admitted by each proxy: ${admittedBy}`,
    ).toBe(true);
    expect(admittedBy.reduce((sum, calls) => sum + calls)).toBe(admitted);
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);
});
