import { guard } from '../adapters/limits/guard.ts';
import { memoryLimits } from '../adapters/limits/memory.ts';
import { type HttpDoor, serveHttp } from '../doors/http.ts';
import { serveRest } from '../doors/rest.ts';
import { serveStdio } from '../doors/stdio.ts';
import type { Gate, Instant } from '../model/index.ts';
import type { TokenService } from '../model/tokens.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { readConfig, type ServeConfig, type ServeFlags } from './config.ts';
import type { Address } from './address.ts';
import { type Callers, openCallers } from './callers.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import type { IssuerConfig } from './issuer-config.ts';
import { type Log, openLog } from './log.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import { startLines } from './start-lines.ts';
import type { TokenConfig } from './token-config.ts';
import type { RunningTokens, Surroundings } from './token-service.ts';
import { type FusionAuth, openProxy, type RunningProxy } from './wire.ts';

/** How often it is looked whether the token of stdio has expired. */
const LOOK_MS = 250;
const READY_MS = 1000;

type Environment = Readonly<Record<string, string | undefined>>;

/** `portcullis serve`: opens the doors and stays until its input ends or a signal comes. */
export async function serve(flags: ServeFlags, env: Environment, version: string): Promise<ExitCode> {
  const config = readConfig(flags, env);
  const log = openLog(config.logLevel);
  const sandbox = config.sandbox ? await openSandbox() : null;
  const fusionAuth = sandbox ?? { url: config.fusionAuthUrl, apiKey: config.apiKey };
  const closers: (() => Promise<void>)[] = sandbox === null ? [] : [() => sandbox.close()];
  try {
    const proxy = await openProxy(config, fusionAuth, log);
    closers.push(() => proxy.close());
    const callers = openCallers(config.tokens, log);
    closers.push(() => callers.close());
    // What may be used once must not take room from the counters of calls in this process.
    const limits = config.redisUrl === null ? memoryLimits() : proxy.limits;
    const around = { audit: proxy.audit, guard: guard(), limits, log, closers };
    const tokens = config.issuer === null ? null : await issueTokens(config.issuer, around);
    await serveDoors({ config, proxy, callers, fusionAuth, tokens, log, version }, closers);
    return exit.fine;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface Serving {
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
  process.on('SIGHUP', () => void proxy.audit.reopen());
  const local = config.stdio ? await callers.stdio() : null;
  const doors = await openDoors(serving, closers);
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
  closers.push(() => stdio.close());
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

async function openSandbox(): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/server.ts');
  return startSandbox();
}

/** Opens the doors that the settings ask for; `closers` gets each as it stands. */
async function openDoors(
  { config, proxy, callers, tokens: issuing, log, version }: Serving,
  closers: (() => Promise<void>)[],
): Promise<readonly HttpDoor[]> {
  const metrics = openMetrics();
  const shared = {
    metrics: metrics.text,
    guard: guard(),
    version,
    // The name by which tokens know this proxy is one that its clients use.
    allowedHosts: [...config.allowedHosts, ...hostsOf(config.tokens)],
    allowedOrigins: config.allowedOrigins,
    log: log.warn,
  };
  const forDoor = (transport: 'http' | 'rest') => {
    const { identify, tokens } = callers.of(transport);
    const onRefused = (why: string) => proxy.recordRefusal(transport, why);
    return {
      ...shared,
      gate: metrics.count(proxy.gateFor(transport)),
      identify,
      ...(tokens === undefined ? {} : { tokens: { ...tokens, onRefused } }),
    };
  };
  const doors: HttpDoor[] = [];
  const open = async (address: Address | null, serveDoor: (address: Address) => Promise<HttpDoor>) => {
    if (address === null) return;
    const door = await serveDoor(address).catch((error: unknown) => {
      const { host, port } = address;
      throw new CommandError(`cannot listen on ${host}:${port}: ${portReason(error)}`, exit.broke);
    });
    closers.push(() => door.close());
    doors.push(door);
  };
  const secret = proxy.sessionSecret;
  await open(config.http, (address) => serveHttp({ ...forDoor('http'), ...address, secret }));
  await open(config.rest, (address) => {
    const door = { ...forDoor('rest'), ...address };
    return serveRest(
      issuing === null ? door : { ...door, ...withTokens(issuing.service, door.gate, metrics) },
    );
  });
  return doors;
}

/** The door that issues tokens is ready where calls can be judged and tokens given out. */
function withTokens(
  service: TokenService,
  gate: Gate,
  metrics: Metrics,
): { readonly issuer: TokenService; readonly gate: Gate } {
  const forTokens = keptFor(READY_MS, () => service.notReady());
  const notReady = async () => (await Promise.all([gate.notReady(), forTokens()])).flat();
  return { issuer: metrics.countTokens(service), gate: { ...gate, notReady } };
}

/** An answer is given again for so long: anybody may ask, and databases should not be asked each time. */
function keptFor<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; readonly until: number } | null = null;
  return () => {
    if (kept === null || kept.until <= performance.now())
      kept = { answer: ask(), until: performance.now() + ms };
    return kept.answer;
  };
}

function hostsOf(tokens: TokenConfig | null): readonly string[] {
  const { http = null, rest = null } = tokens?.resources ?? {};
  return [http, rest].flatMap((resource) => (resource === null ? [] : [new URL(resource).host]));
}

function portReason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') return 'the port is in use';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address';
  return error instanceof Error ? error.message : String(error);
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
