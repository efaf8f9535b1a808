import { Cluster, Redis, type RedisOptions, type Result } from 'ioredis';
import { REFUND, RESERVE } from './redis-scripts.ts';
import type { RedisTarget } from './redis-url.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    portcullisReserve(keyCount: number, ...keysAndArgs: (string | number)[]): Result<ReserveReply, Context>;
    portcullisRefund(keyCount: number, ...keysAndArgs: (string | number)[]): Result<number, Context>;
  }
}

/** What RESERVE answers: whether it ran in time, its clock, and the counters of the claims that did not fit. */
export type ReserveReply = readonly [
  inTime: 0 | 1,
  now: number,
  ...usedUp: (readonly [index: number, fields: readonly string[]])[],
];

/** One server, a cluster, or a master found through sentinels: to us they are the same. */
export type RedisClient = Redis | Cluster;

/** A connection silent for so long after a question is opened anew: its other end may be gone without a word. */
export const SILENCE_MS = 1000;

/** Prepares a client with both scripts; it connects on `connect` and from then on reconnects for ever. */
export function openClient(target: RedisTarget): RedisClient {
  const client = build(target);
  client.defineCommand('portcullisReserve', { lua: RESERVE });
  client.defineCommand('portcullisRefund', { lua: REFUND });
  return client;
}

function build(target: RedisTarget): RedisClient {
  const { username, password } = target;
  const login = { ...(username && { username }), ...(password && { password }) };
  const shared = { ...login, ...SHARED };
  switch (target.kind) {
    case 'single':
      return new Redis({
        ...shared,
        ...OFFLINE,
        ...target.node,
        db: target.db,
        ...(target.tls && { tls: {} }),
      });
    case 'sentinel':
      return new Redis({
        ...shared,
        ...OFFLINE,
        sentinels: [...target.sentinels],
        name: target.master,
        db: target.db,
        sentinelCommandTimeout: SILENCE_MS,
        sentinelRetryStrategy: delayMs,
      });
    case 'cluster':
      return new Cluster([...target.nodes], {
        redisOptions: { ...shared, ...(target.tls && { tls: {} }) },
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: delayMs,
        slotsRefreshTimeout: SILENCE_MS / 2,
        // A command that may have run already must not be sent again.
        retryDelayOnFailover: 0,
        // Certificates are issued for names, so names are not resolved to addresses.
        ...(target.tls && { dnsLookup: (address, done) => done(null, address) }),
      });
  }
}

/** Without a connection a command fails at once, and what was in flight is not sent again. */
const OFFLINE = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: delayMs,
} satisfies RedisOptions;

const SHARED = {
  // Bounds the handshake; a question has a shorter time, which its asker keeps.
  commandTimeout: SILENCE_MS,
  connectTimeout: SILENCE_MS,
  disconnectTimeout: 50,
  maxLoadingRetryTime: 250,
  autoResendUnfulfilledCommands: false,
  // Batching commands halves throughput here: one connection pipelines by itself.
  enableAutoPipelining: false,
  disableClientInfo: true,
  // After a failover the old master lives on as a replica; a new connection finds the new master.
  reconnectOnError: (error) => error.message.includes('READONLY') || isOfSelect(error),
} satisfies RedisOptions;

/** Whether the server refused the database of the URL: ioredis would go on in the first one, among other counters. */
export function isOfSelect(error: Error): boolean {
  const { command } = error as Error & { readonly command?: { readonly name?: unknown } };
  return command?.name === 'select';
}

function delayMs(attempt: number): number {
  return Math.min(50 * attempt, 500);
}
