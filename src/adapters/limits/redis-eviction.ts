import { Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/** How the masters would make room for what is new: by dropping counters, or not at all. */
export interface Eviction {
  /** Policies that drop counters, of masters that have a bound at which they begin to. */
  readonly evicting: readonly string[];
  /** The same of masters without a bound, which drop nothing until they are given one. */
  readonly unbounded: readonly string[];
  /** Some master may not be asked. */
  readonly isUnknown: boolean;
}

/** Asks every master. */
export async function askEviction(client: RedisClient): Promise<Eviction> {
  const masters = client instanceof Redis ? [client] : client.nodes('master');
  const found = await Promise.all(masters.map(settingOf));
  const policies = (isBounded: boolean) => [
    ...new Set(
      found.flatMap((one) => (one.isBounded === isBounded && one.policy !== KEEPS ? (one.policy ?? []) : [])),
    ),
  ];
  return {
    evicting: policies(true),
    unbounded: policies(false),
    isUnknown: found.some(({ policy }) => policy === null),
  };
}

const KEEPS = 'noeviction';

// INFO is allowed where a hosted Redis forbids CONFIG. Where it is forbidden too, that is no outage.
async function settingOf(master: Redis): Promise<{ policy: string | null; isBounded: boolean }> {
  const text = await master.info('memory').catch(() => '');
  const [, policy = null] = /^maxmemory_policy:([a-z-]+)\r?$/m.exec(text) ?? [];
  // Without the bound nobody knows that there is none.
  return { policy, isBounded: !/^maxmemory:0\r?$/m.test(text) };
}
