import { type ChildProcess, spawn } from 'node:child_process';
import type { Usage } from './probe.ts';

/**
 * Sends `tools/call` over stdio with a window of so many without an answer, and prints what came of it as JSON.
 * BENCH_JOB: `{ command, windows, ms, call: { before, after } }`; the id stands between `before` and `after`.
 */
interface Job {
  readonly command: readonly string[];
  readonly windows: readonly number[];
  readonly ms: number;
  readonly call: { readonly before: string; readonly after: string };
}

const job: Job = JSON.parse(process.env['BENCH_JOB'] ?? '{}');
const [file = '', ...args] = job.command;
const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore', 'ipc'] });
const { stdin, stdout } = child;
if (stdin === null || stdout === null) throw new Error('expected pipes');

const NEWLINE = 0x0a;
let onAnswer: (line: string) => void = () => {};
let rest = Buffer.alloc(0);
stdout.on('data', (chunk: Buffer) => {
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
    const line = Buffer.concat([rest, chunk.subarray(start, end)]);
    rest = Buffer.alloc(0);
    start = end + 1;
    onAnswer(line.toString('latin1'));
  }
  rest = Buffer.concat([rest, chunk.subarray(start)]);
});

let id = 1_000_000;
const frame = () => `${job.call.before}${++id}${job.call.after}\n`;
const clientInfo = { name: 'pump', version: '1.0.0' };
await ask({
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
});
stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
const sample = await new Promise<string>((resolve) => {
  onAnswer = resolve;
  stdin.write(frame());
});
await pump(64, job.ms / 2);
const rounds = [];
for (const window of job.windows) rounds.push({ window, ...(await pump(window, job.ms)) });
process.stdout.write(JSON.stringify({ sample, rounds }));
stdin.end();

function ask(message: object): Promise<string> {
  return new Promise((resolve) => {
    onAnswer = resolve;
    stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  });
}

async function pump(window: number, ms: number) {
  const before = await usageOf(child);
  const begun = performance.now();
  const sent: number[] = [];
  const took: number[] = [];
  await new Promise<void>((resolve) => {
    let waiting = 0;
    let queued = '';
    const flush = () => {
      stdin?.write(queued);
      queued = '';
    };
    const send = () => {
      if (queued === '') queueMicrotask(flush);
      queued += frame();
      sent.push(performance.now());
      waiting++;
    };
    onAnswer = () => {
      const now = performance.now();
      took.push(now - (sent[took.length] ?? now));
      waiting--;
      if (now - begun < ms) send();
      else if (waiting === 0) resolve();
    };
    for (let i = 0; i < window; i++) send();
  });
  const seconds = (performance.now() - begun) / 1000;
  const { cpuUs } = await usageOf(child);
  took.sort((a, b) => a - b);
  const at = (q: number) => took[Math.floor(took.length * q)] ?? 0;
  return {
    perSecond: took.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuUs: (cpuUs - before.cpuUs) / took.length,
  };
}

function usageOf(of: ChildProcess): Promise<Usage> {
  return new Promise((resolve) => {
    of.once('message', (usage) => resolve(usage as Usage));
    of.send('cpu');
  });
}
