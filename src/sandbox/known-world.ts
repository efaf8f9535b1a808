import type { Draft } from './json.ts';
import type { Algorithm } from './keys.ts';
import { addRefreshToken, liveOfUser } from './refresh-tokens.ts';
import { accessToken, encodeJwt, seconds } from './tokens.ts';
import { type Application, existing, type LoggedEvent, type User, type World } from './world.ts';

/** What a test or a demo may know of the world, and what it may do in it as a person would. */
export interface KnownWorld {
  /** The first is the default tenant. */
  readonly tenants: readonly { readonly id: string; readonly name: string; readonly issuer: string }[];
  readonly applications: readonly KnownApplication[];
  readonly users: readonly KnownUser[];
  readonly registrations: readonly KnownRegistration[];
  /** `id` goes to vend, `kid` to the public keys. */
  readonly keys: readonly {
    readonly id: string;
    readonly kid: string;
    readonly name: string;
    readonly algorithm: Algorithm;
  }[];
  /** Id of the External JWT identity provider, null where the seed has none. */
  readonly identityProviderId: string | null;
  /** What webhooks would have been told, oldest first, the last 10000. */
  readonly events: readonly LoggedEvent[];
  /** A user's live refresh tokens now, newest first, at most 1000; live secrets. */
  refreshTokens(userId: string): readonly KnownRefreshToken[];
  /** A token as a login by password would give it; it ends after the application's time to live. */
  accessToken(userId: string, applicationId: string): Promise<string>;
  /** A refresh token as a login would give it, even where the application generates none. */
  newRefreshToken(userId: string, applicationId: string): KnownRefreshToken;
  /** A token of the external identity provider; `iat` and `exp` (one hour on) are added, `claims` win. */
  externalJwt(claims: { readonly [name: string]: Draft }): Promise<string>;
}

/** An application as tests and demos need it. */
export interface KnownApplication {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly keyId: string;
  readonly allowTokenRefresh: boolean;
  readonly generateRefreshTokens: boolean;
  readonly refreshTokenUsagePolicy: 'Reusable' | 'OneTimeUse';
  readonly timeToLiveInSeconds: number;
}

/** A user, by id and by the names a login knows. */
export interface KnownUser {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
}

/** That a user belongs to an application, and as what. */
export interface KnownRegistration {
  readonly userId: string;
  readonly applicationId: string;
  readonly roles: readonly string[];
}

/** A refresh token with its live secret. */
export interface KnownRefreshToken {
  /** Not secret. */
  readonly id: string;
  /** The live secret. */
  readonly token: string;
  readonly userId: string;
  /** null: a single sign-on token. */
  readonly applicationId: string | null;
}

const HOUR_SECONDS = 3600;

type Lists = Pick<KnownWorld, 'tenants' | 'applications' | 'users' | 'registrations' | 'keys'>;
type Acts = Pick<KnownWorld, 'refreshTokens' | 'accessToken' | 'newRefreshToken' | 'externalJwt'>;

/** The window onto a world; lists are read anew at every look. */
export function knownWorld(world: World): KnownWorld {
  const fixed = { identityProviderId: [...world.identityProviders.keys()][0] ?? null, events: world.events };
  return Object.assign(lists(world), fixed, acts(world));
}

function lists(world: World): Lists {
  return {
    get tenants() {
      return [...world.tenants.values()].map(({ id, name, issuer }) => ({ id, name, issuer }));
    },
    get applications() {
      return [...world.applications.values()].map(toKnownApplication);
    },
    get users() {
      return [...world.users.values()].map(({ id, tenantId, email, username }) => ({
        id,
        tenantId,
        email,
        username,
      }));
    },
    get registrations() {
      return [...world.users.values()].flatMap(registrationsOf);
    },
    get keys() {
      return [...world.keys.values()].map(({ id, kid, name, algorithm }) => ({ id, kid, name, algorithm }));
    },
  };
}

function acts(world: World): Acts {
  return {
    refreshTokens: (userId) => liveOfUser(world, userId).map(toKnownToken),
    async accessToken(userId, applicationId) {
      const user = existing(world.users, userId);
      const application = existing(world.applications, applicationId);
      const authTime = seconds(world.now());
      const exp = authTime + application.jwt.timeToLiveInSeconds;
      return accessToken(world, { user, application, authenticationType: 'PASSWORD', authTime, exp });
    },
    newRefreshToken(userId, applicationId) {
      const { id } = existing(world.applications, applicationId);
      return toKnownToken(addRefreshToken(world, { user: existing(world.users, userId), applicationId: id }));
    },
    async externalJwt(claims) {
      const [provider] = world.identityProviders.values();
      if (provider === undefined) throw new Error('the seed has no identity provider');
      const iat = seconds(world.now());
      return encodeJwt(provider.key, { iat, exp: iat + HOUR_SECONDS, ...claims });
    },
  };
}

function toKnownApplication(application: Application): KnownApplication {
  const { id, tenantId, name, allowTokenRefresh, generateRefreshTokens, jwt } = application;
  const { accessTokenKeyId: keyId, refreshTokenUsagePolicy, timeToLiveInSeconds } = jwt;
  return {
    id,
    tenantId,
    name,
    keyId,
    allowTokenRefresh,
    generateRefreshTokens,
    refreshTokenUsagePolicy,
    timeToLiveInSeconds,
  };
}

function registrationsOf({ id, registrations }: User): readonly KnownRegistration[] {
  return [...registrations].map(([applicationId, roles]) => ({ userId: id, applicationId, roles }));
}

function toKnownToken(token: KnownRefreshToken): KnownRefreshToken {
  const { id, token: value, userId, applicationId } = token;
  return { id, token: value, userId, applicationId };
}
