import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import {
  type Bench,
  claimsOf,
  login,
  quickSeed,
  refreshValue,
  SECONDS,
  START,
  testRows,
  withSandbox,
} from './support.ts';

const { applications, users, refreshTokens } = known;
const list = `/api/jwt/refresh?userId=${users.alice}`;
const isUp = async ({ send }: Bench) => (await send('GET', '/api/jwt/public-key')).status;

/** Sends bytes and gives the first line of what comes back, or nothing where the connection just ends. */
const raw = ({ sandbox }: Bench, text: string) =>
  new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.includes('\r\n')) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
  });
/** Sends bytes and goes away in the middle of the request. */
const left = ({ sandbox }: Bench, text: string) =>
  new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(sandbox.url).port), '127.0.0.1', () =>
      socket.write(text, () => socket.destroy()),
    );
    socket.on('close', () => resolve('left'));
  });
const milliseconds = async (work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

testRows([
  [
    'arrivals tell what came, by whom and for which tenant, without query or secret',
    async (bench) => {
      const jwt = await login(bench);
      const headers = { 'x-fusionauth-tenantid': known.tenant };
      await bench.send('GET', list, { key: bench.sandbox.apiKey, headers });
      bench.clock.now += 5;
      await bench.send('GET', '/api/jwt/validate', { jwt });
      await bench.send('GET', '/api/jwt/validate', { headers: { cookie: `access_token=${jwt}` } });
      await bench.send('POST', '/api/logout?refreshToken=secret');
      await bench.send('GET', '/nowhere');
      return bench.sandbox.arrivals;
    },
    [
      { method: 'GET', path: '/api/jwt/refresh', at: START, authority: 'api_key', tenantId: known.tenant },
      { method: 'GET', path: '/api/jwt/validate', at: START + 5, authority: 'jwt', tenantId: null },
      { method: 'GET', path: '/api/jwt/validate', at: START + 5, authority: 'jwt', tenantId: null },
      { method: 'POST', path: '/api/logout', at: START + 5, authority: 'none', tenantId: null },
      { method: 'GET', path: '/nowhere', at: START + 5, authority: 'none', tenantId: null },
    ],
  ],
  [
    'a body past one megabyte is 413, and the server goes on',
    async (bench) => {
      const body = `{"claims":{"a":"${'x'.repeat(1024 * 1024)}"}}`;
      const headers = { 'content-type': 'application/json' };
      const { status } = await bench.send('POST', '/api/jwt/vend', {
        key: bench.sandbox.apiKey,
        body,
        headers,
      });
      return [status, await isUp(bench)];
    },
    [413, 200],
  ],
  [
    'what is no HTTP, a client that leaves, and bytes that are no text do not stop the server',
    async (bench) => [
      await raw(bench, 'nonsense\r\n\r\n'),
      await raw(bench, 'GET http://example.com/api/jwt/validate HTTP/1.1\r\nHost: a\r\n\r\n'),
      await raw(bench, 'GET /\u0000 HTTP/1.1\r\nHost: a\r\n\r\n'),
      await raw(bench, 'POST /api/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\u00ff\u00fe'),
      await left(bench, 'POST /api/logout HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{}'),
      await isUp(bench),
    ],
    [
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 200 OK',
      'left',
      200,
    ],
  ],
  [
    'a JWT of 16 KiB fits in the header',
    async (bench) => (await bench.send('GET', '/api/jwt/validate', { jwt: 'a'.repeat(16 * 1024) })).status,
    401,
  ],
  [
    'the known world lists what the seed says',
    ({ sandbox }) => {
      const { world } = sandbox;
      const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);
      return {
        tenants: ids(world.tenants),
        applications: ids(world.applications),
        users: ids(world.users),
        keys: ids(world.keys),
        ofBob: world.registrations.filter(({ userId }) => userId === users.bob),
        provider: world.identityProviderId,
        oneTime: ids(world.applications.filter((row) => row.refreshTokenUsagePolicy === 'OneTimeUse')),
      };
    },
    {
      tenants: [known.tenant],
      applications: Object.values(applications),
      users: Object.values(users),
      keys: Object.values(known.keys),
      ofBob: [
        { userId: users.bob, applicationId: applications.web, roles: ['user'] },
        { userId: users.bob, applicationId: applications.reports, roles: ['user'] },
      ],
      provider: known.identityProvider,
      oneTime: [applications.mobile],
    },
  ],
  [
    'it makes access, refresh and external tokens as their owners would',
    async ({ sandbox }) => {
      const { world } = sandbox;
      const access = claimsOf(await world.accessToken(users.bob, applications.mobile));
      const made = world.newRefreshToken(users.bob, applications.mobile);
      const [newest] = world.refreshTokens(users.bob);
      const external = claimsOf(await world.externalJwt({ email: 'a@b.c', exp: 1 }));
      return [
        access['sub'],
        access['authenticationType'],
        access['exp'],
        newest?.id === made.id,
        made.token.length,
        external,
      ];
    },
    [users.bob, 'PASSWORD', SECONDS + 600, true, 64, { email: 'a@b.c', exp: 1, iat: SECONDS }],
  ],
  [
    'a refresh token of another start is unknown here',
    async (bench) => {
      const value = await withSandbox({}, async (other) => refreshValue(other, refreshTokens.bobWeb));
      const { status } = await bench.send('POST', '/api/jwt/refresh', { json: { refreshToken: value } });
      return [status, value.length];
    },
    [400, 64],
  ],
]);

testRows(
  [
    [
      'delayMs holds every reply back',
      async (bench) => (await milliseconds(() => bench.send('GET', '/api/jwt/public-key'))) >= 45,
      true,
    ],
  ],
  { delayMs: 50 },
);

test('it starts in less than 200 ms with its RSA key still in the making', { retry: 3 }, async () => {
  await startSandbox({ seed: quickSeed }).then((warm) => warm.close());
  const start = performance.now();
  const sandbox = await startSandbox();
  expect(performance.now() - start).toBeLessThan(200);
  await sandbox.close();
});

test('it closes at once with a request in flight, and again without complaint', { retry: 3 }, async () => {
  const sandbox = await startSandbox({ seed: quickSeed, delayMs: 60_000 });
  const held = fetch(`${sandbox.url}/api/jwt/public-key`).then(
    () => 'answered',
    () => 'cut off',
  );
  await expect.poll(() => sandbox.arrivals.length).toBe(1);
  expect(await milliseconds(() => sandbox.close())).toBeLessThan(500);
  await sandbox.close();
  expect(await held).toBe('cut off');
});

test('a port that is taken rejects', async () => {
  await withSandbox({}, async ({ sandbox }) => {
    const port = Number(new URL(sandbox.url).port);
    await expect(startSandbox({ port, seed: quickSeed })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

test('every start has a random API key of its own, and the first key of a seed where it has any', async () => {
  const keyOf = (apiKeys?: { key: string }[]) =>
    startSandbox({ seed: apiKeys ? { ...quickSeed, apiKeys } : quickSeed }).then(async (sandbox) => {
      await sandbox.close();
      return sandbox.apiKey;
    });
  const [one, other] = [await keyOf(), await keyOf()];
  expect([one.length, one === other, await keyOf([{ key: 'a' }, { key: 'b' }])]).toEqual([64, false, 'a']);
});
