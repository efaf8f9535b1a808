import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { SeedDocument } from '../../src/sandbox/seed.ts';
import { SeedError } from '../../src/sandbox/seed-error.ts';
import { parseSeed, startSandbox } from '../../src/sandbox/server.ts';
import { at, quickSeed, withSandbox } from './support.ts';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000001';
const C = 'cccccccc-0000-4000-8000-000000000001';
const D = 'dddddddd-0000-4000-8000-000000000001';
const HEAD = `keys: [{ id: ${A}, name: K, algorithm: HS256 }]
tenants: [{ id: ${B}, name: T, jwtConfiguration: { accessTokenKeyId: ${A} } }]
`;

/** What is wrong with a seed, line by line; null where nothing is. */
const problemsOf = (seed: string | SeedDocument) => {
  try {
    parseSeed(String(seed));
    return null;
  } catch (error) {
    if (error instanceof SeedError) return error.message.split('\n');
    throw error;
  }
};

/** A sentence, the YAML, and every line of the message. */
const seeds: readonly (readonly [string, string, readonly string[] | null])[] = [
  ['a key and a tenant are a seed', HEAD, null],
  ['nothing is no seed', '', ['1:1 expected a mapping']],
  [
    'text that is not YAML',
    'keys: [',
    ['1:8 Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  ['a key that stands twice', `${HEAD}keys: []\n`, ['3:1 Map keys must be unique']],
  ['both lists are required', 'users: []', ['1:1 expected the key `tenants`', '1:1 expected the key `keys`']],
  [
    'unknown keys at every level, with what is known there',
    `${HEAD}tenant: []\napplications: [{ id: ${C}, name: A, loginConfiguration: { allowRefresh: true } }]\n`,
    [
      '3:1 tenant: unknown key; expected one of `tenants`, `keys`, `applications`, `users`, `identityProviders`, `apiKeys`, `assumptions`',
      '4:91 applications[0].loginConfiguration.allowRefresh: unknown key; expected one of `allowTokenRefresh`, `generateRefreshTokens`',
    ],
  ],
  [
    'every value of the wrong kind, all at once',
    `keys: [{ id: 1, name: 2, algorithm: RS255 }]
tenants: {}
applications: [{ id: ${C}, name: A, jwtConfiguration: { timeToLiveInSeconds: 0, enabled: yes please } }]
users: [{ registrations: {} }]
`,
    [
      '1:10 keys[0].id: expected a UUID',
      '1:17 keys[0].name: expected text; a number needs quotes',
      '1:26 keys[0].algorithm: expected one of `RS256`, `RS384`, `RS512`, `ES256`, `ES384`, `ES512`, `HS256`, `HS384`, `HS512`, `Ed25519`',
      '2:1 tenants: expected a list with at least one item',
      '3:89 applications[0].jwtConfiguration.timeToLiveInSeconds: expected a whole number from 1',
      '3:113 applications[0].jwtConfiguration.enabled: expected `true` or `false`',
      '4:11 users[0].registrations: expected a list',
      '4:9 users[0]: expected the key `id`',
    ],
  ],
  [
    'ids that are declared nowhere, and twice',
    `keys: [{ id: ${A}, name: K, algorithm: RS256, secret: s }, { id: ${A}, name: K, algorithm: HS256 }]
tenants: [{ id: ${B}, name: T, jwtConfiguration: { accessTokenKeyId: ${C} } }]
applications: [{ id: ${C}, name: A, tenantId: ${D}, jwtConfiguration: { accessTokenKeyId: ${D} } }]
users: [{ id: ${D}, refreshTokens: [{ applicationId: ${A} }] }]
identityProviders: [{ id: ${A}, name: I, type: ExternalJWT, applicationConfiguration: { ${D}: {} } }]
apiKeys: [{ tenantId: ${C} }, { key: a }, { key: a }]
`,
    [
      'keys: expected every `id` once',
      'keys[0].secret: only HMAC keys have one, not `RS256`',
      'apiKeys: expected every `key` once',
      `tenants[0].jwtConfiguration.accessTokenKeyId: expected the id of a declared row; got \`${C}\``,
      `applications[0].tenantId: expected the id of a declared row; got \`${D}\``,
      `applications[0].jwtConfiguration.accessTokenKeyId: expected the id of a declared row; got \`${D}\``,
      `users[0].refreshTokens[0].applicationId: expected the id of a declared row; got \`${A}\``,
      `identityProviders[0].applicationConfiguration: expected the id of a declared row; got \`${D}\``,
      `apiKeys[0].tenantId: expected the id of a declared row; got \`${C}\``,
    ],
  ],
  [
    'a user in an application of another tenant',
    `keys: [{ id: ${A}, name: K, algorithm: HS256 }]
tenants:
  - { id: ${B}, name: T, jwtConfiguration: { accessTokenKeyId: ${A} } }
  - { id: ${C}, name: U, jwtConfiguration: { accessTokenKeyId: ${A} } }
applications: [{ id: ${D}, name: A, tenantId: ${C} }]
users: [{ id: ${A}, registrations: [{ applicationId: ${D} }] }]
`,
    ["users[0].registrations[0].applicationId: expected an application of the user's own tenant"],
  ],
];

for (const [sentence, yaml, problems] of seeds) {
  test(sentence, () => expect(problemsOf(yaml)).toEqual(problems));
}

test('a seed that was not parsed is checked at the start', async () => {
  const [tenant] = quickSeed.tenants;
  const tenants = tenant ? [{ ...tenant, jwtConfiguration: {} }] : [];
  await expect(startSandbox({ seed: { ...quickSeed, tenants } })).rejects.toThrow(
    'tenants[0].jwtConfiguration: expected the key `accessTokenKeyId`',
  );
});

test('the example of the documentation is a seed, and does what the page says', async () => {
  const page = readFileSync(new URL('../../docs/sandbox.md', import.meta.url), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  await withSandbox({ seed: parseSeed(example) }, async ({ sandbox, send }) => {
    const user = sandbox.world.users[0]?.id;
    const list = await send('GET', `/api/jwt/refresh?userId=${user}`, { key: 'local-test-key' });
    const token = at(list.body, 'refreshTokens', 0, 'token');
    const refreshed = await send('POST', '/api/jwt/refresh', { json: { refreshToken: token } });
    const vended = await send('POST', '/api/jwt/vend', { key: 'read-only-key', json: {} });
    expect([sandbox.apiKey, list.status, token, refreshed.status, vended.status]).toEqual([
      'local-test-key',
      200,
      'a-refresh-token-for-tests',
      200,
      401,
    ]);
  });
});
