import type { Once } from '../../model/tokens.ts';

const MAX_KEYS = 100_000;

/** Remembers keys in this process. Where too many are remembered, no new one is taken until some are over. */
export function once(maxKeys = MAX_KEYS): Once {
  const until = new Map<string, number>();
  return {
    take(key, end, at) {
      if (until.size >= maxKeys) for (const [each, over] of until) if (over <= at) until.delete(each);
      const taken = until.get(key);
      if ((taken !== undefined && taken > at) || until.size >= maxKeys) return false;
      until.set(key, end);
      return true;
    },
  };
}
