import { guard } from '../adapters/limits/guard.ts';
import { type HttpDoor, serveHttp } from '../doors/http.ts';
import { serveRest } from '../doors/rest.ts';
import type { Gate } from '../model/index.ts';
import type { TokenService } from '../model/tokens.ts';
import type { Address } from './address.ts';
import { CommandError, exit } from './exit-codes.ts';
import { type Metrics, openMetrics } from './metrics.ts';
import type { Serving } from './serve.ts';
import type { TokenConfig } from './token-config.ts';

/** How long an answer about readiness is given again. */
const READY_MS = 1000;

/** Opens the doors that the settings ask for; `closers` gets each as it stands. */
export async function openDoors(
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
