import { defaultSeed, known } from '../../src/sandbox/default-seed.ts';
import type { SeedDocument } from '../../src/sandbox/seed.ts';
import {
  type Bench,
  liveIds,
  login,
  quickSeed,
  refreshValue,
  type SendOptions,
  START,
  testRows,
  without,
} from './support.ts';

const { applications, users, refreshTokens } = known;

const seed: SeedDocument = {
  ...quickSeed,
  apiKeys: [
    { key: 'everything' },
    { key: 'read', permissions: { endpoints: { '/api/jwt/refresh': ['GET'] } } },
    { key: 'vend', permissions: { endpoints: { '/api/jwt/vend': ['POST'] } } },
    { key: 'no-endpoint', permissions: { endpoints: {} } },
    { key: 'minute', expirationInstant: START + 60_000 },
    { key: 'locked', tenantId: known.tenant },
  ],
};

const list = `/api/jwt/refresh?userId=${users.alice}`;
const one = `/api/jwt/refresh/${refreshTokens.aliceWeb}`;

const listed = async ({ send }: Bench, sent: SendOptions) => (await send('GET', list, sent)).status;
const vended = async ({ send }: Bench, key: string) =>
  (await send('POST', '/api/jwt/vend', { key, json: {} })).status;
const validated = async ({ send }: Bench, headers: { readonly [name: string]: string }) =>
  (await send('GET', '/api/jwt/validate', { headers })).status;
const flipped = (jwt: string) =>
  jwt.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A')).replace(/\.(.)/, '.$1');

testRows(
  [
    ['the API key is the whole header', (bench) => listed(bench, { key: 'everything' }), 200],
    [
      'Bearer before an API key makes it another key',
      (bench) => listed(bench, { key: 'Bearer everything' }),
      401,
    ],
    [
      'a header named Authentication is read too',
      (bench) => listed(bench, { headers: { authentication: 'everything' } }),
      200,
    ],
    [
      'but only where Authorization is absent',
      (bench) => listed(bench, { key: 'x', headers: { authentication: 'everything' } }),
      401,
    ],
    ['an unknown key is 401', (bench) => listed(bench, { key: 'nothing' }), 401],
    ['no key is 401', (bench) => listed(bench, {}), 401],
    ['a key without any endpoint may call everything', (bench) => listed(bench, { key: 'no-endpoint' }), 200],
    ['a tenant-locked key works in its tenant', (bench) => listed(bench, { key: 'locked' }), 200],
    [
      'permissions are per endpoint and method, cover the path with an id, and what is missing is 401',
      async (bench) => [
        await listed(bench, { key: 'read' }),
        (await bench.send('GET', one, { key: 'read' })).status,
        (await bench.send('DELETE', one, { key: 'read' })).status,
        await vended(bench, 'read'),
        await vended(bench, 'vend'),
        await listed(bench, { key: 'vend' }),
      ],
      [200, 200, 401, 401, 200, 401],
    ],
    [
      'a key is 401 from the moment it expires',
      async (bench) => {
        bench.clock.now += 59_999;
        const before = await listed(bench, { key: 'minute' });
        bench.clock.now += 1;
        return [before, await listed(bench, { key: 'minute' })];
      },
      [200, 401],
    ],
    ['the list takes no JWT', async (bench) => listed(bench, { jwt: await login(bench) }), 401],
    [
      'issue takes no API key',
      async ({ send }) =>
        (await send('GET', `/api/jwt/issue?applicationId=${applications.web}`, { key: 'everything' })).status,
      401,
    ],
    ['validate takes no API key', (bench) => validated(bench, { authorization: 'everything' }), 401],
    [
      'a JWT comes with Bearer or the older JWT, in any case, or in a cookie',
      async (bench) => {
        const jwt = await login(bench);
        return [
          await validated(bench, { authorization: `Bearer ${jwt}` }),
          await validated(bench, { authorization: `bearer ${jwt}` }),
          await validated(bench, { authorization: `JWT ${jwt}` }),
          await validated(bench, { cookie: `a=b; access_token=${jwt}` }),
          await validated(bench, { authorization: jwt }),
        ];
      },
      [200, 200, 200, 200, 401],
    ],
    [
      'the header of a JWT wins over the cookie, and another scheme is no such header',
      async (bench) => {
        const cookie = `access_token=${await login(bench)}`;
        return [
          await validated(bench, { cookie, authorization: 'Bearer a.b.c' }),
          await validated(bench, { cookie, authorization: 'Basic abc' }),
        ];
      },
      [401, 200],
    ],
    [
      'a JWT with a changed signature, a foreign kid, no algorithm, two parts or other bytes is 401',
      async (bench) => {
        const jwt = await login(bench);
        const [, claims, signature] = jwt.split('.');
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const { kid } = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString());
        const hmac = bench.sandbox.world.keys.find(({ id }) => id === known.keys.hs256)?.kid;
        const bad = [
          flipped(jwt),
          `${part({ alg: 'ES256', kid: 'other' })}.${claims}.${signature}`,
          `${part({ alg: 'none', kid })}.${claims}.`,
          `${part({ alg: 'none', kid })}.${claims}.AA`,
          `${part({ alg: 'ES256', kid: hmac })}.${claims}.${signature}`,
          `${part({ alg: 'ES256' })}.${claims}.${signature}`,
          `${part([])}.${claims}.${signature}`,
          `${claims}.${signature}`,
          `${jwt}.AA`,
          `${jwt}=`,
          'é.é.é',
        ];
        const statuses = await Promise.all(
          bad.map((one) => validated(bench, { cookie: `access_token=${encodeURI(one)}` })),
        );
        return [await validated(bench, { cookie: `access_token=${jwt}` }), new Set(statuses)];
      },
      [200, new Set([401])],
    ],
    [
      'a token whose nbf has not come yet is 401 until then',
      async (bench) => {
        const nbf = START / 1000 + 10;
        const { response } = await bench.client().vendJWT({ claims: { nbf } });
        const authorization = `Bearer ${response.token}`;
        const before = await validated(bench, { authorization });
        bench.clock.now += 10_000;
        return [before, await validated(bench, { authorization })];
      },
      [401, 200],
    ],
    [
      'the owner of a refresh token may revoke it by value and by id with a JWT',
      async (bench) => {
        const jwt = await login(bench);
        const token = refreshValue(bench, refreshTokens.aliceKiosk);
        const byValue = await bench.send('DELETE', '/api/jwt/refresh', { jwt, json: { token } });
        const byId = await bench.send('DELETE', one, { jwt });
        return [byValue.status, byId.status, liveIds(bench)];
      },
      [200, 200, without(refreshTokens.aliceWeb, refreshTokens.aliceKiosk)],
    ],
    [
      'nobody else may, and nothing is revoked (status assumed)',
      async (bench) => {
        const jwt = await login(bench);
        const token = refreshValue(bench, refreshTokens.bobWeb);
        const byValue = await bench.send('DELETE', '/api/jwt/refresh', { jwt, json: { token } });
        const byId = await bench.send('DELETE', `/api/jwt/refresh/${refreshTokens.bobWeb}`, { jwt });
        return [byValue.status, byId.status, liveIds(bench)];
      },
      [401, 401, without()],
    ],
    [
      'a JWT does not revoke in bulk, not even for its owner',
      async (bench) => {
        const jwt = await login(bench);
        const queries = [`?userId=${users.alice}`, `?applicationId=${applications.web}`, ''];
        const answers = await Promise.all(
          queries.map((query) => bench.send('DELETE', `/api/jwt/refresh${query}`, { jwt })),
        );
        return [answers.map(({ status }) => status), liveIds(bench)];
      },
      [[401, 401, 401], without()],
    ],
    ['the built-in world has one random key that may do everything', () => defaultSeed.apiKeys, undefined],
  ],
  { seed },
);
