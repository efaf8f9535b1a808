import { expect } from 'vitest';
import { known } from '../../../src/sandbox/default-seed.ts';
import {
  at,
  claimsOf,
  codesOf,
  external,
  login,
  NOBODY,
  outcome,
  SECONDS,
  START,
  TEXT,
  testRows,
  quickSeed,
  twoTenantSeed,
} from '../support.ts';

const { applications, users, tenant, identityProvider } = known;

testRows([
  [
    'reconcile: a known person logs in, and the reply holds token, refresh token, end in milliseconds, and user',
    async (bench) => {
      const body = await external(bench, { email: 'bob@example.com' });
      const [status, reply] = await outcome(bench.client().reconcileJWT(body));
      const { authenticationType, sid } = claimsOf(at(reply, 'token'));
      return [status, reply, authenticationType, sid === at(reply, 'refreshTokenId')];
    },
    [
      200,
      {
        refreshToken: expect.stringMatching(/^.{64}$/),
        refreshTokenId: TEXT,
        token: TEXT,
        tokenExpirationInstant: START + 3_600_000,
        user: {
          active: true,
          email: 'bob@example.com',
          id: users.bob,
          insertInstant: START,
          lastLoginInstant: START,
          registrations: [
            { applicationId: applications.web, roles: ['user'] },
            { applicationId: applications.reports, roles: ['user'] },
          ],
          tenantId: tenant,
          verified: true,
        },
      },
      'FEDERATED_JWT',
      true,
    ],
  ],
  [
    'reconcile: an unknown person is created and registered with the default roles',
    async (bench) => {
      const body = await external(bench, { email: 'new@example.com' });
      const [status, reply] = await outcome(bench.client().reconcileJWT(body));
      const types = bench.sandbox.world.events.map(({ type }) => type);
      return [status, at(reply, 'user', 'registrations'), types];
    },
    [
      200,
      [{ applicationId: applications.web, roles: ['user'] }],
      ['user.create', 'user.registration.create', 'user.login.success'],
    ],
  ],
  [
    'reconcile: 202 where the provider does not register (assumed), and no refresh token where none is generated',
    async (bench) => {
      const body = await external(
        bench,
        { email: 'new@example.com' },
        { applicationId: applications.reports },
      );
      const [status, reply] = await outcome(bench.client().reconcileJWT(body));
      return [status, Object.keys(reply as object)];
    },
    [202, ['token', 'tokenExpirationInstant', 'user']],
  ],
  [
    'reconcile: the deprecated encodedJWT stands in for data.token',
    async (bench) => {
      const { data, ...body } = await external(bench, { email: 'bob@example.com' });
      const [status] = await outcome(bench.client().reconcileJWT({ ...body, encodedJWT: data.token }));
      return status;
    },
    200,
  ],
  [
    'reconcile: noJWT gives no token of any kind',
    async (bench) => {
      const body = await external(bench, { email: 'bob@example.com' }, { noJWT: true });
      const [status, reply] = await outcome(bench.client().reconcileJWT(body));
      return [status, Object.keys(reply as object)];
    },
    [200, ['user']],
  ],
  [
    'reconcile: noLink is 404 for who is not linked yet (assumed), and 200 afterwards',
    async (bench) => {
      const client = bench.client();
      const claims = { email: 'bob@example.com' };
      const strict = await external(bench, claims, { noLink: true });
      const [before] = await outcome(client.reconcileJWT(strict));
      await client.reconcileJWT(await external(bench, claims));
      const [after] = await outcome(client.reconcileJWT(strict));
      return [before, after];
    },
    [404, 200],
  ],
  [
    'reconcile: the device and the address of the request are kept with the refresh token',
    async (bench) => {
      const device = { name: 'Laptop', type: 'BROWSER' };
      const body = await external(
        bench,
        { email: 'bob@example.com' },
        { ipAddress: '192.0.2.7', metaData: { device } },
      );
      const [, reply] = await outcome(bench.client().reconcileJWT(body));
      const id = String(at(reply, 'refreshTokenId'));
      const [, stored] = await outcome(bench.client().retrieveRefreshTokenById(id));
      return at(stored, 'refreshToken', 'metaData', 'device');
    },
    { lastAccessedAddress: '192.0.2.7', lastAccessedInstant: START, name: 'Laptop', type: 'BROWSER' },
  ],
  [
    'reconcile: 401 for an unknown provider, a foreign signature, an expired token and a missing claim',
    async (bench) => {
      const claims = { email: 'bob@example.com' };
      const good = await external(bench, claims);
      const past = await bench.sandbox.world.externalJwt({ ...claims, exp: SECONDS - 1 });
      const bodies = [
        { ...good, identityProviderId: NOBODY },
        { ...good, data: { token: await login(bench) } },
        { ...good, data: { token: past } },
        await external(bench, { sub: 'bob' }),
      ];
      return Promise.all(bodies.map((body) => outcome(bench.client().reconcileJWT(body))));
    },
    Array(4).fill([401, undefined]),
  ],
  [
    'reconcile: every missing member is named',
    async (bench) => {
      const [status, body] = await outcome(bench.client().reconcileJWT({}));
      return [status, codesOf(body)];
    },
    [
      400,
      [
        'applicationId: [missing]applicationId',
        'data.token: [missing]data.token',
        'identityProviderId: [missing]identityProviderId',
      ],
    ],
  ],
]);

testRows(
  [
    [
      'reconcile: a provider with domains lets in these alone',
      async (bench) => {
        const emails = ['a@partner.example', 'a@PARTNER.example', 'bob@example.com', 'nobody'];
        const bodies = await Promise.all(emails.map((email) => external(bench, { email })));
        const answers = await Promise.all(bodies.map((body) => outcome(bench.client().reconcileJWT(body))));
        return answers.map(([status]) => status);
      },
      [200, 200, 401, 401],
    ],
  ],
  {
    seed: {
      ...quickSeed,
      identityProviders: (quickSeed.identityProviders ?? []).map((row) => ({
        ...row,
        domains: ['Partner.Example'],
      })),
    },
  },
);

testRows(
  [
    [
      'reconcile: the same address in another tenant is another person',
      async (bench) => {
        const { users: people, applications: web, identityProviderId } = bench.sandbox.world;
        const token = await bench.sandbox.world.externalJwt({ email: 'ann@north.example.com' });
        const body = { identityProviderId: identityProviderId ?? '', data: { token } };
        const logins = web.map(({ id }) =>
          outcome(bench.client().reconcileJWT({ ...body, applicationId: id })),
        );
        const ids = (await Promise.all(logins)).map(([, reply]) => at(reply, 'user', 'id'));
        return ids.map((id) => id === people[0]?.id);
      },
      [true, false],
    ],
  ],
  {
    seed: {
      ...twoTenantSeed,
      identityProviders: [
        {
          id: identityProvider,
          name: 'Partner',
          type: 'ExternalJWT',
          applicationConfiguration: Object.fromEntries(
            (twoTenantSeed.applications ?? []).map(({ id }) => [id, {}]),
          ),
        },
      ],
    },
  },
);
