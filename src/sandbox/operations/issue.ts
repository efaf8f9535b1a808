import { invalid, type Reply, refused, unauthorized } from '../errors.ts';
import { convert, requiredUuid } from '../fields.ts';
import type { JsonObject } from '../json.ts';
import type { Ask } from '../operation.ts';
import { addRefreshToken, liveByValue } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';
import { accessToken, seconds } from '../tokens.ts';
import { type Application, existing, type RefreshToken, type User } from '../world.ts';

/** GET /api/jwt/issue: the presented token once more, for another application. */
export async function issue(ask: Ask): Promise<Reply> {
  const { world, request, caller, scope } = ask;
  const applicationId = convert(request.query.get('applicationId'));
  if (!applicationId) return refused(requiredUuid('applicationId', applicationId));
  if (caller.as !== 'jwt') return unauthorized;
  const user = visible(scope, world.users.get(String(caller.claims['sub'])));
  if (user === undefined) return unauthorized;
  const application = visible(scope, world.applications.get(applicationId));
  if (application === undefined || application.tenantId !== user.tenantId) {
    return refused([invalid('applicationId', `No application exists with an Id [${applicationId}].`)]);
  }
  const authTime =
    numberOf(caller.claims, 'auth_time') ?? numberOf(caller.claims, 'iat') ?? seconds(world.now());
  const refresh = derivedRefreshToken(ask, user, application);
  const token = await accessToken(world, {
    user,
    application,
    authenticationType: 'JWT_SSO',
    authTime,
    exp: numberOf(caller.claims, 'exp') ?? seconds(world.now()) + application.jwt.timeToLiveInSeconds,
    sid: refresh?.id,
  });
  const status = user.registrations.has(application.id) ? 200 : 202;
  return { status, body: { token, refreshToken: refresh?.token } };
}

/** A token for the target that ends when the sent one ends; null where a condition for it does not hold. */
function derivedRefreshToken(ask: Ask, user: User, application: Application): RefreshToken | null {
  const { world, request } = ask;
  const value = request.cookies.get('refresh_token') || request.query.get('refreshToken');
  const sent = value ? liveByValue(world, value) : null;
  if (sent === null || sent.applicationId === null || sent.userId !== user.id) return null;
  const source = existing(world.applications, sent.applicationId);
  const isSamePolicy =
    source.jwt.refreshTokenExpirationPolicy === application.jwt.refreshTokenExpirationPolicy;
  if (!application.generateRefreshTokens || !isSamePolicy) return null;
  const { startInstant, authTime, metaData } = sent;
  return addRefreshToken(world, { user, applicationId: application.id, startInstant, authTime, metaData });
}

function numberOf(claims: JsonObject, name: string): number | undefined {
  const value = claims[name];
  return typeof value === 'number' ? value : undefined;
}
