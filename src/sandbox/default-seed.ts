import type { SeedDocument } from './seed.ts';

/** The ids of the built-in world; key values, kids, API keys and refresh token values are new at every start. */
export const known = {
  tenant: 'd7d09513-a3f5-401c-9685-34ab6c552453',
  keys: {
    /** Signs for the tenant. */
    rs256: '11111111-1111-4111-8111-000000000001',
    es256: '11111111-1111-4111-8111-000000000002',
    hs256: '11111111-1111-4111-8111-000000000003',
  },
  applications: {
    /** Refresh tokens: reusable, fixed end. */
    web: '22222222-2222-4222-8222-000000000001',
    /** No refresh tokens at all. */
    reports: '22222222-2222-4222-8222-000000000002',
    /** Refresh tokens: one-time use, revoked on reuse; tokens are ES256. */
    mobile: '22222222-2222-4222-8222-000000000003',
    /** Refresh tokens: sliding window; tokens are HS256. */
    kiosk: '22222222-2222-4222-8222-000000000004',
    /** FusionAuth's own administration, which has this id everywhere. */
    fusionAuth: '3c219e58-ed0e-4b18-ad48-f4f92793ae32',
  },
  users: {
    /** Registered everywhere but for reports, a live token of each kind. */
    alice: '33333333-3333-4333-8333-000000000001',
    /** Registered for web and reports. */
    bob: '33333333-3333-4333-8333-000000000002',
    /** Registered for nothing, without tokens. */
    carol: '33333333-3333-4333-8333-000000000003',
  },
  refreshTokens: {
    aliceWeb: '44444444-4444-4444-8444-000000000001',
    aliceMobile: '44444444-4444-4444-8444-000000000002',
    aliceKiosk: '44444444-4444-4444-8444-000000000003',
    aliceSso: '44444444-4444-4444-8444-000000000004',
    bobWeb: '44444444-4444-4444-8444-000000000005',
  },
  identityProvider: '55555555-5555-4555-8555-000000000001',
} as const;

const { keys, applications, users, refreshTokens } = known;
const bothRefresh = { allowTokenRefresh: true, generateRefreshTokens: true };
const userAndAdmin = [{ name: 'user', isDefault: true }, { name: 'admin' }];

/** The world that the server has where no seed is given. */
export const defaultSeed: SeedDocument = {
  tenants: [
    {
      id: known.tenant,
      name: 'Default',
      issuer: 'acme.com',
      jwtConfiguration: { accessTokenKeyId: keys.rs256 },
    },
  ],
  keys: [
    { id: keys.rs256, name: 'Default signing key', algorithm: 'RS256' },
    { id: keys.es256, name: 'Mobile signing key', algorithm: 'ES256' },
    { id: keys.hs256, name: 'Kiosk signing key', algorithm: 'HS256' },
  ],
  applications: [
    { id: applications.web, name: 'Web', roles: userAndAdmin, loginConfiguration: bothRefresh },
    { id: applications.reports, name: 'Reports', roles: userAndAdmin },
    {
      id: applications.mobile,
      name: 'Mobile',
      roles: userAndAdmin,
      loginConfiguration: bothRefresh,
      jwtConfiguration: {
        enabled: true,
        accessTokenKeyId: keys.es256,
        timeToLiveInSeconds: 600,
        refreshTokenUsagePolicy: 'OneTimeUse',
        refreshTokenOneTimeUseConfiguration: { gracePeriodInSeconds: 5 },
        refreshTokenRevocationPolicy: { onOneTimeTokenReuse: true },
      },
    },
    {
      id: applications.kiosk,
      name: 'Kiosk',
      loginConfiguration: bothRefresh,
      jwtConfiguration: {
        enabled: true,
        accessTokenKeyId: keys.hs256,
        refreshTokenTimeToLiveInMinutes: 60,
        refreshTokenExpirationPolicy: 'SlidingWindow',
      },
    },
    {
      id: applications.fusionAuth,
      name: 'FusionAuth',
      roles: [{ name: 'admin' }],
      loginConfiguration: bothRefresh,
    },
  ],
  users: [
    {
      id: users.alice,
      email: 'alice@example.com',
      username: 'alice',
      registrations: [
        { applicationId: applications.web, roles: ['user', 'admin'] },
        { applicationId: applications.mobile, roles: ['user'] },
        { applicationId: applications.kiosk },
        { applicationId: applications.fusionAuth, roles: ['admin'] },
      ],
      refreshTokens: [
        { id: refreshTokens.aliceWeb, applicationId: applications.web },
        { id: refreshTokens.aliceMobile, applicationId: applications.mobile },
        { id: refreshTokens.aliceKiosk, applicationId: applications.kiosk },
        { id: refreshTokens.aliceSso },
      ],
    },
    {
      id: users.bob,
      email: 'bob@example.com',
      registrations: [
        { applicationId: applications.web, roles: ['user'] },
        { applicationId: applications.reports, roles: ['user'] },
      ],
      refreshTokens: [{ id: refreshTokens.bobWeb, applicationId: applications.web }],
    },
    { id: users.carol, email: 'carol@example.com', verified: false },
  ],
  identityProviders: [
    {
      id: known.identityProvider,
      name: 'Partner',
      type: 'ExternalJWT',
      applicationConfiguration: {
        [applications.web]: { createRegistration: true },
        [applications.reports]: { createRegistration: false },
      },
    },
  ],
};
