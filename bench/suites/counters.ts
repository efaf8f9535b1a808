import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { RESERVE } from '../../src/adapters/limits/redis-scripts.ts';
import { onCore } from '../machine/process.ts';
import { Servers } from '../machine/servers.ts';
import type { BenchOptions, Figure, Suite } from '../suite.ts';

const run = promisify(execFile);
const DAY_MS = 86_400_000;
/** As long as the counters of a session are, with a number for its end. */
const NAME = 'retrieveJwtPublicKey/rules/0:session:0123456789abcdef0123456789abcdef:';

/** What counters weigh in Redis, and how many reservations one Redis takes. */
export const suite: Suite = {
  name: 'counters',
  about: 'memory of a counter by its live parts, and the script that reserves, on one redis-server',
  async run(options) {
    const servers = new Servers();
    const url = await servers.redis('measured');
    const redis = new Redis(url);
    try {
      const figures: Figure[] = [];
      for (const parts of [1, 2, 10, 30, 61]) figures.push(await weight(redis, parts, options));
      for (const claims of [1, 2, 3, 4]) figures.push(...(await rate(redis, { url, claims, ...options })));
      return figures;
    } finally {
      redis.disconnect();
      await servers.close();
    }
  },
};

/** Counters as the script writes them; a calendar window has one part, a sliding one up to 61. */
async function weight(redis: Redis, parts: number, { quick, long }: BenchOptions): Promise<Figure> {
  const count = quick ? 5_000 : long ? 1_000_000 : 100_000;
  await redis.flushall();
  const before = await number(redis, 'used_memory');
  const newest = Math.floor((Date.now() * 60) / DAY_MS);
  const fields = Array.from({ length: parts }, (_, i) => [String(newest - parts + 1 + i), '3']).flat();
  for (let at = 0; at < count; at += 1000) {
    const pipeline = redis.pipeline();
    for (let i = at; i < at + 1000; i++) {
      const key = `{portcullis}:c:sliding:${DAY_MS}:${NAME}${i}`;
      pipeline.hset(key, 'used', String(3 * parts), 'oldest', fields[0] ?? '', ...fields);
      pipeline.pexpire(key, DAY_MS);
    }
    await pipeline.exec();
  }
  const value = ((await number(redis, 'used_memory')) - before) / count;
  return { name: `a counter with ${parts} live part${parts === 1 ? '' : 's'}`, value, unit: 'bytes' };
}

/** Reservations of counters of a million sessions, from a generator in C on the other core. */
async function rate(
  redis: Redis,
  { url, claims, quick }: BenchOptions & { readonly url: string; readonly claims: number },
): Promise<readonly Figure[]> {
  await redis.flushall();
  const calls = quick ? 20_000 : 400_000;
  const digest = (await redis.script('LOAD', RESERVE)) as string;
  const keys = Array.from(
    { length: claims },
    (_, i) => `{portcullis}:c:sliding:60000:${i}${NAME}__rand_int__`,
  );
  const args = Array.from({ length: claims }, () => ['60', '60000', '1000000000', '1', '']).flat();
  const command = ['evalsha', digest, String(claims), ...keys, String(Number.MAX_SAFE_INTEGER), ...args];
  const load = [
    '-p',
    new URL(url).port,
    '-c',
    '16',
    '-n',
    String(calls),
    '-r',
    '1000000',
    '--csv',
    ...command,
  ];
  const [file = '', ...rest] = onCore('other', ['redis-benchmark', ...load]);
  const before = await cpuUs(redis);
  const { stdout } = await run(file, rest);
  const used = (await cpuUs(redis)) - before;
  const perSecond = Number(/\n"[^\n]*?","([\d.]+)"/.exec(stdout)?.[1]);
  if (Number.isNaN(perSecond)) throw new Error(`redis-benchmark said ${stdout.slice(0, 300)}`);
  const name = `a reservation of ${claims} claim${claims === 1 ? '' : 's'}, 16 connections`;
  return [
    { name, value: perSecond, unit: 'calls/s' },
    { name, value: used / calls, unit: 'µs CPU of Redis' },
  ];
}

async function cpuUs(redis: Redis): Promise<number> {
  return ((await number(redis, 'used_cpu_user')) + (await number(redis, 'used_cpu_sys'))) * 1e6;
}

async function number(redis: Redis, field: string): Promise<number> {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(await redis.info())?.[1]);
}
