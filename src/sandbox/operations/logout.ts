import { deletedCookie } from '../cookies.ts';
import { done, type Reply } from '../errors.ts';
import { textOf } from '../fields.ts';
import type { Ask } from '../operation.ts';
import { liveByValue } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';
import { revokeAll, revokeSingle } from './revoke.ts';

/** POST /api/logout: forgets the refresh token, or with `global` all of its owner's; says 200 whatever it found. */
export function logout({ world, request, scope, body }: Ask): Reply {
  const { query, cookies } = request;
  const value =
    query.get('refreshToken') || textOf(body.json, 'refreshToken') || cookies.get('refresh_token');
  const isGlobal = query.has('global') ? query.get('global') === 'true' : body.json?.['global'] === true;
  const token = value ? visible(scope, liveByValue(world, value)) : undefined;
  if (token && isGlobal) revokeAll(world, { userId: token.userId, applicationId: null });
  else if (token) revokeSingle(world, token);
  return { ...done, cookies: [deletedCookie('access_token'), deletedCookie('refresh_token')] };
}
