import { known } from '../../src/sandbox/default-seed.ts';
import { at, external, liveIds, login, refreshValue, testRows, without } from './support.ts';

const { applications, users, refreshTokens } = known;
const CLEARED = ['access_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'];
const BOTH_CLEARED = [...CLEARED, 'refresh_token=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax'];
const FLAGS = 'Path=/; HttpOnly; SameSite=Lax';

const cookie = (pairs: { readonly [name: string]: string }) => ({
  cookie: Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join('; '),
});

testRows([
  [
    'refresh sets both cookies, and the one of the refresh token lives as long as the token',
    async (bench) => {
      const refreshToken = refreshValue(bench, refreshTokens.aliceKiosk);
      const { body, cookies } = await bench.send('POST', '/api/jwt/refresh', { json: { refreshToken } });
      const wanted = [
        `access_token=${at(body, 'token')}; ${FLAGS}`,
        `refresh_token=${refreshToken}; Max-Age=3600; ${FLAGS}`,
      ];
      return cookies.map((found, index) => found === wanted[index]);
    },
    [true, true],
  ],
  [
    'cookies are Secure behind TLS',
    async (bench) => {
      const json = await external(bench, { email: 'bob@example.com' });
      const headers = { 'x-forwarded-proto': 'https' };
      const { cookies } = await bench.send('POST', '/api/jwt/reconcile', { json, headers });
      return cookies.map((found) => [found.split('=')[0], found.includes('; Secure;')]);
    },
    [
      ['access_token', true],
      ['refresh_token', true],
    ],
  ],
  [
    'reconcile sets one cookie where no refresh token is generated, and none with noJWT',
    async (bench) => {
      const json = await external(
        bench,
        { email: 'bob@example.com' },
        { applicationId: applications.reports },
      );
      const one = await bench.send('POST', '/api/jwt/reconcile', { json });
      const none = await bench.send('POST', '/api/jwt/reconcile', { json: { ...json, noJWT: true } });
      return [one.cookies.length, none.cookies.length];
    },
    [1, 0],
  ],
  [
    'the address of a login is the first of X-Forwarded-For',
    async (bench) => {
      const json = await external(bench, { email: 'bob@example.com' });
      const headers = { 'x-forwarded-for': '192.0.2.1, 198.51.100.1' };
      const { body } = await bench.send('POST', '/api/jwt/reconcile', { json, headers });
      const [stored] = bench.sandbox.world.refreshTokens(users.bob);
      const path = `/api/jwt/refresh/${at(body, 'refreshTokenId')}`;
      const token = await bench.send('GET', path, { key: bench.sandbox.apiKey });
      return [
        stored?.applicationId,
        at(token.body, 'refreshToken', 'metaData', 'device', 'lastAccessedAddress'),
      ];
    },
    [applications.web, '192.0.2.1'],
  ],
  [
    'refresh: the cookie wins over the body, and needs none',
    async (bench) => {
      const headers = cookie({ refresh_token: refreshValue(bench, refreshTokens.aliceWeb) });
      const json = { refreshToken: refreshValue(bench, refreshTokens.bobWeb) };
      const answers = [
        await bench.send('POST', '/api/jwt/refresh', { json, headers }),
        await bench.send('POST', '/api/jwt/refresh', { headers }),
      ];
      return answers.map(({ body }) => at(body, 'refreshTokenId'));
    },
    [refreshTokens.aliceWeb, refreshTokens.aliceWeb],
  ],
  [
    'issue: the cookie of the refresh token wins over the parameter',
    async (bench) => {
      const value = encodeURIComponent(refreshValue(bench, refreshTokens.aliceWeb));
      const target = `/api/jwt/issue?applicationId=${applications.mobile}&refreshToken=${value}`;
      const jwt = await login(bench);
      const parameter = await bench.send('GET', target, { jwt });
      const both = await bench.send('GET', target, { jwt, headers: cookie({ refresh_token: 'unknown' }) });
      return [Object.keys(Object(parameter.body)), Object.keys(Object(both.body))];
    },
    [['refreshToken', 'token'], ['token']],
  ],
  [
    'logout: the parameter wins over the cookie',
    async (bench) => {
      const headers = cookie({ refresh_token: refreshValue(bench, refreshTokens.aliceWeb) });
      const json = { refreshToken: refreshValue(bench, refreshTokens.bobWeb) };
      await bench.send('POST', '/api/logout', { json, headers });
      return liveIds(bench);
    },
    without(refreshTokens.bobWeb),
  ],
  [
    'logout: the cookie alone is enough, and both cookies are cleared',
    async (bench) => {
      const headers = cookie({ refresh_token: refreshValue(bench, refreshTokens.aliceWeb) });
      const { status, cookies } = await bench.send('POST', '/api/logout', { headers });
      return [status, cookies, liveIds(bench)];
    },
    [200, BOTH_CLEARED, without(refreshTokens.aliceWeb)],
  ],
  [
    'a token that does not pass deletes the cookie it came beside',
    async ({ send }) => {
      const headers = cookie({ access_token: 'a.b.c' });
      const answers = [
        await send('GET', '/api/jwt/validate', { headers }),
        await send('GET', '/api/jwt/validate', { jwt: 'a.b.c' }),
      ];
      return answers.map(({ status, cookies }) => [status, cookies]);
    },
    [
      [401, CLEARED],
      [401, []],
    ],
  ],
]);
