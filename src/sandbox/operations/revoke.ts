import {
  done,
  type FieldError,
  general,
  invalid,
  notFound,
  type Reply,
  refused,
  unauthorized,
} from '../errors.ts';
import { type Converted, convert, optionalUuid, requiredUuid, textOf, uuidOf } from '../fields.ts';
import type { Ask } from '../operation.ts';
import { isLive, liveById, liveByValue, removeRefreshToken } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';
import { logEvent, type RefreshToken, type World } from '../world.ts';

/** What a bulk form can be narrowed by. */
interface Selectors {
  readonly token: string | undefined;
  readonly userId: Converted;
  readonly applicationId: Converted;
}

/** DELETE /api/jwt/refresh: one token by its value, or all of a user, an application, or both. */
export function revoke(ask: Ask): Reply {
  const selectors = selectorsOf(ask);
  const { token, userId, applicationId } = selectors;
  const wrong = [...optionalUuid('userId', userId), ...optionalUuid('applicationId', applicationId)];
  if (wrong.length > 0) return refused(wrong);
  if (token !== undefined) {
    if (userId !== undefined || applicationId !== undefined) {
      return refused([invalid('token', 'It cannot be combined with [userId] or [applicationId].')]);
    }
    return revokeOne(ask, visible(ask.scope, liveByValue(ask.world, token)));
  }
  // The bulk forms are for API keys alone.
  if (ask.caller.as !== 'api_key') return unauthorized;
  if (!userId && !applicationId) {
    return general('[missing]', 'One of [token], [userId] or [applicationId] is required.');
  }
  const unknown = unknownEntities(ask, selectors);
  if (unknown.length > 0) return refused(unknown);
  revokeAll(ask.world, { userId: userId ?? null, applicationId: applicationId ?? null });
  return done;
}

/** DELETE /api/jwt/refresh/{tokenId}: one token by its id. */
export function revokeById(ask: Ask): Reply {
  const id = convert(ask.tokenId);
  if (!id) return refused(requiredUuid('tokenId', id));
  return revokeOne(ask, visible(ask.scope, liveById(ask.world, id)));
}

/** Removes every token that matches, expired ones too, and notes it once if one of them was still alive. */
export function revokeAll(
  world: World,
  which: { readonly userId: string | null; readonly applicationId: string | null },
): void {
  const { userId, applicationId } = which;
  const candidates =
    userId === null ? world.refreshTokens.byId.values() : world.refreshTokens.byUser.get(userId);
  const matching = [...(candidates ?? [])].filter(
    (token) => applicationId === null || token.applicationId === applicationId,
  );
  const [live] = matching.filter((token) => isLive(world, token));
  for (const token of matching) removeRefreshToken(world, token);
  if (live === undefined) return;
  const info = { revoked: matching.length };
  logEvent(world, { type: 'jwt.refresh-token.revoke', tenantId: live.tenantId, applicationId, userId, info });
}

/** Removes one token and notes it. */
export function revokeSingle(world: World, token: RefreshToken): void {
  const { id, tenantId, applicationId, userId } = token;
  removeRefreshToken(world, token);
  logEvent(world, {
    type: 'jwt.refresh-token.revoke',
    tenantId,
    applicationId,
    userId,
    info: { refreshTokenId: id },
  });
}

function revokeOne({ world, caller }: Ask, token: RefreshToken | undefined): Reply {
  if (token === undefined) return notFound;
  if (caller.as === 'jwt' && caller.claims['sub'] !== token.userId) return unauthorized;
  revokeSingle(world, token);
  return done;
}

function selectorsOf({ request, body }: Ask): Selectors {
  const parameter = (name: string) => request.query.get(name) || body.form?.get(name) || undefined;
  const uuid = (name: string) => convert(parameter(name) ?? uuidOf(body.json, name));
  return {
    token: parameter('token') ?? textOf(body.json, 'token'),
    userId: uuid('userId'),
    applicationId: uuid('applicationId'),
  };
}

function unknownEntities({ world, scope }: Ask, { userId, applicationId }: Selectors): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (userId && !visible(scope, world.users.get(userId))) {
    errors.push(invalid('userId', `No user exists with an Id [${userId}].`));
  }
  if (applicationId && !visible(scope, world.applications.get(applicationId))) {
    errors.push(invalid('applicationId', `No application exists with an Id [${applicationId}].`));
  }
  return errors;
}
