import { memoryLimits } from '../adapters/limits/memory.ts';
import type { HttpDoor } from '../doors/http.ts';
import { serveStdio } from '../doors/stdio.ts';
import type { Instant } from '../model/index.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { readConfig, type ServeConfig, type ServeFlags } from './config.ts';
import { type Callers, openCallers } from './callers.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import type { IssuerConfig } from './issuer-config.ts';
import { type Log, openLog } from './log.ts';
import { startLines } from './start-lines.ts';
import type { RunningTokens, Surroundings } from './token-service.ts';
import { type FusionAuth, openProxy, type RunningProxy } from './wire.ts';

/** How often it is looked whether the token of stdio has expired. */
const LOOK_MS = 250;

type Environment = Readonly<Record<string, string | undefined>>;

/** `portcullis serve`: opens the doors and stays until its input ends or a signal comes. */
export async function serve(flags: ServeFlags, env: Environment, version: string): Promise<ExitCode> {
  const config = readConfig(flags, env);
  const log = openLog(config.logLevel);
  const signals = hearSignals(log);
  const sandbox = config.sandbox ? await openSandbox() : null;
  const fusionAuth = sandbox ?? { url: config.fusionAuthUrl, apiKey: config.apiKey };
  const closers: (() => Promise<void>)[] = sandbox === null ? [] : [() => sandbox.close()];
  try {
    const proxy = await openProxy(config, fusionAuth, log);
    closers.push(() => proxy.close());
    signals.onHangUp = () => void proxy.audit.reopen();
    const callers = await openCallers(config.tokens, log);
    closers.push(() => callers.close());
    // What may be used once must not take room from the counters of calls in this process.
    const limits = config.redisUrl === null ? memoryLimits() : proxy.limits;
    const around = { audit: proxy.audit, limits, log, closers };
    const tokens = config.issuer === null ? null : await issueTokens(config.issuer, around);
    await serveDoors({ config, proxy, callers, fusionAuth, tokens, log, version }, closers);
    return exit.fine;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** What the doors are opened with. */
export interface Serving {
  readonly config: ServeConfig;
  readonly proxy: RunningProxy;
  readonly callers: Callers;
  readonly fusionAuth: FusionAuth;
  readonly tokens: RunningTokens | null;
  readonly log: Log;
  readonly version: string;
}

async function serveDoors(serving: Serving, closers: (() => Promise<void>)[]): Promise<void> {
  const { config, proxy, callers, fusionAuth, log, version } = serving;
  const stop = untilSignal();
  const local = config.stdio ? await callers.stdio() : null;
  const open: (() => Promise<void>)[] = [];
  // Together: none of them takes calls, or says that it is ready, while another one waits for its last.
  closers.push(async () => void (await Promise.all(open.map((close) => close()))));
  const doors = config.http === null && config.rest === null ? [] : await openDoors(serving, open);
  // Not before the doors are open: one of the issuers may be this proxy.
  serving.callers.warm();
  const directoryWarnings = serving.tokens?.warnings ?? [];
  const started = { config, policy: proxy.policy, fusionAuth, directoryWarnings };
  process.stderr.write(`${startLines(started, doors).join('\n')}\n`);
  if (local === null) {
    await stop;
    return;
  }
  const stdio = serveStdio({
    gate: proxy.gateFor('stdio'),
    identity: local.identity,
    input: process.stdin,
    output: process.stdout,
    version,
    log: log.warn,
  });
  open.push(() => stdio.close());
  const isOver = untilTime(local.until).then(() => {
    throw new CommandError(
      'the token in `PORTCULLIS_TOKEN` has expired; start again with a new one',
      exit.broke,
    );
  });
  await Promise.race([stop, isOver, doors.length === 0 ? stdio.done : stop]);
}

/** Resolves at that time, or never; looks often, since a timer stands still while the machine sleeps. */
function untilTime(at: Instant | null): Promise<void> {
  return new Promise((resolve) => {
    if (at === null) return;
    const timer = setInterval(() => {
      if (Date.now() < at) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS);
    timer.unref();
  });
}

/** Databases and signatures are loaded only where tokens are issued. */
async function issueTokens(config: IssuerConfig, around: Surroundings): Promise<RunningTokens> {
  const { openTokens } = await import('./token-service.ts');
  return openTokens(config, around);
}

/** HTTP is loaded only where it is spoken. */
async function openDoors(serving: Serving, closers: (() => Promise<void>)[]): Promise<readonly HttpDoor[]> {
  const { openDoors } = await import('./open-doors.ts');
  return openDoors(serving, closers);
}

async function openSandbox(): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/server.ts');
  return startSandbox();
}

/** From the start on: what rotates logs does not ask how far we are, and each of these would do harm by itself. */
function hearSignals(log: Log): { onHangUp: () => void } {
  const heard = { onHangUp: () => {} };
  process.on('SIGHUP', () => heard.onHangUp());
  // Other programs open their logs anew at these; Node would open a port for debuggers, or end at once.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    process.on(signal, () => log.warn(`${signal} does nothing here; SIGHUP opens the audit file anew`));
  }
  return heard;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
