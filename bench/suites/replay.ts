import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Figure, Suite } from '../suite.ts';

const root = resolve(import.meta.dirname, '../..');
const SIZES = [250_000, 1_000_000] as const;

/** Replaying recorded calls: how many a second, and whether memory grows with their number. */
export const suite: Suite = {
  name: 'replay',
  about: 'recorded calls through the default policy, one process; the reference reads lines and parses them',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
    try {
      const figures: Figure[] = [];
      for (const size of SIZES) figures.push(...(await measure(join(folder, `${size}.jsonl`), size)));
      return figures;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(file: string, size: number): Promise<readonly Figure[]> {
  await write(file, size);
  const begun = process.cpuUsage();
  for await (const line of createInterface({ input: createReadStream(file) })) JSON.parse(line);
  const { user, system } = process.cpuUsage(begun);
  const reference = (size * 1e6) / (user + system);
  const { cpuUs, rssKiB } = await replay(file);
  const rate = (size * 1e6) / cpuUs;
  const calls = `${size.toLocaleString('en-US')} calls`;
  return [
    { name: `${calls}: lines and JSON.parse`, value: reference, unit: 'calls/s of CPU' },
    {
      name: `${calls}: replay`,
      value: rate,
      unit: 'calls/s of CPU',
      ratio: rate / reference,
      reference: 'lines and JSON.parse',
    },
    { name: `${calls}: replay, peak memory`, value: rssKiB / 1024, unit: 'MiB' },
  ];
}

const AFTER = `
import { main } from ${JSON.stringify(join(root, 'dist/cli/main.js'))};
await main(process.argv.slice(1));
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
process.stderr.write(JSON.stringify({ cpuUs: userCPUTime + systemCPUTime, rssKiB: maxRSS }));`;

function replay(file: string): Promise<{ readonly cpuUs: number; readonly rssKiB: number }> {
  const args = ['replay', '--json', '--policy', join(root, 'policies/default.yaml'), file];
  const child = spawn(process.execPath, ['--input-type=module', '-e', AFTER, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return new Promise((done) => child.once('close', () => done(JSON.parse(said))));
}

/** A thousand callers, a hundred calls a second. */
async function write(file: string, size: number): Promise<void> {
  const out = createWriteStream(file);
  for (let i = 0; i < size; i++) {
    if (!out.write(`${JSON.stringify(recordOf(i))}\n`)) await once(out, 'drain');
  }
  await new Promise((done) => out.end(() => done(null)));
}

/** As the proxy writes it: members in that order, and the chain at the end. */
function recordOf(i: number) {
  return {
    id: `0198f0c2-1111-7abc-8def-${String(i).padStart(12, '0')}`,
    at: new Date(Date.UTC(2026, 0, 1) + i * 10).toISOString(),
    tool: 'fusionauth-vendjwtwithid',
    operation: 'vendJWTWithId',
    transport: 'http',
    caller: { sub: `user-${i % 1000}`, client_id: null, tenant: 'acme', session: `hmac:session-${i % 1000}` },
    verdict: 'allow',
    code: 'allowed',
    rule: null,
    policy: `sha256:${'a'.repeat(64)}`,
    mode: 'enforce',
    would: null,
    args: { body: { claims: { aud: 'x', roles: ['a', 'b'] }, timeToLiveInSeconds: 300 } },
    upstream: { status: 200, ms: 3.123 },
    ms: 4.567,
    prev: 'b'.repeat(64),
    hash: 'c'.repeat(64),
  };
}
