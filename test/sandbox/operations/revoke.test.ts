import { known } from '../../../src/sandbox/default-seed.ts';
import { codesOf, liveIds, login, NOBODY, outcome, refreshValue, testRows, without } from '../support.ts';

const { applications, users, refreshTokens } = known;

testRows([
  [
    'revoke: by token value, once; then it is not found',
    async (bench) => {
      const value = refreshValue(bench, refreshTokens.bobWeb);
      const first = await outcome(bench.client().revokeRefreshTokenByToken(value));
      return [first, await outcome(bench.client().revokeRefreshTokenByToken(value)), liveIds(bench)];
    },
    [[200, undefined], [404, undefined], without(refreshTokens.bobWeb)],
  ],
  [
    'revoke: all of a user, and again with nothing left',
    async (bench) => {
      const first = await outcome(bench.client().revokeRefreshTokensByUserId(users.alice));
      return [first, await outcome(bench.client().revokeRefreshTokensByUserId(users.alice)), liveIds(bench)];
    },
    [[200, undefined], [200, undefined], [refreshTokens.bobWeb]],
  ],
  [
    'revoke: all of an application',
    async (bench) => [
      await outcome(bench.client().revokeRefreshTokensByApplicationId(applications.web)),
      liveIds(bench),
    ],
    [[200, undefined], without(refreshTokens.aliceWeb, refreshTokens.bobWeb)],
  ],
  [
    'revoke: of a user within an application alone',
    async (bench) => [
      await outcome(bench.client().revokeRefreshTokensByUserIdForApplication(users.alice, applications.web)),
      liveIds(bench),
    ],
    [[200, undefined], without(refreshTokens.aliceWeb)],
  ],
  [
    'revoke: by a JSON body',
    async (bench) => [
      await outcome(bench.client().revokeRefreshTokensWithRequest({ userId: users.bob })),
      liveIds(bench),
    ],
    [[200, undefined], without(refreshTokens.bobWeb)],
  ],
  [
    'revoke: an unknown user is 400 in a reply without empty containers',
    (bench) => outcome(bench.client().revokeRefreshTokensByUserId(NOBODY)),
    [
      400,
      {
        fieldErrors: {
          userId: [
            {
              code: '[invalid]userId',
              message: `Invalid [userId] property. No user exists with an Id [${NOBODY}].`,
            },
          ],
        },
      },
    ],
  ],
  [
    'revoke: an unknown application is refused (assumed)',
    async (bench) => {
      const [status, body] = await outcome(bench.client().revokeRefreshTokensByApplicationId(NOBODY));
      return [status, codesOf(body)];
    },
    [400, ['applicationId: [invalid]applicationId']],
  ],
  [
    'revoke: the words null and undefined, which the client sends for what is left out, are refused and nothing is revoked',
    async (bench) => {
      const [status, body] = await outcome(
        bench.client().revokeRefreshToken('null', users.alice, 'undefined'),
      );
      return [status, codesOf(body), liveIds(bench)];
    },
    [400, ['applicationId: [couldNotConvert]applicationId'], without()],
  ],
  [
    'revoke by id: once; then it is not found',
    async (bench) => [
      await outcome(bench.client().revokeRefreshTokenById(refreshTokens.aliceMobile)),
      await outcome(bench.client().revokeRefreshTokenById(refreshTokens.aliceMobile)),
      liveIds(bench),
    ],
    [[200, undefined], [404, undefined], without(refreshTokens.aliceMobile)],
  ],
  [
    'revoke by id: an empty id collapses to a call without a selector, which is refused (assumed)',
    async (bench) => {
      const [status, body] = await outcome(bench.client().revokeRefreshTokenById(''));
      return [status, codesOf(body), liveIds(bench)];
    },
    [400, ['[missing]'], without()],
  ],
  [
    'revoke: access tokens that are out already stay good',
    async (bench) => {
      const jwt = await login(bench);
      await bench.client().revokeRefreshTokensByUserId(users.alice);
      const [status] = await outcome(bench.client().validateJWT(jwt));
      return status;
    },
    200,
  ],
]);
