import { notFound, ok, type Reply, refused, tenantIdRequired } from '../errors.ts';
import { convert, requiredUuid } from '../fields.ts';
import type { Ask } from '../operation.ts';
import { liveById, liveOfUser, shown } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';

/** GET /api/jwt/refresh: a user's live refresh tokens, secrets included. */
export function listTokens({ world, request, scope }: Ask): Reply {
  if (scope === 'every tenant') return tenantIdRequired;
  const userId = convert(request.query.get('userId'));
  if (!userId) return refused(requiredUuid('userId', userId));
  const tokens = visible(scope, world.users.get(userId)) ? liveOfUser(world, userId) : [];
  const isAbsent = tokens.length === 0 && world.assumptions.emptyTokenList === 'absent';
  return ok(isAbsent ? {} : { refreshTokens: tokens.map(shown) });
}

/** GET /api/jwt/refresh/{tokenId}: one live refresh token, secret included. */
export function getToken({ world, scope, tokenId }: Ask): Reply {
  const id = convert(tokenId);
  if (!id) return refused(requiredUuid('tokenId', id));
  const token = visible(scope, liveById(world, id));
  return token ? ok({ refreshToken: shown(token) }) : notFound;
}
