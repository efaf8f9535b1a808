import { hash, randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Guard, GuardedAct } from '../../model/index.ts';

const PER_MINUTE: Readonly<Record<GuardedAct, number>> = {
  new_session: 1200,
  failed_authentication: 60,
  recorded_refusal: 600,
  bad_request: 3000,
  token_request: 1200,
};

/** Counts acts per minute of each address or identity; a limit is acts per minute, in this process. */
export function guard(limits: Partial<Record<GuardedAct, number>> = {}): Guard {
  const perMinute = { ...PER_MINUTE, ...limits };
  const limiter = (points: number) => new RateLimiterMemory({ points, duration: 60 });
  const limiters: Readonly<Record<GuardedAct, RateLimiterMemory>> = {
    new_session: limiter(perMinute.new_session),
    failed_authentication: limiter(perMinute.failed_authentication),
    recorded_refusal: limiter(perMinute.recorded_refusal),
    bad_request: limiter(perMinute.bad_request),
    token_request: limiter(perMinute.token_request),
  };
  const secret = randomBytes(32).toString('hex');
  return {
    async count(act, who) {
      try {
        await limiters[act].consume(slotOf(who, secret));
        return null;
      } catch (full) {
        if (full instanceof RateLimiterRes) return { retryAfterMs: Math.max(1, full.msBeforeNext) };
        throw full;
      }
    },
    async look(act, who) {
      const held = await limiters[act].get(slotOf(who, secret));
      if (held === null || held.consumedPoints < limiters[act].points) return null;
      return { retryAfterMs: Math.max(1, held.msBeforeNext) };
    },
  };
}

// 65 536 slots bound the memory however many addresses come; the secret keeps anyone from choosing whose slot to fill.
function slotOf(who: string, secret: string): string {
  return hash('sha256', secret + networkOf(who)).slice(0, 4);
}

// A client is given a whole IPv6 /64 and could call from another address of it each time.
function networkOf(who: string): string {
  if (!who.includes(':') || !isIPv6(who) || who.includes('.')) return who;
  const [head = '', tail] = who.split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
