import { ok, type Reply, unauthorized } from '../errors.ts';
import type { Ask } from '../operation.ts';

/** GET /api/jwt/validate: the claims of a token whose signature and times are good. */
export function validate({ caller }: Ask): Reply {
  return caller.as === 'jwt' ? ok({ jwt: caller.claims }) : unauthorized;
}
