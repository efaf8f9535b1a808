import { expect } from 'vitest';
import { known } from '../../../src/sandbox/default-seed.ts';
import { at, NOBODY, outcome, refreshValue, START, testRows } from '../support.ts';

const { applications, users, refreshTokens, tenant } = known;

testRows([
  [
    'list: newest first, single sign-on included, with live secrets',
    async (bench) => {
      bench.clock.now += 1000;
      const made = bench.sandbox.world.newRefreshToken(users.alice, applications.web);
      const [status, body] = await outcome(bench.client().retrieveRefreshTokens(users.alice));
      const list = at(body, 'refreshTokens') as readonly { id: string; token: string }[];
      return [
        status,
        list[0]?.id === made.id,
        list[0]?.token === made.token,
        list.slice(1).map(({ id }) => id),
      ];
    },
    [
      200,
      true,
      true,
      [refreshTokens.aliceSso, refreshTokens.aliceKiosk, refreshTokens.aliceMobile, refreshTokens.aliceWeb],
    ],
  ],
  [
    'list: a token has applicationId, or tenantId where it is for single sign-on',
    async (bench) => {
      const [, body] = await outcome(bench.client().retrieveRefreshTokens(users.alice));
      return at(body, 'refreshTokens', 0);
    },
    {
      id: refreshTokens.aliceSso,
      insertInstant: START,
      metaData: { data: {}, device: { lastAccessedInstant: START }, scopes: ['offline_access'] },
      startInstant: START,
      tenantId: tenant,
      token: expect.stringMatching(/^[A-Za-z0-9+/]{64}$/),
      userId: users.alice,
    },
  ],
  [
    'list: a user without tokens and an unknown user have an empty list (assumed)',
    async (bench) => [
      await outcome(bench.client().retrieveRefreshTokens(users.carol)),
      await outcome(bench.client().retrieveRefreshTokens(NOBODY)),
    ],
    Array(2).fill([200, { refreshTokens: [] }]),
  ],
  [
    'get: one token as an object, and 404 for an id that is none',
    async (bench) => {
      const [status, body] = await outcome(bench.client().retrieveRefreshTokenById(refreshTokens.bobWeb));
      const isLive = at(body, 'refreshToken', 'token') === refreshValue(bench, refreshTokens.bobWeb);
      return [status, isLive, await outcome(bench.client().retrieveRefreshTokenById(NOBODY))];
    },
    [200, true, [404, undefined]],
  ],
]);
