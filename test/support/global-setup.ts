import { ensureRedisServer } from './redis.ts';

/** Runs once before all tests: a machine without `redis-server` gets it, or a clear error. */
export default function setup(): void {
  ensureRedisServer();
}
