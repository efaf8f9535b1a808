import type { Algorithm } from './keys.ts';
import type { Assumptions, ExpirationPolicy } from './world.ts';

/** A world to start with, under FusionAuth's own names; `docs/sandbox.md` describes the file. */
export interface SeedDocument {
  /** The first is the default tenant. */
  readonly tenants: readonly SeedTenant[];
  readonly keys: readonly SeedKey[];
  readonly applications?: readonly SeedApplication[];
  readonly users?: readonly SeedUser[];
  readonly identityProviders?: readonly SeedIdentityProvider[];
  readonly apiKeys?: readonly SeedApiKey[];
  readonly assumptions?: Partial<Assumptions>;
}

/** Settings of tokens; what is left out has FusionAuth's default. */
export interface SeedJwtConfiguration {
  /** Required in a tenant; an application without it uses its tenant's. */
  readonly accessTokenKeyId?: string;
  readonly timeToLiveInSeconds?: number;
  readonly refreshTokenTimeToLiveInMinutes?: number;
  readonly refreshTokenExpirationPolicy?: ExpirationPolicy;
  readonly refreshTokenUsagePolicy?: 'Reusable' | 'OneTimeUse';
  readonly refreshTokenOneTimeUseConfiguration?: { readonly gracePeriodInSeconds?: number };
  readonly refreshTokenRevocationPolicy?: { readonly onOneTimeTokenReuse?: boolean };
  readonly refreshTokenSlidingWindowConfiguration?: { readonly maximumTimeToLiveInMinutes?: number };
}

/** A namespace of users and applications. */
export interface SeedTenant {
  readonly id: string;
  readonly name: string;
  readonly issuer?: string;
  readonly httpSessionMaxInactiveInterval?: number;
  readonly jwtConfiguration: SeedJwtConfiguration;
}

/** A signing key. */
export interface SeedKey {
  readonly id: string;
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly kid?: string;
  /** HMAC alone, in UTF-8; every other key is generated. */
  readonly secret?: string;
}

/** What people log in to. */
export interface SeedApplication {
  readonly id: string;
  /** The default tenant where left out. */
  readonly tenantId?: string;
  readonly name: string;
  readonly roles?: readonly { readonly name: string; readonly isDefault?: boolean }[];
  readonly loginConfiguration?: {
    readonly allowTokenRefresh?: boolean;
    readonly generateRefreshTokens?: boolean;
  };
  readonly jwtConfiguration?: SeedJwtConfiguration & { readonly enabled?: boolean };
}

/** A person, with registrations and refresh tokens. */
export interface SeedUser {
  readonly id: string;
  readonly tenantId?: string;
  readonly email?: string;
  readonly username?: string;
  readonly verified?: boolean;
  readonly registrations?: readonly { readonly applicationId: string; readonly roles?: readonly string[] }[];
  readonly refreshTokens?: readonly SeedRefreshToken[];
}

/** A refresh token that exists from the start. */
export interface SeedRefreshToken {
  readonly id?: string;
  /** Left out: a single sign-on token. */
  readonly applicationId?: string;
  /** Random where left out. */
  readonly token?: string;
  /** Milliseconds; the start of the server where left out. */
  readonly insertInstant?: number;
  readonly startInstant?: number;
  readonly resources?: readonly string[];
}

/** Whoever else may say who somebody is; its key is generated. */
export interface SeedIdentityProvider {
  readonly id: string;
  readonly name: string;
  readonly type: 'ExternalJWT';
  readonly algorithm?: Algorithm;
  readonly uniqueIdentityClaim?: string;
  readonly domains?: readonly string[];
  /** By application id. */
  readonly applicationConfiguration: { readonly [id: string]: { readonly createRegistration?: boolean } };
}

/** An API key; without permissions it may do everything. */
export interface SeedApiKey {
  /** Random where left out. */
  readonly key?: string;
  readonly tenantId?: string;
  /** Milliseconds. */
  readonly expirationInstant?: number;
  readonly permissions?: { readonly endpoints?: { readonly [endpoint: string]: readonly string[] } };
}
