import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { allowedCall, deniedCall, echoCall } from '../machine/calls.ts';
import { onCore, probedNode, program } from '../machine/process.ts';
import { SECRET, Servers } from '../machine/servers.ts';
import { type BenchOptions, type Figure, median, type Suite, type Target } from '../suite.ts';

/** What the pump says of one window. */
interface Round {
  readonly window: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly call: { readonly before: string; readonly after: string };
  readonly answers: RegExp;
  readonly target?: Target;
}

const run = promisify(execFile);
const bin = fileURLToPath(new URL('../../bin/portcullis.js', import.meta.url));
const WINDOWS = [1, 16, 64];
const REFERENCE = "the SDK's echo";

/** MCP over stdio, beside the SDK's own server on its own transport. */
export const suite: Suite = {
  name: 'stdio',
  about: 'tools/call over stdio with so many on their way at once',
  async run(options) {
    const servers = new Servers();
    try {
      return await rounds(contenders(servers, await servers.upstream()), options);
    } finally {
      await servers.close();
    }
  },
};

function contenders(servers: Servers, upstream: string): readonly Contender[] {
  const audit = join(servers.folder, 'stdio.jsonl');
  const serve = ['serve', '--policy', servers.roomyPolicy(), '--fusionauth', upstream, '--audit', audit];
  const command = probedNode(bin, ...serve);
  return [
    { name: REFERENCE, command: probedNode(program('sdk-stdio')), call: echoCall, answers: /rs256-2026-01/ },
    {
      name: 'Portcullis, denied by a rule',
      command,
      call: deniedCall,
      answers: /POLICY DENIED/,
      target: { of: 'ratio', atLeast: 0.8 },
    },
    {
      name: 'Portcullis, allowed, with an upstream',
      command,
      call: allowedCall,
      answers: /BEGIN PUBLIC KEY/,
    },
  ];
}

async function rounds(all: readonly Contender[], { quick }: BenchOptions): Promise<readonly Figure[]> {
  const [count, ms] = quick ? [1, 500] : [7, 1500];
  const measured = new Map<Contender, (readonly Round[])[]>(all.map((each) => [each, []]));
  for (let round = 0; round < count; round++) {
    for (const each of all) measured.get(each)?.push(await pump(each, ms));
  }
  const [beside = []] = measured.values();
  return [...measured].flatMap(([each, results]) => figuresOf(each, results, beside));
}

/** One process, all windows. */
async function pump({ name, command, call, answers }: Contender, ms: number): Promise<readonly Round[]> {
  const job = { command: onCore('measured', command), windows: WINDOWS, ms, call };
  const [file = '', ...args] = onCore('other', [process.execPath, program('pump')]);
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], PORTCULLIS_SECRET: SECRET };
  const { stdout } = await run(file, args, { env: { ...env, BENCH_JOB: JSON.stringify(job) } });
  const came = JSON.parse(stdout) as { sample: string; rounds: readonly Round[] };
  if (!answers.test(came.sample)) throw new Error(`${name} answered ${came.sample.slice(0, 300)}`);
  return came.rounds;
}

function figuresOf(
  { name, target }: Contender,
  results: readonly (readonly Round[])[],
  beside: readonly (readonly Round[])[],
): readonly Figure[] {
  return WINDOWS.flatMap((window, at) => {
    const row = (key: keyof Round, unit: string, bound?: Target): Figure => {
      const value = median(results.map((round) => round[at]?.[key] ?? Number.NaN));
      const ratio = median(
        results.map((round, i) => (round[at]?.[key] ?? Number.NaN) / (beside[i]?.[at]?.[key] ?? Number.NaN)),
      );
      const compared = name === REFERENCE ? {} : { ratio, reference: REFERENCE };
      return { name: `${name}, window ${window}`, value, unit, ...compared, ...(bound && { target: bound }) };
    };
    return [
      row('perSecond', 'calls/s', target),
      row('p50Ms', 'ms p50'),
      row('p99Ms', 'ms p99'),
      row('cpuUs', 'µs CPU'),
    ];
  });
}
