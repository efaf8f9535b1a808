import { anonymous } from '../adapters/identity/anonymous.ts';
import { localUser } from '../adapters/identity/local-user.ts';
import { guard } from '../adapters/limits/guard.ts';
import { type HttpDoor, serveHttp } from '../doors/http.ts';
import { serveRest } from '../doors/rest.ts';
import { serveStdio } from '../doors/stdio.ts';
import type { Transport } from '../model/index.ts';
import { identityNeeds } from '../policy/identity-needs.ts';
import type { Sandbox } from '../sandbox/server.ts';
import { type Address, readConfig, type ServeConfig, type ServeFlags } from './config.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { type Log, openLog } from './log.ts';
import { openMetrics } from './metrics.ts';
import type { TokenConfig } from './token-config.ts';
import type { RunningTokens, Surroundings } from './token-service.ts';
import { type FusionAuth, openProxy, type RunningProxy } from './wire.ts';

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
    const around = { audit: proxy.audit, guard: guard(), log, closers };
    const tokens = config.tokens === null ? null : await issueTokens(config.tokens, around);
    await serveDoors({ config, proxy, fusionAuth, tokens, log, version }, closers);
    return exit.fine;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface Serving {
  readonly config: ServeConfig;
  readonly proxy: RunningProxy;
  readonly fusionAuth: FusionAuth;
  readonly tokens: RunningTokens | null;
  readonly log: Log;
  readonly version: string;
}

async function serveDoors(serving: Serving, closers: (() => Promise<void>)[]): Promise<void> {
  const { config, proxy, log, version } = serving;
  const stop = untilSignal();
  process.on('SIGHUP', () => void proxy.audit.reopen());
  const doors = await openDoors(serving, closers);
  process.stderr.write(`${startLines(serving, doors).join('\n')}\n`);
  if (!config.stdio) {
    await stop;
    return;
  }
  const identified = await localUser()({ authorization: null });
  const stdio = serveStdio({
    gate: proxy.gateFor('stdio'),
    identity: identified.identified ? identified.identity : {},
    input: process.stdin,
    output: process.stdout,
    version,
    log: log.warn,
  });
  closers.push(() => stdio.close());
  await Promise.race([stop, doors.length === 0 ? stdio.done : stop]);
}

/** Databases and signatures are loaded only where tokens are issued. */
async function issueTokens(config: TokenConfig, around: Surroundings): Promise<RunningTokens> {
  const { openTokens } = await import('./token-service.ts');
  return openTokens(config, around);
}

async function openSandbox(): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/server.ts');
  return startSandbox();
}

/** Opens the doors that the settings ask for; `closers` gets each as it stands. */
async function openDoors(
  { config, proxy, tokens, log, version }: Serving,
  closers: (() => Promise<void>)[],
): Promise<readonly HttpDoor[]> {
  const metrics = openMetrics();
  const shared = {
    metrics: metrics.text,
    identify: anonymous(),
    guard: guard(),
    version,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    log: log.warn,
  };
  const gateFor = (transport: Transport) => metrics.count(proxy.gateFor(transport));
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
  await open(config.http, (address) => serveHttp({ ...shared, ...address, gate: gateFor('http'), secret }));
  const service = tokens === null ? {} : { tokens: tokens.service };
  await open(config.rest, (address) =>
    serveRest({ ...shared, ...address, gate: gateFor('rest'), ...service }),
  );
  return doors;
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

/** What the local user has; the callers of other doors have none of it. */
const LOCAL = new Set(['identity.sub', 'identity.issuer', 'identity.anonymous']);

/** What is enforced, where, against what, and every warning. */
function startLines(
  { config, proxy, fusionAuth, tokens }: Serving,
  open: readonly HttpDoor[],
): readonly string[] {
  const { policy, digest } = proxy.policy.current();
  const unmet = identityNeeds(policy).filter((need) => !LOCAL.has(need));
  const doors = [...open.map(({ url }) => url), ...(config.stdio ? ['stdio'] : [])].join(' and ');
  const warnings = [
    ...proxy.policy.warnings(),
    ...(tokens?.warnings ?? []),
    ...(unmet.length > 0
      ? [
          `the policy asks for ${unmet.join(', ')}, which no caller has in this version: what needs it can never be called`,
        ]
      : []),
    ...(config.redisUrl === null
      ? ['limits are kept in memory: they end with this process and are not shared']
      : []),
    ...(fusionAuth.apiKey === null
      ? ['no FUSIONAUTH_API_KEY: tools that need the API key answer an error']
      : []),
    ...(fusionAuth.apiKey?.startsWith('${') === true
      ? ['FUSIONAUTH_API_KEY is a variable that nobody filled in']
      : []),
    ...(config.audit.to === 'off' ? ['the audit is off: nothing is recorded'] : []),
    ...(open.length > 0 ? ['HTTP callers are not identified: they share their limits per identity'] : []),
    ...(config.secret !== null && config.secret.length < 16
      ? ['PORTCULLIS_SECRET is shorter than 16 bytes; `openssl rand -base64 32` makes one']
      : []),
    ...(config.secret === null && config.redisUrl !== null
      ? ['no PORTCULLIS_SECRET: sessions and fingerprints are not shared with other proxies']
      : []),
  ];
  const limits = config.redisUrl === null ? 'memory' : 'Redis';
  const upstream = config.sandbox ? `the sandbox at ${fusionAuth.url}` : fusionAuth.url;
  const issuing =
    config.tokens === null
      ? ''
      : `; tokens are issued by ${config.tokens.issuer} from ${config.tokens.directory}`;
  return [
    `portcullis: ${policy.mode === 'observe' ? 'OBSERVING' : 'enforcing'} ${config.policy} (${digest.slice(0, 19)}) on ${doors}; limits in ${limits}; FusionAuth is ${upstream}${issuing}`,
    ...warnings.map((warning) => `portcullis: warning: ${warning}`),
  ];
}
