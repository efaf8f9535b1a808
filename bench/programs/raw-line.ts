import { Redis, type Result } from 'ioredis';
import { Pool } from 'undici';
import { serveJson } from './serve-json.ts';

/** The reference of allowed calls: `node:http`, the same script in Redis, the same request upstream; nothing else. */
declare module 'ioredis' {
  interface RedisCommander<Context> {
    reserve(keyCount: number, ...keysAndArgs: (string | number)[]): Result<unknown, Context>;
  }
}

const redis = new Redis(process.env['BENCH_REDIS'] ?? '', { enableAutoPipelining: false });
redis.defineCommand('reserve', { lua: process.env['BENCH_LUA'] ?? '' });
const question: { keyCount: number; values: (string | number)[] } = JSON.parse(
  process.env['BENCH_QUESTION'] ?? '{"keyCount":0,"values":[]}',
);
const pool = new Pool(process.env['BENCH_UPSTREAM'] ?? '', { connections: 128, pipelining: 1 });

serveJson(async ({ id, params }) => {
  await redis.reserve(question.keyCount, ...question.values);
  const kid = encodeURIComponent(params?.arguments?.keyId ?? '');
  const { body } = await pool.request({
    method: 'GET',
    path: `/api/jwt/public-key?kid=${kid}`,
    headers: { accept: 'application/json' },
  });
  const found = (await body.json()) as object;
  const content = [{ type: 'text', text: JSON.stringify(found) }];
  return JSON.stringify({ jsonrpc: '2.0', id, result: { content, structuredContent: found } });
});
