import { known } from '../../../src/sandbox/default-seed.ts';
import { at, claimsOf, codesOf, outcome, refreshValue, SECONDS, testRows } from '../support.ts';

const { applications, users, refreshTokens } = known;

testRows([
  [
    'refresh: a reusable token gives itself back with a new access token',
    async (bench) => {
      bench.clock.now += 100_000;
      const refreshToken = refreshValue(bench, refreshTokens.aliceWeb);
      const [status, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken }));
      const { authenticationType, auth_time, exp, iat, sid, sub } = claimsOf(at(body, 'token'));
      const isSame = at(body, 'refreshToken') === refreshToken;
      return [
        status,
        isSame,
        at(body, 'refreshTokenId'),
        { authenticationType, auth_time, exp, iat, sid, sub },
      ];
    },
    [
      200,
      true,
      refreshTokens.aliceWeb,
      {
        authenticationType: 'REFRESH_TOKEN',
        auth_time: SECONDS,
        exp: SECONDS + 3700,
        iat: SECONDS + 100,
        sid: refreshTokens.aliceWeb,
        sub: users.alice,
      },
    ],
  ],
  [
    'refresh: a shorter time to live is granted, the configured one too, a longer one is not (code assumed)',
    async (bench) => {
      const refreshToken = refreshValue(bench, refreshTokens.aliceWeb);
      const ask = async (timeToLiveInSeconds: number) => {
        const request = { refreshToken, timeToLiveInSeconds };
        const [status, body] = await outcome(bench.client().exchangeRefreshTokenForJWT(request));
        return status === 200 ? claimsOf(at(body, 'token'))['exp'] : codesOf(body);
      };
      return [await ask(60), await ask(3600), await ask(3601)];
    },
    [SECONDS + 60, SECONDS + 3600, ['timeToLiveInSeconds: [invalid]timeToLiveInSeconds']],
  ],
  [
    'refresh: an unknown token is 400, not 401',
    async (bench) => {
      const [status, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken: 'x' }));
      return [status, codesOf(body)];
    },
    [400, ['refreshToken: [invalid]refreshToken']],
  ],
  [
    'refresh: refused where the application does not allow it (code assumed)',
    async (bench) => {
      const { token } = bench.sandbox.world.newRefreshToken(users.bob, applications.reports);
      const [status, body] = await outcome(
        bench.client().exchangeRefreshTokenForJWT({ refreshToken: token }),
      );
      return [status, codesOf(body)];
    },
    [400, ['applicationId: [invalid]applicationId']],
  ],
  [
    'refresh: a single sign-on token is none that an application can refresh with (assumed)',
    async (bench) => {
      const refreshToken = refreshValue(bench, refreshTokens.aliceSso);
      const [status, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken }));
      return [status, codesOf(body)];
    },
    [400, ['refreshToken: [invalid]refreshToken']],
  ],
]);
