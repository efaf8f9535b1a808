import { randomUUID } from 'node:crypto';
import { tokenCookies } from '../cookies.ts';
import { type FieldError, invalid, missing, notFound, type Reply, refused, unauthorized } from '../errors.ts';
import { objectOf, textOf, uuidOf } from '../fields.ts';
import type { Draft, JsonObject } from '../json.ts';
import type { Ask } from '../operation.ts';
import { addRefreshToken } from '../refresh-tokens.ts';
import { visible } from '../tenant-scope.ts';
import { accessToken, seconds, verifyJwt } from '../tokens.ts';
import {
  type Application,
  type IdentityProvider,
  logEvent,
  type RefreshToken,
  type User,
  type World,
} from '../world.ts';

/** POST /api/jwt/reconcile: logs a person in by a token of an External JWT identity provider. */
export async function reconcile(ask: Ask): Promise<Reply> {
  const { world, body, scope } = ask;
  const applicationId = uuidOf(body.json, 'applicationId');
  const providerId = uuidOf(body.json, 'identityProviderId');
  const external = textOf(objectOf(body.json, 'data') ?? null, 'token') ?? textOf(body.json, 'encodedJWT');
  if (!applicationId || !providerId || !external) {
    return refused(required({ applicationId, identityProviderId: providerId, 'data.token': external }));
  }
  const application = visible(scope, world.applications.get(applicationId));
  if (application === undefined) {
    return refused([invalid('applicationId', `No application exists with an Id [${applicationId}].`)]);
  }
  const provider = world.identityProviders.get(providerId);
  const rule = provider?.applications.get(applicationId);
  if (provider === undefined || rule === undefined) return unauthorized;
  const claims = await verifyJwt(new Map([[provider.key.kid, provider.key]]), external, world.now());
  const identity = claims && identityOf(provider, claims);
  if (!identity) return unauthorized;
  const user = personOf(ask, application, provider, identity);
  if (user === null) return notFound;
  if (rule.createRegistration) register(world, user, application);
  return logIn(ask, user, application);
}

function required(fields: { readonly [name: string]: string | undefined }): readonly FieldError[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [missing(name)] : []));
}

/** The unique claim's value, or null where it is missing or of a domain that the provider does not manage. */
function identityOf(provider: IdentityProvider, claims: JsonObject): string | null {
  const identity = textOf(claims, provider.uniqueIdentityClaim);
  if (identity === undefined) return null;
  const domain = identity.split('@')[1]?.toLowerCase();
  const isManaged =
    provider.domains.length === 0 || (domain !== undefined && provider.domains.includes(domain));
  return isManaged ? identity : null;
}

/** The linked, found or new user; null where `noLink` forbids a link that is not there yet. */
function personOf(
  { world, body }: Ask,
  application: Application,
  provider: IdentityProvider,
  identity: string,
): User | null {
  const { tenantId } = application;
  const name = identity.toLowerCase();
  const found = [...world.users.values()].find(
    (user) =>
      user.tenantId === tenantId &&
      (user.email?.toLowerCase() === name || user.username?.toLowerCase() === name),
  );
  if (!found?.links.has(provider.id) && body.json?.['noLink'] === true) return null;
  const user = found ?? newUser(world, tenantId, identity);
  user.links.add(provider.id);
  return user;
}

function newUser(world: World, tenantId: string, identity: string): User {
  const isEmail = identity.includes('@');
  const user: User = {
    id: randomUUID(),
    tenantId,
    email: isEmail ? identity : null,
    username: isEmail ? null : identity,
    verified: true,
    insertInstant: world.now(),
    lastLoginInstant: null,
    registrations: new Map(),
    links: new Set(),
  };
  world.users.set(user.id, user);
  logEvent(world, { type: 'user.create', tenantId, applicationId: null, userId: user.id, info: {} });
  return user;
}

function register(world: World, user: User, application: Application): void {
  if (user.registrations.has(application.id)) return;
  const roles = application.roles.filter((role) => role.isDefault).map((role) => role.name);
  user.registrations.set(application.id, roles);
  logEvent(world, {
    type: 'user.registration.create',
    tenantId: user.tenantId,
    applicationId: application.id,
    userId: user.id,
    info: { roles },
  });
}

async function logIn(ask: Ask, user: User, application: Application): Promise<Reply> {
  const { world, request, body } = ask;
  user.lastLoginInstant = world.now();
  logEvent(world, {
    type: 'user.login.success',
    tenantId: user.tenantId,
    applicationId: application.id,
    userId: user.id,
    info: { authenticationType: 'FEDERATED_JWT' },
  });
  const status = user.registrations.has(application.id) ? 200 : 202;
  if (body.json?.['noJWT'] === true) return { status, body: { user: shownUser(user) } };
  const refresh = application.generateRefreshTokens ? loginRefreshToken(ask, user, application) : undefined;
  const { timeToLiveInSeconds, refreshTokenTimeToLiveInMinutes: minutes } = application.jwt;
  const authTime = seconds(world.now());
  const exp = authTime + timeToLiveInSeconds;
  const token = await accessToken(world, {
    user,
    application,
    authenticationType: 'FEDERATED_JWT',
    authTime,
    exp,
    sid: refresh?.id,
  });
  return {
    status,
    body: {
      refreshToken: refresh?.token,
      refreshTokenId: refresh?.id,
      token,
      tokenExpirationInstant: exp * 1000,
      user: shownUser(user),
    },
    cookies: tokenCookies(request, { access: token, refresh: refresh && { value: refresh.token, minutes } }),
  };
}

function loginRefreshToken(
  { world, request, body }: Ask,
  user: User,
  application: Application,
): RefreshToken {
  const metaData = objectOf(body.json, 'metaData') ?? null;
  const device = {
    ...objectOf(metaData, 'device'),
    lastAccessedAddress: textOf(body.json, 'ipAddress') ?? request.address,
    lastAccessedInstant: world.now(),
  };
  return addRefreshToken(world, { user, applicationId: application.id, metaData: { ...metaData, device } });
}

function shownUser(user: User): Draft {
  return {
    active: true,
    email: user.email ?? undefined,
    id: user.id,
    insertInstant: user.insertInstant,
    lastLoginInstant: user.lastLoginInstant ?? undefined,
    registrations: [...user.registrations].map(([applicationId, roles]) => ({ applicationId, roles })),
    tenantId: user.tenantId,
    username: user.username ?? undefined,
    verified: user.verified,
  };
}
