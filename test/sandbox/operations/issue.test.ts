import { known } from '../../../src/sandbox/default-seed.ts';
import {
  at,
  claimsOf,
  codesOf,
  headerOf,
  login,
  NOBODY,
  outcome,
  refreshValue,
  SECONDS,
  START,
  TEXT,
  testRows,
} from '../support.ts';

const { applications, users, refreshTokens, tenant } = known;

testRows([
  [
    'issue: a token for another application keeps expiry and login time and says JWT_SSO',
    async (bench) => {
      const jwt = await login(bench);
      bench.clock.now += 100_000;
      const [status, body] = await outcome(bench.client().issueJWT(applications.kiosk, jwt, 'none'));
      return [status, body, claimsOf(at(body, 'token')), headerOf(at(body, 'token'))];
    },
    [
      200,
      { token: TEXT },
      {
        applicationId: applications.kiosk,
        aud: applications.kiosk,
        auth_time: SECONDS,
        authenticationType: 'JWT_SSO',
        email: 'alice@example.com',
        email_verified: true,
        exp: SECONDS + 3600,
        iat: SECONDS + 100,
        iss: 'acme.com',
        jti: TEXT,
        preferred_username: 'alice',
        roles: [],
        sub: users.alice,
        tid: tenant,
      },
      { alg: 'HS256', kid: TEXT, typ: 'JWT' },
    ],
  ],
  [
    'issue: without a registration it is 202 and a token without applicationId and roles',
    async (bench) => {
      const [status, body] = await outcome(
        bench.client().issueJWT(applications.reports, await login(bench), 'none'),
      );
      const { applicationId, roles, aud } = claimsOf(at(body, 'token'));
      return [status, applicationId, roles, aud];
    },
    [202, undefined, undefined, applications.reports],
  ],
  [
    'issue: an omitted refresh token, sent as the word undefined, is no refresh token',
    async (bench) => {
      // The client's signature wants a string; leaving it out is what callers do.
      const left: readonly string[] = [];
      return outcome(bench.client().issueJWT(applications.web, await login(bench), left[0] as string));
    },
    [200, { token: TEXT }],
  ],
  [
    'issue: a refresh token of the same policy comes back for the target, as old as the sent one',
    async (bench) => {
      bench.clock.now += 60_000;
      const sent = refreshValue(bench, refreshTokens.aliceWeb);
      const jwt = await login(bench);
      const [status, body] = await outcome(bench.client().issueJWT(applications.mobile, jwt, sent));
      const [newest] = bench.sandbox.world.refreshTokens(users.alice);
      const [, stored] = await outcome(bench.client().retrieveRefreshTokenById(String(newest?.id)));
      return [
        status,
        at(body, 'refreshToken') === newest?.token,
        newest?.applicationId,
        claimsOf(at(body, 'token'))['sid'] === newest?.id,
        at(stored, 'refreshToken', 'startInstant'),
        at(stored, 'refreshToken', 'insertInstant'),
      ];
    },
    [200, true, applications.mobile, true, START, START + 60_000],
  ],
  [
    'issue: no refresh token where the expiration policies differ',
    async (bench) =>
      outcome(
        bench
          .client()
          .issueJWT(applications.kiosk, await login(bench), refreshValue(bench, refreshTokens.aliceWeb)),
      ),
    [200, { token: TEXT }],
  ],
  [
    'issue: no refresh token where the target generates none',
    async (bench) => {
      const sent = refreshValue(bench, refreshTokens.aliceWeb);
      return outcome(bench.client().issueJWT(applications.reports, await login(bench), sent));
    },
    [202, { token: TEXT }],
  ],
  [
    "issue: no refresh token for somebody else's refresh token",
    async (bench) =>
      outcome(
        bench
          .client()
          .issueJWT(applications.web, await login(bench), refreshValue(bench, refreshTokens.bobWeb)),
      ),
    [200, { token: TEXT }],
  ],
  [
    'issue: a token that is none is 401 with an empty body',
    (bench) => outcome(bench.client().issueJWT(applications.web, 'a.b.c', 'none')),
    [401, undefined],
  ],
  [
    'issue: an unknown application is refused (assumed)',
    async (bench) => {
      const [status, body] = await outcome(bench.client().issueJWT(NOBODY, await login(bench), 'none'));
      return [status, codesOf(body)];
    },
    [400, ['applicationId: [invalid]applicationId']],
  ],
]);
