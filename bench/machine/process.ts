import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Usage } from '../programs/probe.ts';

/** Whether processes can be kept to one core each: what is measured on the first, all that loads it on the second. */
export const isPinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;

/** Where a process runs, on a machine that lets it be said; `both` is for what nothing else loads. */
export type Core = 'measured' | 'other' | 'both';
const CORES: Readonly<Record<Core, string>> = { measured: '0', other: '1', both: '0,1' };

/** A process that a suite started, and ends. */
export interface Started {
  readonly child: ChildProcess;
  /** What its own line on stderr said, for example where it listens. */
  readonly said: RegExpExecArray;
  usage(question?: 'cpu' | 'memory'): Promise<Usage>;
  stop(): Promise<void>;
}

/** A command as it runs there. */
export function onCore(core: Core, command: readonly string[]): readonly string[] {
  return isPinned ? ['taskset', '-c', CORES[core], ...command] : command;
}

/** Where a compiled program of the bench is. */
export function program(name: string): string {
  return fileURLToPath(new URL(`../results/programs/${name}.js`, import.meta.url));
}

/** `node` with the probe loaded, so that it can be asked what it uses. */
export function probedNode(...args: readonly string[]): readonly string[] {
  return [process.execPath, '--expose-gc', '--import', program('probe'), ...args];
}

/** Starts a command and waits until its output matches `ready`. */
export async function start(
  core: Core,
  command: readonly string[],
  { ready, env = {} }: { readonly ready: RegExp; readonly env?: Readonly<Record<string, string>> },
): Promise<Started> {
  const [file = '', ...args] = onCore(core, command);
  const child = spawn(file, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  };
  return { child, said: await says(child, ready), usage: (question = 'cpu') => ask(child, question), stop };
}

function says(child: ChildProcess, ready: RegExp): Promise<RegExpExecArray> {
  let text = '';
  let isReady = false;
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer) => {
      if (isReady) return;
      text += chunk.toString();
      const said = ready.exec(text);
      if (said === null) return;
      isReady = true;
      resolve(said);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}: ${text}`)),
    );
  });
}

function ask(child: ChildProcess, question: 'cpu' | 'memory'): Promise<Usage> {
  return new Promise((resolve) => {
    child.once('message', (usage) => resolve(usage as Usage));
    child.send(question);
  });
}
