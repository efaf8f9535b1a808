import type { JsonObject, Kind, Operation, Path } from '../model/index.ts';
import {
  claims,
  done,
  login,
  manyRefreshTokens,
  oneRefreshToken,
  publicKeys,
  tokens,
  vended,
} from './results.ts';
import {
  args,
  closed,
  credential,
  eventInfo,
  flag,
  headerJwt,
  metaData,
  name,
  open,
  seconds,
  tenantId,
  text,
  uuid,
} from './schemas.ts';

type Row = Pick<
  Operation,
  'operationId' | 'clientNames' | 'title' | 'description' | 'schema' | 'outputSchema' | 'meaning'
> &
  Partial<Operation>;
type Where = Pick<Operation, 'kind' | 'hints' | 'method' | 'path' | 'authority'>;

const READ = { readOnly: true, destructive: false, idempotent: true };
const WRITE = { readOnly: false, destructive: false, idempotent: false };
const DESTROY = { readOnly: false, destructive: true, idempotent: true };

const REFRESH = '/api/jwt/refresh';
const REFRESH_BY_ID = '/api/jwt/refresh/{tokenId}';
const BAD_JWT =
  'The JWT in `encodedJWT` is expired, not yet valid, or not signed by a key that FusionAuth knows for JWTs.';
const NO_CREDENTIAL_NEEDED =
  'FusionAuth asks for no credential here; whatever answered stands in front of it, or is not FusionAuth.';
const NO_SUCH_PATH = 'FusionAuth should know this path; check that its URL is right and its version recent.';
const NO_SUCH_TOKEN_ID = 'No refresh token has this id: it never existed, expired or was revoked.';
const STILL_VALID = 'JWTs that were already issued stay valid until they expire.';

const keyNeeds = (method: string, path: string): string =>
  `FusionAuth refused the proxy's API key: it needs ${method} on ${path}.`;

function row(where: Where, row: Row): Operation {
  return {
    name: `fusionauth-${row.operationId.toLowerCase()}`,
    secretArgs: [],
    jwtArg: null,
    inputSchema: row.schema,
    query: {},
    selectors: [],
    form: [],
    sendsBody: false,
    secretResults: [],
    ...where,
    ...row,
  };
}

const getByJwt = (path: string, kind: Kind): Where => ({
  kind,
  hints: READ,
  method: 'GET',
  path,
  authority: 'call_jwt',
});
const getByKey = (path: string): Where => ({
  kind: 'reveal',
  hints: READ,
  method: 'GET',
  path,
  authority: 'api_key',
});
const revoke = (path: string): Where => ({
  kind: 'revoke',
  hints: DESTROY,
  method: 'DELETE',
  path,
  authority: 'api_key',
});
const mint = (path: string, authority: Operation['authority']): Where => ({
  kind: 'mint',
  hints: WRITE,
  method: 'POST',
  path,
  authority,
});

const members = (...names: string[]): readonly Path[] => names.map((member) => [member]);
const inBody = (...names: string[]): readonly Path[] => names.map((member) => ['body', member]);

const tokenId = args({ tokenId: uuid('Id of the refresh token; not the token itself.'), tenantId }, [
  'tokenId',
]);

const revocable: Readonly<Record<string, JsonObject>> = {
  token: credential('The one refresh token to revoke. Excludes `userId` and `applicationId`.'),
  userId: uuid(
    'Revokes every refresh token of this user; with `applicationId`, only those for that application.',
  ),
  applicationId: uuid(
    'Revokes every refresh token of this application, of all users; with `userId`, only those of that user.',
  ),
};
const endable: Readonly<Record<string, JsonObject>> = {
  refreshToken: credential('The refresh token of the session to end. Required, here or in `body`.'),
  global: flag('true ends all sessions of the owner of the refresh token, not only this one.'),
};

/** The selectors stand at top level or in `body`; nothing is required there, since either place will do. */
const eitherPlace = (selectors: Readonly<Record<string, JsonObject>>): JsonObject =>
  args({
    ...selectors,
    tenantId,
    body: closed('The same arguments as a body; none may be given in both places.', {
      ...selectors,
      eventInfo,
    }),
  });
/** What is left of `body` in normal form. */
const rest = closed('What is not a selector.', { eventInfo });

/** Everything that can be done at all, in the order in which tools are listed. */
export const operations: readonly Operation[] = [
  row(getByJwt('/api/jwt/issue', 'mint'), {
    operationId: 'issueJWTWithId',
    clientNames: ['issueJWT'],
    title: 'Issue a JWT for another application',
    description:
      'Takes a valid JWT of a user and returns a new JWT for the same user and another application, with the same ' +
      'expiry. With a refresh token it can also return one for that application. Despite its hints it makes new ' +
      'credentials. Where the user is not registered for the application, the JWT has no roles. It cannot extend a ' +
      'lifetime or renew an expired JWT. Secrets in the result may be shown as fingerprints `fp:…` by policy.',
    schema: args(
      {
        applicationId: uuid('Id of the application that the new JWT is for.'),
        encodedJWT: headerJwt('A valid JWT of the user, in its encoded form (three parts with dots).'),
        refreshToken: credential('A refresh token of the user, to be given one for the application as well.'),
        tenantId,
      },
      ['applicationId', 'encodedJWT'],
    ),
    outputSchema: tokens,
    query: { applicationId: 'applicationId', refreshToken: 'refreshToken' },
    secretArgs: members('encodedJWT', 'refreshToken'),
    jwtArg: ['encodedJWT'],
    secretResults: members('token', 'refreshToken'),
    meaning: { 401: BAD_JWT, 404: 'FusionAuth did not find the application.' },
  }),
  row(
    { kind: 'read', hints: READ, method: 'GET', path: '/api/jwt/public-key', authority: 'none' },
    {
      operationId: 'retrieveJwtPublicKey',
      clientNames: ['retrieveJWTPublicKey', 'retrieveJWTPublicKeyByApplicationId', 'retrieveJWTPublicKeys'],
      title: 'Get public keys',
      description:
        'Returns the public key, as PEM, by which JWTs can be verified: that of one key id (`kid`), that of one ' +
        'application, or without arguments all of them by key id. Symmetric (HMAC) keys are never returned, nor is ' +
        'anything for an application that signs with the key of its tenant. Nothing here is secret.',
      schema: args({
        keyId: name('Key id: the `kid` of the JWT header, not a UUID. Excludes `applicationId`.'),
        applicationId: uuid('Id of the application whose key is wanted. Excludes `keyId`.'),
        tenantId,
      }),
      outputSchema: publicKeys,
      // FusionAuth reads `kid`; `keyId` it ignores, and would answer with all keys.
      query: { keyId: 'kid', applicationId: 'applicationId' },
      meaning: {
        401: NO_CREDENTIAL_NEEDED,
        404: 'No such public key: key id or application unknown, the application has no key of its own, or the key is symmetric.',
      },
    },
  ),
  row(mint('/api/jwt/reconcile', 'none'), {
    operationId: 'reconcileJWTWithId',
    clientNames: ['reconcileJWT'],
    title: 'Sign a user in with a JWT of another identity provider',
    description:
      'Signs a user in with a JWT that an external identity provider issued and FusionAuth is configured to trust. ' +
      'Returns the user with a JWT and possibly a refresh token; it may create the user, the link or the ' +
      'registration. A result without `token` is not a complete login: a second factor, a verification or a new ' +
      'password comes first. Every call is a login. Secrets in the result may be shown as fingerprints `fp:…` by policy.',
    schema: args(
      {
        tenantId,
        body: closed(
          'The login.',
          {
            applicationId: uuid('Id of the application to sign in to.'),
            identityProviderId: uuid('Id of the external JWT identity provider in FusionAuth.'),
            data: {
              type: 'object',
              description: 'What the identity provider gave.',
              properties: { token: credential('The JWT of the identity provider, in its encoded form.') },
              required: ['token'],
              additionalProperties: { type: 'string' },
            },
            ipAddress: text('IP address of the user.'),
            metaData,
            noJWT: flag('true: make neither a JWT nor a refresh token.'),
            noLink: flag('true: do not link the identity to a user.'),
            newDevice: flag('true: treat the device as new.'),
            connectionTestId: text('Id of a connection test.'),
            botDetectionScore: { type: 'number', description: 'Score of a bot detection.' },
            eventInfo,
          },
          ['applicationId', 'identityProviderId', 'data'],
        ),
      },
      ['body'],
    ),
    outputSchema: login,
    sendsBody: true,
    secretArgs: inBody('data', 'encodedJWT'),
    jwtArg: ['body', 'data', 'token'],
    secretResults: [
      ...members(
        'token',
        'refreshToken',
        'trustToken',
        'twoFactorId',
        'twoFactorTrustId',
        'changePasswordId',
      ),
      ...members(
        'emailVerificationId',
        'identityVerificationId',
        'registrationVerificationId',
        'pendingIdPLinkId',
      ),
      ['methods', '*', 'secret'],
      ['user', 'registrations', '*', 'authenticationToken'],
      // Those that identity providers gave, by provider; not all of them are JWTs.
      ['user', 'registrations', '*', 'tokens'],
      ['user', 'twoFactor', 'methods', '*', 'secret'],
      ['user', 'twoFactor', 'recoveryCodes', '*'],
    ],
    meaning: {
      401: 'FusionAuth does not know the identity provider, could not verify the JWT, missed the claim that names the user, or does not manage the e-mail domain.',
      404: 'FusionAuth did not find the user.',
    },
  }),
  row(mint(REFRESH, 'none'), {
    operationId: 'exchangeRefreshTokenForJWTWithId',
    clientNames: ['exchangeRefreshTokenForJWT'],
    title: 'Exchange a refresh token for a JWT',
    description:
      'Returns a new JWT for a refresh token, and the refresh token to use next time. Where refresh tokens are for ' +
      'one use, the old one is dead afterwards, even if the result gets lost: keep the new one and do not repeat the ' +
      'call. It cannot ask for a longer lifetime than the application allows. Secrets in the result may be shown as ' +
      'fingerprints `fp:…` by policy.',
    schema: args(
      {
        tenantId,
        body: closed(
          'The exchange.',
          {
            refreshToken: credential('The refresh token.'),
            timeToLiveInSeconds: seconds('Lifetime of the new JWT; at most what the application allows.', 1),
            token: credential('The JWT that is replaced; only copied into events.'),
            eventInfo,
          },
          ['refreshToken'],
        ),
      },
      ['body'],
    ),
    outputSchema: tokens,
    sendsBody: true,
    secretArgs: inBody('refreshToken', 'token'),
    jwtArg: ['body', 'token'],
    secretResults: members('token', 'refreshToken'),
    meaning: { 401: NO_CREDENTIAL_NEEDED, 404: NO_SUCH_PATH },
  }),
  row(getByKey(REFRESH), {
    operationId: 'retrieveRefreshTokensWithId',
    clientNames: ['retrieveRefreshTokens'],
    title: 'List the refresh tokens of a user',
    description:
      'Returns the refresh tokens of a user that have not expired, newest first, at most 1000: id, application, ' +
      'device, times. The refresh tokens themselves are live credentials and are shown as fingerprints `fp:…` ' +
      'unless the policy says otherwise; the id is enough to revoke one. An unknown user looks like one without any.',
    schema: args({ userId: uuid('Id of the user.'), tenantId }, ['userId']),
    outputSchema: manyRefreshTokens,
    query: { userId: 'userId' },
    secretResults: [['refreshTokens', '*', 'token']],
    meaning: { 401: keyNeeds('GET', REFRESH), 404: 'FusionAuth did not find the user.' },
  }),
  row(revoke(REFRESH), {
    operationId: 'deleteJwtRefresh',
    clientNames: [
      'revokeRefreshToken',
      'revokeRefreshTokenByToken',
      'revokeRefreshTokensByUserId',
      'revokeRefreshTokensByApplicationId',
      'revokeRefreshTokensByUserIdForApplication',
      'revokeRefreshTokensWithRequest',
    ],
    title: 'Revoke refresh tokens',
    description:
      'Revokes one refresh token (`token` alone), all of a user (`userId`), all of an application, which signs out ' +
      'everybody there (`applicationId`), or those of a user for an application (both). Cannot be undone, and does ' +
      `not tell how many there were. ${STILL_VALID} To revoke one session by its id, use the tool for that.`,
    schema: args({ ...revocable, tenantId, body: rest }),
    inputSchema: eitherPlace(revocable),
    outputSchema: done,
    selectors: ['token', 'userId', 'applicationId'],
    form: ['token'],
    sendsBody: true,
    secretArgs: [...members('token'), ...inBody('token')],
    meaning: {
      401: keyNeeds('DELETE', REFRESH),
      404: 'FusionAuth did not find the refresh token: it never existed, expired or was revoked.',
    },
  }),
  row(getByKey(REFRESH_BY_ID), {
    operationId: 'retrieveRefreshTokenByIdWithId',
    clientNames: ['retrieveRefreshTokenById'],
    title: 'Get a refresh token by its id',
    description:
      'Returns one refresh token by its id: user, application, device, times. The refresh token itself is a live ' +
      'credential and is shown as a fingerprint `fp:…` unless the policy says otherwise. It cannot look up a ' +
      'refresh token by its own text.',
    schema: tokenId,
    outputSchema: oneRefreshToken,
    secretResults: [['refreshToken', 'token']],
    meaning: { 401: keyNeeds('GET', REFRESH), 404: NO_SUCH_TOKEN_ID },
  }),
  row(revoke(REFRESH_BY_ID), {
    operationId: 'revokeRefreshTokenByIdWithId',
    clientNames: ['revokeRefreshTokenById'],
    title: 'Revoke a refresh token by its id',
    description:
      `Revokes one refresh token by its id, which ends that session. Cannot be undone. ${STILL_VALID} Repeating it ` +
      'answers that there is no such refresh token.',
    schema: tokenId,
    outputSchema: done,
    meaning: { 401: keyNeeds('DELETE', REFRESH), 404: NO_SUCH_TOKEN_ID },
  }),
  row(getByJwt('/api/jwt/validate', 'read'), {
    operationId: 'validateJWTWithId',
    clientNames: ['validateJWT'],
    title: 'Validate a JWT',
    description:
      'Tells whether a JWT is signed by a key that FusionAuth knows and has not expired, and returns its claims. ' +
      'It does not look at issuer or audience, and cannot tell whether the session was revoked, the user locked or ' +
      'the JWT meant for you.',
    schema: args({ encodedJWT: headerJwt('The JWT, in its encoded form (three parts with dots).') }, [
      'encodedJWT',
    ]),
    outputSchema: claims,
    secretArgs: members('encodedJWT'),
    jwtArg: ['encodedJWT'],
    meaning: { 401: BAD_JWT, 404: NO_SUCH_PATH },
  }),
  row(mint('/api/jwt/vend', 'api_key'), {
    operationId: 'vendJWTWithId',
    clientNames: ['vendJWT'],
    title: 'Make a JWT with any claims',
    description:
      'Makes and signs a JWT with the claims given, and nothing checks that they are true: whoever trusts the key ' +
      'believes them. `iss`, `sub` and `aud` are not added unless given; `exp`, `iat` and `jti` are set by ' +
      'FusionAuth, and `exp`, `iat`, `amr` and `cnf` in `claims` are dropped. It makes no session and no refresh ' +
      'token, and the JWT cannot be revoked. Secrets in the result may be shown as fingerprints `fp:…` by policy.',
    schema: args({
      tenantId,
      body: closed('What to make. Without it the JWT has no claims of its own.', {
        claims: open('The claims, any JSON values.'),
        keyId: uuid(
          'Id of the signing key in FusionAuth (a UUID, not a `kid`). Without it, the key that the tenant signs access tokens with.',
        ),
        timeToLiveInSeconds: seconds('Lifetime of the JWT; absent: what the tenant has set.', 1),
      }),
    }),
    outputSchema: vended,
    sendsBody: true,
    secretResults: members('token'),
    meaning: { 401: keyNeeds('POST', '/api/jwt/vend'), 404: NO_SUCH_PATH },
  }),
  row(
    { kind: 'revoke', hints: WRITE, method: 'POST', path: '/api/logout', authority: 'none' },
    {
      operationId: 'createLogout',
      clientNames: ['logout', 'logoutWithRequest'],
      title: 'Log out',
      description:
        'Revokes a refresh token, which ends that session; with `global` all sessions of its owner. Always answers ' +
        `success, also for a refresh token that does not exist, so it proves nothing. ${STILL_VALID}`,
      schema: args({ ...endable, tenantId, body: rest }, ['refreshToken']),
      inputSchema: eitherPlace(endable),
      outputSchema: done,
      selectors: ['refreshToken', 'global'],
      sendsBody: true,
      secretArgs: [...members('refreshToken'), ...inBody('refreshToken')],
      meaning: { 401: NO_CREDENTIAL_NEEDED, 404: NO_SUCH_PATH },
    },
  ),
];
