import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { freePort, startRedis } from '../../support/redis.ts';
import { claim } from './claims.ts';

const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

test('the master is found through sentinels, of which some may be down', async () => {
  const master = await startRedis();
  ends.push(() => master.stop());
  const limits = redisLimits({
    url: `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${await startSentinel(master.port)}/main/1`,
  });
  ends.push(() => limits.close());
  await limits.connect();
  expect(await limits.reserve([claim()], 0)).toMatchObject({ hold: 'granted' });
  await master.kill();
  expect(await limits.reserve([claim()], 0)).toMatchObject({ hold: 'unknown' });
  await master.start();
  await expect
    .poll(async () => (await limits.reserve([claim()], 0)).hold, { timeout: 5_000 })
    .toBe('granted');
});

async function startSentinel(masterPort: number): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsentinel monitor main 127.0.0.1 ${masterPort} 1\n`,
  );
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  ends.push(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  return port;
}
