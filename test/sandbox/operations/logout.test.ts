import { known } from '../../../src/sandbox/default-seed.ts';
import { liveIds, outcome, refreshValue, testRows, without } from '../support.ts';

const { refreshTokens } = known;

testRows([
  [
    'logout: by parameters revokes one, with global all of the owner, and says 200 to an unknown token',
    async (bench) => {
      const client = bench.client();
      const unknown = await outcome(client.logout(true, 'nothing'));
      const one = await outcome(client.logout(false, refreshValue(bench, refreshTokens.aliceWeb)));
      const afterOne = liveIds(bench);
      const all = await outcome(client.logout(true, refreshValue(bench, refreshTokens.aliceKiosk)));
      return [unknown, one, afterOne, all, liveIds(bench)];
    },
    [
      [200, undefined],
      [200, undefined],
      without(refreshTokens.aliceWeb),
      [200, undefined],
      [refreshTokens.bobWeb],
    ],
  ],
  [
    'logout: by a JSON body, and again',
    async (bench) => {
      const body = { global: true, refreshToken: refreshValue(bench, refreshTokens.aliceWeb) };
      const first = await outcome(bench.client().logoutWithRequest(body));
      return [first, await outcome(bench.client().logoutWithRequest(body)), liveIds(bench)];
    },
    [[200, undefined], [200, undefined], [refreshTokens.bobWeb]],
  ],
]);
