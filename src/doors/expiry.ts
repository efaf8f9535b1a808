import type { Identity, Instant } from '../model/index.ts';

/** Until when somebody vouches for an identity: the `exp` of its token; Infinity where it came without one. */
export function expiryOf({ claims }: Identity): Instant {
  const exp = claims?.['exp'];
  return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
}
