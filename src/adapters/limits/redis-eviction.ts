import { Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/** The ways in which masters are set to make room that would drop counters; empty where none is, or none may be asked. */
export async function evictingPolicies(client: RedisClient): Promise<readonly string[]> {
  const masters = client instanceof Redis ? [client] : client.nodes('master');
  const policies = await Promise.all(masters.map(policyOf));
  return [...new Set(policies.flat())].filter((policy) => policy !== 'noeviction');
}

// INFO is allowed where a hosted Redis forbids CONFIG. Where it is forbidden too, that is no outage.
async function policyOf(master: Redis): Promise<readonly string[]> {
  const text = await master.info('memory').catch(() => '');
  return Array.from(text.matchAll(/^maxmemory_policy:([a-z-]+)\r?$/gm), ([, policy = '']) => policy);
}
