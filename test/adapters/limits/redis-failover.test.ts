import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { startRedis, type TestRedis } from '../../support/redis.ts';
import { claim, granted, reserve, type Setting } from './claims.ts';
import { type Road, startRoad } from './road.ts';

const MANY = claim({ max: 1e9 });

let server: TestRedis;
let road: Road;
let s: Setting;

beforeEach(async () => {
  server = await startRedis();
  road = await startRoad(server.port);
  const limits = redisLimits({ url: `redis://127.0.0.1:${road.port}` });
  await limits.connect();
  s = { limits, now: Date.now, pass: async (ms) => void (await sleep(ms)) };
});

afterEach(async () => {
  await s.limits.close();
  road.close();
  await server.stop();
});

test('a connection whose other end is gone without a word is opened anew', async () => {
  await granted(s, MANY);
  road.loseConnections();
  expect(await reserve(s, MANY)).toMatchObject({ hold: 'unknown' });
  await expect.poll(async () => (await reserve(s, MANY)).hold, { timeout: 4_000 }).toBe('granted');
});

test('after a failover a connection to the old master is given up for the new one', async () => {
  await granted(s, MANY);
  const newMaster = await startRedis();
  onTestFinished(() => newMaster.stop());
  const old = new Redis(server.url);
  onTestFinished(() => old.disconnect());
  await old.replicaof('127.0.0.1', newMaster.port);
  road.leadTo(newMaster.port);
  expect(await reserve(s, MANY)).toMatchObject({ hold: 'unknown', why: expect.stringContaining('READONLY') });
  await expect.poll(async () => (await reserve(s, MANY)).hold, { timeout: 4_000 }).toBe('granted');
});
