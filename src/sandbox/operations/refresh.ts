import { tokenCookies } from '../cookies.ts';
import { invalid, missing, ok, type Reply, refused } from '../errors.ts';
import { textOf } from '../fields.ts';
import { isObject } from '../json.ts';
import type { Ask } from '../operation.ts';
import { noBody } from '../read-body.ts';
import { isLive, rotate } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';
import { accessToken, seconds } from '../tokens.ts';
import { type Application, existing, logEvent, type RefreshToken } from '../world.ts';
import { revokeSingle } from './revoke.ts';

/** POST /api/jwt/refresh: a refresh token for a new access token. */
export async function refresh(ask: Ask): Promise<Reply> {
  const { world, request, body } = ask;
  const value = request.cookies.get('refresh_token') || textOf(body.json, 'refreshToken');
  if (value === undefined) return body.json === null ? noBody : refused([missing('refreshToken')]);
  const token = usable(ask, value);
  if (token === null || token.applicationId === null) return refused([unusable]);
  const application = existing(world.applications, token.applicationId);
  if (!application.allowTokenRefresh) {
    return refused([invalid('applicationId', 'The application does not allow refresh tokens to be used.')]);
  }
  const ttl = body.json?.['timeToLiveInSeconds'] ?? application.jwt.timeToLiveInSeconds;
  if (typeof ttl !== 'number' || ttl < 1 || ttl > application.jwt.timeToLiveInSeconds) {
    return refused([
      invalid('timeToLiveInSeconds', 'It must be positive and not exceed the configured one.'),
    ]);
  }
  use(ask, token, value, application);
  const access = await accessToken(world, {
    user: existing(world.users, token.userId),
    application,
    authenticationType: 'REFRESH_TOKEN',
    authTime: token.authTime,
    exp: seconds(world.now()) + ttl,
    sid: token.id,
    resources: resourcesOf(token),
  });
  const minutes = application.jwt.refreshTokenTimeToLiveInMinutes;
  return {
    ...ok({ refreshToken: token.token, refreshTokenId: token.id, token: access }),
    cookies: tokenCookies(request, { access, refresh: { value: token.token, minutes } }),
  };
}

const unusable = invalid('refreshToken', 'The refresh token is expired, revoked or was never issued.');

/** The live token that this value may still use; a spent value counts within the grace period, and costs the token after it. */
function usable({ world, scope }: Ask, value: string): RefreshToken | null {
  const token = visible(scope, world.refreshTokens.byValue.get(value));
  if (token === undefined || !isLive(world, token)) return null;
  const spentAt = token.spent.get(value);
  if (spentAt === undefined) return token;
  const jwt = existing(world.applications, token.applicationId ?? '').jwt;
  if (world.now() < spentAt + jwt.gracePeriodInSeconds * 1000) return token;
  if (jwt.onOneTimeTokenReuse) revokeSingle(world, token);
  return null;
}

function use(
  { world, request, body }: Ask,
  token: RefreshToken,
  value: string,
  application: Application,
): void {
  const { refreshTokenUsagePolicy, refreshTokenExpirationPolicy } = application.jwt;
  // Within the grace period the old value gives the current one and does not rotate again.
  if (refreshTokenUsagePolicy === 'OneTimeUse' && value === token.token) rotate(world, token);
  if (refreshTokenExpirationPolicy !== 'Fixed') token.startInstant = world.now();
  const device = isObject(token.metaData['device']) ? token.metaData['device'] : {};
  const accessed = { lastAccessedAddress: request.address, lastAccessedInstant: world.now() };
  token.metaData = { ...token.metaData, device: { ...device, ...accessed } };
  const hasOriginal = request.cookies.has('access_token') || textOf(body.json, 'token') !== undefined;
  const { id: refreshTokenId, tenantId, applicationId, userId } = token;
  const info = { refreshTokenId, hasOriginal };
  logEvent(world, { type: 'jwt.refresh', tenantId, applicationId, userId, info });
}

function resourcesOf(token: RefreshToken): readonly string[] {
  const { resources } = token.metaData;
  return Array.isArray(resources) ? resources.filter((item) => typeof item === 'string') : [];
}
