import { hash } from 'node:crypto';
import type { Limits } from '../../model/index.ts';
import type { Once } from '../../model/tokens.ts';

/** The window is the same for every key, since a counter of another window is another counter. */
const DAY = { kind: 'sliding', ms: 24 * 3600 * 1000 } as const;

/** Keys as counters that hold one, wherever limits are kept: in this process, or in Redis for all that share it. */
export function onceIn(limits: Pick<Limits, 'reserve'>): Once {
  return {
    async take(key, at) {
      const counter = `once:${hash('sha256', key, 'base64url')}`;
      const claim = {
        rule: 'once',
        counter,
        window: DAY,
        per: 'everyone',
        kind: 'calls',
        unit: 'one',
      } as const;
      const hold = await limits.reserve(
        [{ ...claim, max: 1, cost: 1, observedRule: null, because: null }],
        at,
      );
      if (hold.hold === 'unknown') return { unknown: hold.why };
      return hold.hold === 'granted' ? 'fresh' : 'used';
    },
  };
}
