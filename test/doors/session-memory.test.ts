import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { mintSessionId } from '../../src/doors/session-id.ts';
import { call, post, SECRET, startHttp } from './support.ts';

const SESSIONS = 4000;
const MAX_BYTES = 4 * 1024;

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

/** What is held after a garbage collection. */
function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('a session that has listed and called costs at most 4 KiB', async () => {
  const door = await startHttp();
  const useSessions = async (count: number) => {
    const work = async (i: number) => {
      const own = { 'mcp-session-id': mintSessionId(SECRET, 'anonymous', Date.now()) };
      const listed = await post(door.url, { jsonrpc: '2.0', id: i, method: 'tools/list' }, own);
      const called = await post(door.url, call(i, 'echo'), own);
      expect([listed.status, called.status]).toEqual([200, 200]);
    };
    for (let i = 0; i < count; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, j) => work(i + j)));
    // The gate of the test remembers calls; the door's is not asked to.
    door.gate.calls.length = 0;
    door.gate.ended.length = 0;
    door.guard.counted.length = 0;
  };
  await useSessions(500);
  const before = heldBytes();
  await useSessions(SESSIONS);
  expect((heldBytes() - before) / SESSIONS).toBeLessThan(MAX_BYTES);
  await door.close();
});
