import type { JsonObject } from '../model/index.ts';

// Clients validate results by these, so they say no more than what is certain: objects are open, members are
// optional unless FusionAuth always sends them, and strings have no format (a policy may show a fingerprint instead).

const string = (description: string): JsonObject => ({ type: 'string', description });
const integer = (description: string): JsonObject => ({ type: 'integer', description });
const list = (description: string): JsonObject => ({ type: 'array', description });
const object = (description: string): JsonObject => ({ type: 'object', description });

function result(
  properties: Readonly<Record<string, JsonObject>>,
  required: readonly string[] = [],
): JsonObject {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** What the proxy answers where FusionAuth answers success and nothing else. */
export const done = result({ status: integer('HTTP status of FusionAuth.') });

/** A JWT, and a refresh token where there is one. */
export const tokens = result(
  {
    token: string('The new JWT.'),
    refreshToken: string('A refresh token, where FusionAuth makes one.'),
    refreshTokenId: string('Id of the refresh token; not a secret.'),
  },
  ['token'],
);

/** A vended JWT. */
export const vended = result({ token: string('The new JWT.') }, ['token']);

/** One public key, or all of them. */
export const publicKeys = result({
  publicKey: string('The key as PEM, where one was asked for.'),
  publicKeys: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Key id (`kid`) to key as PEM, where none was asked for; may be empty.',
  },
});

/** The claims of a valid JWT. */
export const claims = result(
  {
    jwt: object(
      'The claims. `exp`, `iat`, `nbf` and `auth_time` are epoch seconds; `aud` is a string or a list.',
    ),
  },
  ['jwt'],
);

const refreshToken: JsonObject = {
  type: 'object',
  description: 'A refresh token and what is known of it.',
  properties: {
    id: string('Id of the refresh token; not a secret.'),
    token: string('The refresh token itself, or its fingerprint `fp:…`.'),
    userId: string('Id of its user.'),
    applicationId: string('Id of its application; absent on a single sign-on session.'),
    tenantId: string('Id of its tenant; only on a single sign-on session.'),
    insertInstant: integer('When it was made, epoch milliseconds.'),
    startInstant: integer('When its lifetime began, epoch milliseconds.'),
    metaData: object('Device, scopes and resources.'),
    data: object('Whatever the application keeps with it.'),
  },
};

/** One refresh token. */
export const oneRefreshToken = result({ refreshToken }, ['refreshToken']);

/** The refresh tokens of a user. */
export const manyRefreshTokens = result({
  refreshTokens: {
    type: 'array',
    items: refreshToken,
    description: 'Newest first, at most 1000; empty or absent where there are none.',
  },
});

/** The result of a login, which is complete only where `token` is there. */
export const login = result({
  token: string('The new JWT.'),
  tokenExpirationInstant: integer('When the JWT expires, epoch milliseconds.'),
  refreshToken: string('The new refresh token, where the application has them.'),
  refreshTokenId: string('Id of the refresh token; not a secret.'),
  user: object('The user, with registrations.'),
  actions: list('User actions that apply.'),
  changePasswordId: string('Needed to change the password first.'),
  changePasswordReason: string('Why the password must be changed.'),
  configurableMethods: list('Two-factor methods that can be set up.'),
  emailVerificationId: string('Needed to verify the e-mail address first.'),
  identityVerificationId: string('Needed to verify the identity first.'),
  methods: list('Two-factor methods of the user.'),
  pendingIdPLinkId: string('Needed to link the identity to a user first.'),
  registrationVerificationId: string('Needed to verify the registration first.'),
  state: object('State that was handed in.'),
  threatsDetected: list('Threats that FusionAuth saw in this login.'),
  trustToken: string('Proves a completed two-factor login.'),
  twoFactorId: string('Needed to complete a two-factor login.'),
  twoFactorTrustId: string('Lets this device skip the second factor.'),
});
