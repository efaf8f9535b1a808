import { known } from '../../../src/sandbox/default-seed.ts';
import { at, claimsOf, codesOf, headerOf, NOBODY, outcome, SECONDS, TEXT, testRows } from '../support.ts';

const { keys } = known;

testRows([
  [
    'vend: any claims, of which the reserved ones are dropped without a word, under the key and time of the tenant',
    async (bench) => {
      const claims = { sub: 'robot', roles: ['a'], n: 1, on: true, o: { p: null } };
      const reserved = { amr: ['pwd'], cnf: { jkt: 'x' }, exp: 1, iat: 1, jti: 'mine' };
      const [status, body] = await outcome(bench.client().vendJWT({ claims: { ...claims, ...reserved } }));
      const jwt = at(body, 'token');
      const kid = bench.sandbox.world.keys.find(({ id }) => id === keys.rs256)?.kid;
      return [status, claimsOf(jwt), headerOf(jwt)['kid'] === kid, claimsOf(jwt)['jti'] === 'mine'];
    },
    [
      200,
      {
        sub: 'robot',
        roles: ['a'],
        n: 1,
        on: true,
        o: { p: null },
        exp: SECONDS + 3600,
        iat: SECONDS,
        jti: TEXT,
      },
      true,
      false,
    ],
  ],
  [
    'vend: another key by its id, another time to live, and zero for the one of the tenant',
    async (bench) => {
      const asks = [
        { keyId: keys.hs256, timeToLiveInSeconds: 5 },
        { keyId: keys.es256, timeToLiveInSeconds: 0 },
      ];
      const answers = await Promise.all(asks.map((ask) => outcome(bench.client().vendJWT(ask))));
      return answers.map(([, body]) => [
        headerOf(at(body, 'token'))['alg'],
        claimsOf(at(body, 'token'))['exp'],
      ]);
    },
    [
      ['HS256', SECONDS + 5],
      ['ES256', SECONDS + 3600],
    ],
  ],
  [
    'vend: an unknown key and a negative time to live are refused (codes assumed)',
    async (bench) => {
      const asks = [{ keyId: NOBODY }, { timeToLiveInSeconds: -1 }];
      const answers = await Promise.all(asks.map((ask) => outcome(bench.client().vendJWT(ask))));
      return answers.map(([status, body]) => [status, codesOf(body)]);
    },
    [
      [400, ['keyId: [invalid]keyId']],
      [400, ['timeToLiveInSeconds: [invalid]timeToLiveInSeconds']],
    ],
  ],
  [
    'vend: what it makes passes validate',
    async (bench) => {
      const { response } = await bench.client().vendJWT({ claims: { sub: 'robot' } });
      const [status, body] = await outcome(bench.client().validateJWT(String(response.token)));
      return [status, at(body, 'jwt', 'sub')];
    },
    [200, 'robot'],
  ],
]);
