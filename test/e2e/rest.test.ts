import { FusionAuthClient } from '@fusionauth/typescript-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { outcome } from '../sandbox/support.ts';
import { type RestSetup, startRestSetup } from './rest-setup.ts';

const { applications, users } = known;
const TEXT = expect.any(String);
/** What JavaScript lets a caller leave out, whatever the types of the client say. */
const LEFT_OUT = undefined as unknown as string;
let setup: RestSetup;
/** The vendor's own client; the key that it has is not the proxy's and is never looked at. */
let client: FusionAuthClient;

beforeAll(async () => {
  setup = await startRestSetup(
    'default: allow\ntools: { retrieveRefreshTokensWithId: { secrets: clear } }\n',
  );
  client = new FusionAuthClient('the key of a client', setup.url);
});

afterAll(async () => {
  expect(await setup.close()).toBe(0);
});

interface Row {
  readonly name: string;
  readonly run: (client: FusionAuthClient) => Promise<unknown>;
  readonly expected: unknown;
}

const rows: readonly Row[] = [
  {
    name: 'issueJWT, with its refresh token left out',
    run: async (c) => outcome(c.issueJWT(applications.mobile, await setup.login(), LEFT_OUT)),
    expected: [200, { token: TEXT }],
  },
  {
    name: 'issueJWT for an application that the user has no registration for: 202',
    run: async (c) => outcome(c.issueJWT(applications.reports, await setup.login(), LEFT_OUT)),
    expected: [202, { token: TEXT }],
  },
  {
    name: 'issueJWT with a JWT that is none: 401 without a body',
    run: (c) => outcome(c.issueJWT(applications.mobile, 'a.b.c', LEFT_OUT)),
    expected: [401, undefined],
  },
  {
    name: 'retrieveJWTPublicKeys',
    run: (c) => outcome(c.retrieveJWTPublicKeys()),
    expected: [200, { publicKeys: expect.any(Object) }],
  },
  {
    name: 'retrieveJWTPublicKey',
    run: (c) => outcome(c.retrieveJWTPublicKey(setup.sandbox.world.keys[0]?.kid ?? '')),
    expected: [200, { publicKey: expect.stringContaining('BEGIN PUBLIC KEY') }],
  },
  {
    name: 'retrieveJWTPublicKeyByApplicationId',
    run: (c) => outcome(c.retrieveJWTPublicKeyByApplicationId(applications.mobile)),
    expected: [200, { publicKey: TEXT }],
  },
  {
    name: 'retrieveJWTPublicKey of an unknown key: 404 without a body',
    run: (c) => outcome(c.retrieveJWTPublicKey('nobody')),
    expected: [404, undefined],
  },
  {
    name: 'reconcileJWT',
    run: async (c) =>
      outcome(
        c.reconcileJWT({
          applicationId: applications.web,
          identityProviderId: known.identityProvider,
          data: { token: await setup.sandbox.world.externalJwt({ email: 'dora@example.com' }) },
        }),
      ),
    expected: [200, expect.objectContaining({ token: TEXT, user: expect.any(Object) })],
  },
  {
    name: 'exchangeRefreshTokenForJWT',
    run: (c) => outcome(c.exchangeRefreshTokenForJWT({ refreshToken: setup.refresh().token })),
    expected: [200, { refreshToken: TEXT, refreshTokenId: TEXT, token: TEXT }],
  },
  {
    name: 'exchangeRefreshTokenForJWT with a token that is none: FusionAuth’s code, our words',
    run: (c) => outcome(c.exchangeRefreshTokenForJWT({ refreshToken: 'nothing' })),
    expected: [
      400,
      {
        fieldErrors: {
          refreshToken: [
            {
              code: '[invalid]refreshToken',
              message: 'FusionAuth did not accept `refreshToken`: [invalid]refreshToken.',
            },
          ],
        },
      },
    ],
  },
  {
    name: 'retrieveRefreshTokens',
    run: (c) => outcome(c.retrieveRefreshTokens(users.bob)),
    expected: [200, { refreshTokens: [expect.objectContaining({ userId: users.bob, token: TEXT })] }],
  },
  {
    name: 'retrieveRefreshTokenById, its secret as a fingerprint',
    run: (c) => outcome(c.retrieveRefreshTokenById(known.refreshTokens.bobWeb)),
    expected: [
      200,
      { refreshToken: expect.objectContaining({ userId: users.bob, token: expect.stringMatching(/^fp:/) }) },
    ],
  },
  {
    name: 'revokeRefreshTokenById',
    run: async (c) => {
      const { id } = setup.refresh();
      return [await outcome(c.revokeRefreshTokenById(id)), setup.alive(id)];
    },
    expected: [[200, undefined], false],
  },
  {
    name: 'revokeRefreshTokenById without an id revokes nothing',
    run: async (c) => {
      const { id } = setup.refresh();
      const before = setup.sandbox.arrivals.length;
      const ended = await outcome(c.revokeRefreshTokenById(LEFT_OUT));
      return [ended, setup.alive(id), setup.sandbox.arrivals.length - before];
    },
    expected: [[400, expect.objectContaining({ code: 'invalid_arguments' })], true, 0],
  },
  {
    name: 'revokeRefreshTokenByToken',
    run: async (c) => {
      const { id, token } = setup.refresh();
      return [await outcome(c.revokeRefreshTokenByToken(token)), setup.alive(id)];
    },
    expected: [[200, undefined], false],
  },
  {
    name: 'revokeRefreshTokensWithRequest',
    run: async (c) => {
      const { id, token } = setup.refresh();
      return [await outcome(c.revokeRefreshTokensWithRequest({ token })), setup.alive(id)];
    },
    expected: [[200, undefined], false],
  },
  {
    name: 'revokeRefreshTokensByUserIdForApplication',
    run: async (c) => {
      const { id } = setup.refresh();
      return [
        await outcome(c.revokeRefreshTokensByUserIdForApplication(users.alice, applications.web)),
        setup.alive(id),
      ];
    },
    expected: [[200, undefined], false],
  },
  {
    name: 'revokeRefreshTokensByUserIdForApplication without its application does not revoke all of the user',
    run: async (c) => {
      const { id } = setup.refresh();
      return [
        await outcome(c.revokeRefreshTokensByUserIdForApplication(users.alice, LEFT_OUT)),
        setup.alive(id),
      ];
    },
    expected: [[400, expect.objectContaining({ code: 'invalid_arguments' })], true],
  },
  {
    name: 'revokeRefreshTokensByUserId',
    run: (c) => outcome(c.revokeRefreshTokensByUserId(users.carol)),
    expected: [200, undefined],
  },
  {
    name: 'revokeRefreshTokensByApplicationId',
    run: (c) => outcome(c.revokeRefreshTokensByApplicationId(applications.kiosk)),
    expected: [200, undefined],
  },
  {
    name: 'validateJWT',
    run: async (c) => outcome(c.validateJWT(await setup.login())),
    expected: [200, { jwt: expect.objectContaining({ sub: users.alice }) }],
  },
  {
    name: 'vendJWT',
    run: (c) => outcome(c.vendJWT({ claims: { colour: 'green' }, timeToLiveInSeconds: 60 })),
    expected: [200, { token: TEXT }],
  },
  {
    name: 'vendJWT without a request',
    run: (c) => outcome(c.vendJWT(undefined as never)),
    expected: [200, { token: TEXT }],
  },
  {
    name: 'logout',
    run: async (c) => {
      const { id, token } = setup.refresh();
      return [await outcome(c.logout(false, token)), setup.alive(id)];
    },
    expected: [[200, undefined], false],
  },
  {
    name: 'logout without a refresh token, which would do nothing and say success',
    run: (c) => outcome(c.logout(true, LEFT_OUT)),
    expected: [400, expect.objectContaining({ code: 'invalid_arguments' })],
  },
  {
    name: 'logoutWithRequest',
    run: async (c) => {
      const { id, token } = setup.refresh();
      return [await outcome(c.logoutWithRequest({ refreshToken: token, global: false })), setup.alive(id)];
    },
    expected: [[200, undefined], false],
  },
];

describe('the vendor’s client at the REST door', () => {
  it.each(rows)('$name', async ({ run, expected }) => {
    expect(await run(client)).toEqual(expected);
  });

  it('works for a client of one tenant, validate included', async () => {
    const ofTenant = new FusionAuthClient('the key of a client', setup.url, known.tenant);
    expect((await outcome(ofTenant.vendJWT({})))[0]).toBe(200);
    expect((await outcome(ofTenant.validateJWT(await setup.login())))[0]).toBe(200);
    expect(setup.sandbox.arrivals.at(-2)?.tenantId).toBe(known.tenant);
  });
});
