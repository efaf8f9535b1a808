import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { redisLimits } from '../../../src/adapters/limits/redis.ts';
import { startRedis } from '../../support/redis.ts';
import { claim, granted, reserve, type Setting, used } from './claims.ts';
import { startRoad } from './road.ts';

const MAX = 20;
const LIMIT = claim({ max: MAX });
/** On the same counter. */
const ROOMY = claim({ max: 1e9 });

/** A master and its replica, each reached by a road, and a proxy's limits on whoever is master. */
async function startPair(...masterArgs: string[]) {
  const master = await startRedis(...masterArgs, '--repl-diskless-sync-delay', '0');
  onTestFinished(() => master.stop());
  const replication = await startRoad(master.port);
  onTestFinished(() => replication.close());
  const replica = await startRedis('--replicaof', '127.0.0.1', `${replication.port}`);
  onTestFinished(() => replica.stop());
  const way = await startRoad(master.port);
  onTestFinished(() => way.close());
  const [onMaster, onReplica] = [new Redis(master.url), new Redis(replica.url)];
  onTestFinished(() => [onMaster, onReplica].forEach((client) => void client.disconnect()));
  await expect
    .poll(() => onReplica.info('replication'), { timeout: 10_000 })
    .toContain('master_link_status:up');
  // Not about time: a busy machine is no outage.
  const limits = redisLimits({ url: `redis://127.0.0.1:${way.port}`, commandTimeoutMs: 5_000 });
  onTestFinished(() => limits.close());
  await limits.connect();
  const s: Setting = { limits, now: Date.now, pass: async (ms) => void (await sleep(ms)) };
  return {
    s,
    /** Returns once the replica has all that the master has. */
    async replicate() {
      // WAIT speaks of what its own connection wrote; what is written last is replicated last.
      await onMaster.set('last', '');
      expect(await onMaster.wait(1, 5_000)).toBe(1);
    },
    /** From here on the replica hears nothing, and neither of the two is told. */
    loseReplication: () => replication.loseConnections(),
    async failOver() {
      onMaster.disconnect();
      await master.kill();
      await onReplica.replicaof('NO', 'ONE');
      way.leadTo(replica.port);
      // Asks for nothing, until the connection has found the new master.
      const free = claim({ counter: 'free', cost: 0 });
      await expect.poll(async () => (await reserve(s, free)).hold, { timeout: 5_000 }).toBe('granted');
    },
  };
}

async function grant(s: Setting, calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) await granted(s, LIMIT);
}

/** How many calls are let through until one is refused. */
async function admit(s: Setting): Promise<number> {
  for (let calls = 0; ; calls++) {
    const { hold } = await reserve(s, LIMIT);
    if (hold === 'refused') return calls;
    expect(hold).toBe('granted');
  }
}

test.each([
  { kept: 8, lost: 5 },
  { kept: 0, lost: MAX },
  { kept: MAX - 1, lost: 1 },
  { kept: 13, lost: 0 },
])(
  'of $kept calls that the replica heard and $lost that it did not, a failover admits again exactly the $lost',
  async ({ kept, lost }) => {
    const { s, replicate, loseReplication, failOver } = await startPair();
    await grant(s, kept);
    await replicate();
    loseReplication();
    await grant(s, lost);
    expect(await used(s, LIMIT)).toBe(kept + lost);
    await failOver();
    expect(await used(s, LIMIT)).toBe(kept);
    expect(kept + lost + (await admit(s))).toBe(MAX + lost);
  },
);

test('a refund of a call that was lost gives back no more than that call', async () => {
  const { s, loseReplication, failOver, replicate } = await startPair();
  await grant(s, 8);
  await replicate();
  loseReplication();
  const ticket = await granted(s, LIMIT);
  await failOver();
  await s.limits.settle(ticket, 'refund', Date.now());
  // The call that was given back never arrived; those that did are at most `max` and the one that was lost.
  expect(8 + (await admit(s))).toBeLessThanOrEqual(MAX + 1);
});

test('with min-replicas-to-write a master that hears no replica refuses, and nothing is lost from then on', async () => {
  const { s, replicate, loseReplication, failOver } = await startPair(
    ...['--min-replicas-to-write', '1', '--min-replicas-max-lag', '3'],
  );
  // A master counts its replicas once a second.
  const free = claim({ counter: 'free', cost: 0 });
  await expect.poll(async () => (await reserve(s, free)).hold, { timeout: 5_000 }).toBe('granted');
  await grant(s, 8);
  await replicate();
  loseReplication();
  let lost = 0;
  for (;;) {
    const hold = await reserve(s, ROOMY);
    if (hold.hold === 'unknown') {
      expect(hold.why).toContain('NOREPLICAS');
      break;
    }
    lost += 1;
    await sleep(20);
  }
  for (let i = 0; i < 5; i++) expect(await reserve(s, ROOMY)).toMatchObject({ hold: 'unknown' });
  await failOver();
  expect(await used(s, LIMIT)).toBe(8);
  expect(lost).toBeGreaterThan(0);
  expect(8 + (await admit(s))).toBe(MAX);
}, 20_000);
