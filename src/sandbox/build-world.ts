import { randomBytes } from 'node:crypto';
import { type Key, newKey } from './keys.ts';
import { addRefreshToken } from './refresh-tokens.ts';
import type {
  SeedApiKey,
  SeedApplication,
  SeedDocument,
  SeedIdentityProvider,
  SeedJwtConfiguration,
  SeedUser,
} from './seed.ts';
import {
  type ApiKey,
  type Application,
  existing,
  type JwtSettings,
  type Tenant,
  type User,
  type World,
} from './world.ts';

/** FusionAuth's defaults. */
const DEFAULTS = {
  timeToLiveInSeconds: 3600,
  refreshTokenTimeToLiveInMinutes: 43_200,
  httpSessionMaxInactiveInterval: 3600,
};

/** A checked seed -> a world, and one API key that it can be used with. */
export function buildWorld(
  seed: SeedDocument,
  now: () => number,
): { readonly world: World; readonly apiKey: string } {
  const keys = byId(seed.keys.map(newKey));
  const tenants = byId(seed.tenants.map(toTenant));
  const [first] = tenants.values();
  const defaultTenantId = first?.id ?? '';
  const applications = byId(
    (seed.applications ?? []).map((row) => toApplication(row, tenants, defaultTenantId)),
  );
  const users = byId((seed.users ?? []).map((row) => toUser(row, defaultTenantId, now())));
  const apiKeys = toApiKeys(seed.apiKeys);
  const world: World = {
    now,
    tenants,
    applications,
    keys,
    keysByKid: new Map([...keys.values()].map((key) => [key.kid, key])),
    users,
    identityProviders: byId((seed.identityProviders ?? []).map(toProvider)),
    apiKeys,
    refreshTokens: { byId: new Map(), byValue: new Map(), byUser: new Map() },
    events: [],
    assumptions: { emptyTokenList: 'array', vendWithoutTenant: 'default', ...seed.assumptions },
  };
  for (const row of seed.users ?? []) addTokens(world, row);
  const [apiKey] = apiKeys.keys();
  return { world, apiKey: apiKey ?? '' };
}

function toTenant(row: SeedDocument['tenants'][number]): Tenant {
  const { id, name, issuer = 'acme.com', httpSessionMaxInactiveInterval, jwtConfiguration } = row;
  return {
    id: id.toLowerCase(),
    name,
    issuer,
    httpSessionMaxInactiveInterval: httpSessionMaxInactiveInterval ?? DEFAULTS.httpSessionMaxInactiveInterval,
    jwt: toSettings(jwtConfiguration, jwtConfiguration.accessTokenKeyId ?? ''),
  };
}

function toApplication(
  row: SeedApplication,
  tenants: ReadonlyMap<string, Tenant>,
  defaultTenantId: string,
): Application {
  const tenantId = (row.tenantId ?? defaultTenantId).toLowerCase();
  const { jwt } = existing(tenants, tenantId);
  const own = row.jwtConfiguration?.enabled ? row.jwtConfiguration : null;
  return {
    id: row.id.toLowerCase(),
    tenantId,
    name: row.name,
    roles: (row.roles ?? []).map(({ name, isDefault = false }) => ({ name, isDefault })),
    allowTokenRefresh: row.loginConfiguration?.allowTokenRefresh ?? false,
    generateRefreshTokens: row.loginConfiguration?.generateRefreshTokens ?? false,
    jwt: own ? toSettings(own, own.accessTokenKeyId ?? jwt.accessTokenKeyId) : jwt,
    jwtIsOwn: own?.accessTokenKeyId !== undefined,
  };
}

function toSettings(row: SeedJwtConfiguration, keyId: string): JwtSettings {
  const sliding = row.refreshTokenSlidingWindowConfiguration;
  return {
    accessTokenKeyId: keyId.toLowerCase(),
    timeToLiveInSeconds: row.timeToLiveInSeconds ?? DEFAULTS.timeToLiveInSeconds,
    refreshTokenTimeToLiveInMinutes:
      row.refreshTokenTimeToLiveInMinutes ?? DEFAULTS.refreshTokenTimeToLiveInMinutes,
    refreshTokenExpirationPolicy: row.refreshTokenExpirationPolicy ?? 'Fixed',
    refreshTokenUsagePolicy: row.refreshTokenUsagePolicy ?? 'Reusable',
    gracePeriodInSeconds: row.refreshTokenOneTimeUseConfiguration?.gracePeriodInSeconds ?? 0,
    onOneTimeTokenReuse: row.refreshTokenRevocationPolicy?.onOneTimeTokenReuse ?? false,
    maximumTimeToLiveInMinutes:
      sliding?.maximumTimeToLiveInMinutes ?? DEFAULTS.refreshTokenTimeToLiveInMinutes,
  };
}

function toUser(row: SeedUser, defaultTenantId: string, insertInstant: number): User {
  const registrations = (row.registrations ?? []).map(
    ({ applicationId, roles = [] }) => [applicationId.toLowerCase(), roles] as const,
  );
  return {
    id: row.id.toLowerCase(),
    tenantId: (row.tenantId ?? defaultTenantId).toLowerCase(),
    email: row.email ?? null,
    username: row.username ?? null,
    verified: row.verified ?? true,
    insertInstant,
    lastLoginInstant: null,
    registrations: new Map(registrations),
    links: new Set(),
  };
}

function addTokens(world: World, row: SeedUser): void {
  for (const { applicationId, resources, id, ...rest } of row.refreshTokens ?? []) {
    addRefreshToken(world, {
      ...rest,
      id: id?.toLowerCase(),
      user: existing(world.users, row.id.toLowerCase()),
      applicationId: applicationId?.toLowerCase() ?? null,
      ...(resources && { metaData: { resources } }),
    });
  }
}

function toProvider(row: SeedIdentityProvider) {
  const { id, name, algorithm = 'ES256', uniqueIdentityClaim = 'email', domains = [] } = row;
  const applications = Object.entries(row.applicationConfiguration).map(
    ([applicationId, { createRegistration = false }]) =>
      [applicationId.toLowerCase(), { createRegistration }] as const,
  );
  return {
    id: id.toLowerCase(),
    name,
    key: newKey({ id, name, algorithm }) satisfies Key,
    uniqueIdentityClaim,
    domains: domains.map((domain) => domain.toLowerCase()),
    applications: new Map(applications),
  };
}

/** Without any in the seed, one that may do everything. */
function toApiKeys(rows: readonly SeedApiKey[] = []): ReadonlyMap<string, ApiKey> {
  const all = rows.length === 0 ? [{}] : rows;
  return new Map(all.map((row) => [row.key ?? randomBytes(48).toString('base64url'), toApiKey(row)]));
}

function toApiKey({ tenantId, expirationInstant, permissions }: SeedApiKey): ApiKey {
  const endpoints = Object.entries(permissions?.endpoints ?? {}).map(
    ([endpoint, methods]) => [endpoint, new Set(methods)] as const,
  );
  return {
    tenantId: tenantId?.toLowerCase() ?? null,
    expirationInstant: expirationInstant ?? null,
    endpoints: endpoints.length === 0 ? null : new Map(endpoints),
  };
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}
