import { expect } from 'vitest';
import { at, type Bench, claimsOf, codesOf, headerOf, outcome, testRows, twoTenantSeed } from './support.ts';

const north = 'bbbbbbbb-0000-4000-8000-000000000001';
const south = 'bbbbbbbb-0000-4000-8000-000000000002';
const southWeb = 'cccccccc-0000-4000-8000-000000000002';
const northWeb = 'cccccccc-0000-4000-8000-000000000001';
const ann = 'dddddddd-0000-4000-8000-000000000001';
const sue = 'dddddddd-0000-4000-8000-000000000002';
const sueToken = 'eeeeeeee-0000-4000-8000-000000000002';
const REQUIRED = {
  generalErrors: [
    {
      code: '[TenantIdRequired]',
      message:
        'A Tenant Id is required to complete this request. To complete this request, you may assign a Tenant to your API key, or add the X-FusionAuth-TenantId HTTP request header with the Tenant Id.',
    },
  ],
};

const vended = async (bench: Bench, key: string, tenantId?: string) => {
  const [, body] = await outcome(bench.client(key, tenantId).vendJWT({}));
  const { exp, iat } = claimsOf(at(body, 'token'));
  return [headerOf(at(body, 'token'))['kid'], Number(exp) - Number(iat)];
};
const sueValue = ({ sandbox }: Bench) => sandbox.world.refreshTokens(sue)[0]?.token ?? '';
const listedIds = async (bench: Bench, key: string, tenantId?: string) => {
  const [status, body] = await outcome(bench.client(key, tenantId).retrieveRefreshTokens(sue));
  const list = at(body, 'refreshTokens') as readonly { readonly id: string }[];
  return [status, list.map(({ id }) => id)];
};

testRows(
  [
    [
      'the list needs a tenant where there are several',
      (bench) => outcome(bench.client('every-tenant').retrieveRefreshTokens(sue)),
      [400, REQUIRED],
    ],
    ['the header names it', (bench) => listedIds(bench, 'every-tenant', south), [200, [sueToken]]],
    ['a locked key names it', (bench) => listedIds(bench, 'south-only'), [200, [sueToken]]],
    [
      'the header in upper case is the same tenant',
      (bench) => listedIds(bench, 'every-tenant', south.toUpperCase()),
      [200, [sueToken]],
    ],
    ['a user of another tenant looks missing', (bench) => listedIds(bench, 'every-tenant', north), [200, []]],
    [
      'a locked key in another tenant is 401 (assumed)',
      (bench) => outcome(bench.client('south-only', north).retrieveRefreshTokens(sue)),
      [401, undefined],
    ],
    [
      'a malformed or unknown tenant is the same refusal as none (assumed)',
      async (bench) => [
        await outcome(bench.client('every-tenant', 'x').vendJWT({})),
        await outcome(bench.client('every-tenant', ann).vendJWT({})),
      ],
      Array(2).fill([400, REQUIRED]),
    ],
    [
      'vend takes key and time of the tenant in the header',
      (bench) => vended(bench, 'every-tenant', south),
      ['south', 60],
    ],
    ['vend takes those of a locked key', (bench) => vended(bench, 'south-only'), ['south', 60]],
    [
      'vend takes those of the default tenant otherwise',
      (bench) => vended(bench, 'every-tenant'),
      ['north', 3600],
    ],
    [
      'what belongs to another tenant looks missing',
      async (bench) => {
        const client = bench.client('every-tenant', north);
        const [, revoke] = await outcome(client.revokeRefreshTokensByUserId(sue));
        const [, application] = await outcome(client.revokeRefreshTokensByApplicationId(southWeb));
        const [, refresh] = await outcome(
          client.exchangeRefreshTokenForJWT({ refreshToken: sueValue(bench) }),
        );
        const [logout] = await outcome(client.logout(true, sueValue(bench)));
        return [
          (await outcome(client.retrieveRefreshTokenById(sueToken)))[0],
          (await outcome(client.revokeRefreshTokenById(sueToken)))[0],
          (await outcome(client.revokeRefreshTokenByToken(sueValue(bench))))[0],
          codesOf(revoke),
          codesOf(application),
          codesOf(refresh),
          logout,
          bench.sandbox.world.refreshTokens(sue).length,
        ];
      },
      [
        404,
        404,
        404,
        ['userId: [invalid]userId'],
        ['applicationId: [invalid]applicationId'],
        ['refreshToken: [invalid]refreshToken'],
        200,
        1,
      ],
    ],
    [
      'a refresh needs no tenant, and the new token says which one it is of',
      async (bench) => {
        const [status, body] = await outcome(
          bench.client('every-tenant').exchangeRefreshTokenForJWT({ refreshToken: sueValue(bench) }),
        );
        const { iss, tid } = claimsOf(at(body, 'token'));
        return [status, iss, tid];
      },
      [200, 'south.example.com', south],
    ],
    [
      'issue finds no application of another tenant',
      async (bench) => {
        const jwt = await bench.sandbox.world.accessToken(sue, southWeb);
        const [status, body] = await outcome(bench.client('every-tenant').issueJWT(northWeb, jwt, 'none'));
        return [status, codesOf(body)];
      },
      [400, ['applicationId: [invalid]applicationId']],
    ],
    [
      'validate does not look at the header',
      async (bench) => {
        const jwt = await bench.sandbox.world.accessToken(sue, southWeb);
        const { status } = await bench.send('GET', '/api/jwt/validate', {
          jwt,
          headers: { 'x-fusionauth-tenantid': 'x' },
        });
        return status;
      },
      200,
    ],
    [
      'public keys are those of every tenant',
      async (bench) => (await bench.send('GET', '/api/jwt/public-key')).body,
      { publicKeys: { north: expect.any(String), south: expect.any(String) } },
    ],
  ],
  { seed: twoTenantSeed },
);

testRows(
  [
    [
      'a seed can choose that vend needs a tenant',
      async (bench) => [
        await outcome(bench.client('every-tenant').vendJWT({})),
        await vended(bench, 'every-tenant', north),
      ],
      [
        [400, REQUIRED],
        ['north', 3600],
      ],
    ],
    [
      'a seed can choose that an empty list is absent',
      async (bench) =>
        (await bench.send('GET', `/api/jwt/refresh?userId=${north}`, { key: 'south-only' })).body,
      {},
    ],
  ],
  { seed: { ...twoTenantSeed, assumptions: { vendWithoutTenant: 'refused', emptyTokenList: 'absent' } } },
);
