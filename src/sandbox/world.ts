import type { Json, JsonObject } from './json.ts';
import type { Key } from './keys.ts';

/** Everything the server knows. Its maps change as calls come in. */
export interface World {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** In seed order; the first is the default tenant. */
  readonly tenants: ReadonlyMap<string, Tenant>;
  readonly applications: ReadonlyMap<string, Application>;
  readonly keys: ReadonlyMap<string, Key>;
  readonly keysByKid: ReadonlyMap<string, Key>;
  readonly users: Map<string, User>;
  readonly identityProviders: ReadonlyMap<string, IdentityProvider>;
  /** By the key's own value. */
  readonly apiKeys: ReadonlyMap<string, ApiKey>;
  readonly refreshTokens: RefreshTokens;
  /** The last 10000. */
  readonly events: LoggedEvent[];
  readonly assumptions: Assumptions;
}

/** Two answers that are not publicly known; a seed may choose the other one. */
export interface Assumptions {
  /** What the list of a user without refresh tokens looks like. */
  readonly emptyTokenList: 'array' | 'absent';
  /** Where several tenants exist and a vend names none. */
  readonly vendWithoutTenant: 'default' | 'refused';
}

/** A namespace of users and applications. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  /** Life of a single sign-on token since its start. */
  readonly httpSessionMaxInactiveInterval: number;
  readonly jwt: JwtSettings;
}

/** What people log in to. */
export interface Application {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly roles: readonly { readonly name: string; readonly isDefault: boolean }[];
  readonly allowTokenRefresh: boolean;
  readonly generateRefreshTokens: boolean;
  /** Its own where it has any, else its tenant's. */
  readonly jwt: JwtSettings;
  readonly jwtIsOwn: boolean;
}

/** When a refresh token ends. */
export type ExpirationPolicy = 'Fixed' | 'SlidingWindow' | 'SlidingWindowWithMaximumLifetime';

/** How tokens are made and how long they live, under the names of FusionAuth's own configuration. */
export interface JwtSettings {
  readonly accessTokenKeyId: string;
  readonly timeToLiveInSeconds: number;
  readonly refreshTokenTimeToLiveInMinutes: number;
  readonly refreshTokenExpirationPolicy: ExpirationPolicy;
  readonly refreshTokenUsagePolicy: 'Reusable' | 'OneTimeUse';
  readonly gracePeriodInSeconds: number;
  readonly onOneTimeTokenReuse: boolean;
  readonly maximumTimeToLiveInMinutes: number;
}

/** A person. */
export interface User {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly verified: boolean;
  readonly insertInstant: number;
  lastLoginInstant: number | null;
  /** Role names by application id. */
  readonly registrations: Map<string, readonly string[]>;
  /** Identity providers this user is linked to. */
  readonly links: Set<string>;
}

/** An External JWT identity provider; the sandbox holds its private key, so that a test can be that provider. */
export interface IdentityProvider {
  readonly id: string;
  readonly name: string;
  readonly key: Key;
  readonly uniqueIdentityClaim: string;
  /** Empty: any. */
  readonly domains: readonly string[];
  readonly applications: ReadonlyMap<string, { readonly createRegistration: boolean }>;
}

/** What an API key may do. */
export interface ApiKey {
  /** null: every tenant. */
  readonly tenantId: string | null;
  readonly expirationInstant: number | null;
  /** Methods by endpoint; null: everything. */
  readonly endpoints: ReadonlyMap<string, ReadonlySet<string>> | null;
}

/** A refresh token; `id` is no secret, `token` is. */
export interface RefreshToken {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  /** null: a single sign-on token. */
  readonly applicationId: string | null;
  readonly insertInstant: number;
  startInstant: number;
  token: string;
  /** Seconds; when the person logged in. */
  readonly authTime: number;
  metaData: JsonObject;
  /** Values that were used up, and when: milliseconds. */
  readonly spent: Map<string, number>;
}

/** All refresh tokens, found three ways. */
export interface RefreshTokens {
  readonly byId: Map<string, RefreshToken>;
  /** Current and spent values. */
  readonly byValue: Map<string, RefreshToken>;
  readonly byUser: Map<string, Set<RefreshToken>>;
}

/** What FusionAuth would have sent to a webhook, without token values. */
export interface LoggedEvent {
  readonly type:
    | 'jwt.refresh'
    | 'jwt.refresh-token.revoke'
    | 'user.login.success'
    | 'user.create'
    | 'user.registration.create';
  readonly createInstant: number;
  readonly tenantId: string | null;
  readonly applicationId: string | null;
  readonly userId: string | null;
  readonly info: { readonly [name: string]: Json };
}

const MAX_EVENTS = 10_000;

/** Notes an event and forgets the oldest past 10000. */
export function logEvent(world: World, event: Omit<LoggedEvent, 'createInstant'>): void {
  world.events.push({ ...event, createInstant: world.now() });
  if (world.events.length > MAX_EVENTS) world.events.shift();
}

/** A row that must exist, because ids are checked when the world is built. */
export function existing<T>(rows: ReadonlyMap<string, T>, id: string): T {
  const row = rows.get(id);
  if (row === undefined) throw new Error(`no row with id \`${id}\``);
  return row;
}

/** The tenant that stands in where a request names none. */
export function defaultTenant(world: World): Tenant {
  const [first] = world.tenants.values();
  if (first === undefined) throw new Error('a world has at least one tenant');
  return first;
}
