import { known } from '../../src/sandbox/default-seed.ts';
import type { SeedDocument, SeedJwtConfiguration } from '../../src/sandbox/seed.ts';
import {
  at,
  type Bench,
  claimsOf,
  codesOf,
  outcome,
  quickSeed,
  type Row,
  refreshValue,
  START,
  testRows,
} from './support.ts';

const { applications, users, keys, refreshTokens, tenant } = known;
const MINUTE = 60_000;
const id = refreshTokens.aliceWeb;

/** The built-in world where the application Web has these settings. */
const webWith = (settings: SeedJwtConfiguration): { readonly seed: SeedDocument } => ({
  seed: {
    ...quickSeed,
    applications: (quickSeed.applications ?? []).map((row) =>
      row.id === applications.web
        ? { ...row, jwtConfiguration: { enabled: true, accessTokenKeyId: keys.es256, ...settings } }
        : row,
    ),
  },
});

/** A refresh with this value: the value that comes back, or the codes. */
const refreshed = async (bench: Bench, refreshToken: string) => {
  const [status, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken }));
  return status === 200 ? String(at(body, 'refreshToken')) : codesOf(body).join();
};
/** For each wait in minutes, whether the first token of alice can still be refreshed. */
const uses = async (bench: Bench, waits: readonly number[]) => {
  const value = refreshValue(bench, id);
  const answers: boolean[] = [];
  for (const wait of waits) {
    bench.clock.now += wait * MINUTE;
    answers.push((await refreshed(bench, value)) === value);
  }
  return answers;
};
const REFUSED = 'refreshToken: [invalid]refreshToken';
const REVOKED = [{ type: 'jwt.refresh-token.revoke', refreshTokenId: id }];
const revocations = ({ sandbox }: Bench) =>
  sandbox.world.events
    .filter(({ type }) => type === 'jwt.refresh-token.revoke')
    .map(({ type, info }) => ({ type, ...info }));

const fixed: readonly Row[] = [
  ['Fixed: use does not move the end', (bench) => uses(bench, [5, 4.99, 0.01]), [true, true, false]],
  [
    'what has ended is in no list, not found by id, and cannot be revoked by itself',
    async (bench) => {
      bench.clock.now += 10 * MINUTE;
      const client = bench.client();
      const [, list] = await outcome(client.retrieveRefreshTokens(users.bob));
      return [
        list,
        (await outcome(client.retrieveRefreshTokenById(refreshTokens.bobWeb)))[0],
        (await outcome(client.revokeRefreshTokenById(refreshTokens.bobWeb)))[0],
      ];
    },
    [{ refreshTokens: [] }, 404, 404],
  ],
  [
    'a use is noted: where from and when, and that the old access token was relayed',
    async (bench) => {
      bench.clock.now += MINUTE;
      const json = { refreshToken: refreshValue(bench, id), token: 'the old one' };
      await bench.send('POST', '/api/jwt/refresh', { json, headers: { 'x-forwarded-for': '192.0.2.9' } });
      const [, stored] = await outcome(bench.client().retrieveRefreshTokenById(id));
      const [event] = bench.sandbox.world.events;
      return [at(stored, 'refreshToken', 'metaData', 'device'), event];
    },
    [
      { lastAccessedAddress: '192.0.2.9', lastAccessedInstant: START + MINUTE },
      {
        type: 'jwt.refresh',
        createInstant: START + MINUTE,
        tenantId: tenant,
        applicationId: applications.web,
        userId: users.alice,
        info: { refreshTokenId: id, hasOriginal: true },
      },
    ],
  ],
];
const sliding: readonly Row[] = [
  [
    'SlidingWindow: every use moves the end, without bound',
    (bench) => uses(bench, [...Array(20).fill(9), 10]),
    [...Array(20).fill(true), false],
  ],
  [
    'SlidingWindow: the start moves, the day of birth stays',
    async (bench) => {
      await uses(bench, [9]);
      const [, stored] = await outcome(bench.client().retrieveRefreshTokenById(id));
      return [at(stored, 'refreshToken', 'startInstant'), at(stored, 'refreshToken', 'insertInstant')];
    },
    [START + 9 * MINUTE, START],
  ],
];
const bounded: readonly Row[] = [
  [
    'SlidingWindowWithMaximumLifetime: every use moves the end, but never past the maximum',
    (bench) => uses(bench, [9, 9, 6.99, 0.01]),
    [true, true, true, false],
  ],
];
const oneTime: readonly Row[] = [
  [
    'OneTimeUse: every use gives a new value of 64 characters, and the id stays',
    async (bench) => {
      const first = refreshValue(bench, id);
      const second = await refreshed(bench, first);
      const [, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken: second }));
      return [
        second.length,
        second === first,
        at(body, 'refreshTokenId'),
        claimsOf(at(body, 'token'))['sid'],
      ];
    },
    [64, false, id, id],
  ],
  [
    'OneTimeUse: within the grace period the old value gives the current one and does not rotate',
    async (bench) => {
      const first = refreshValue(bench, id);
      const second = await refreshed(bench, first);
      bench.clock.now += 9_999;
      return [(await refreshed(bench, first)) === second, refreshValue(bench, id) === second];
    },
    [true, true],
  ],
  [
    'OneTimeUse: after it the old value is refused, the token revoked, and the new value dead',
    async (bench) => {
      const first = refreshValue(bench, id);
      const second = await refreshed(bench, first);
      bench.clock.now += 10_000;
      return [await refreshed(bench, first), await refreshed(bench, second), revocations(bench)];
    },
    [REFUSED, REFUSED, REVOKED],
  ],
  [
    'OneTimeUse: a spent value neither revokes nor logs out',
    async (bench) => {
      const first = refreshValue(bench, id);
      const second = await refreshed(bench, first);
      const [revoke] = await outcome(bench.client().revokeRefreshTokenByToken(first));
      await bench.client().logout(false, first);
      return [revoke, refreshValue(bench, id) === second];
    },
    [404, true],
  ],
];
const lenient: readonly Row[] = [
  [
    'OneTimeUse without revocation on reuse: the old value is refused at once, the new one lives on',
    async (bench) => {
      const first = refreshValue(bench, id);
      const second = await refreshed(bench, first);
      const old = await refreshed(bench, first);
      return [old, (await refreshed(bench, second)).length, revocations(bench)];
    },
    [REFUSED, 64, []],
  ],
];
const built: readonly Row[] = [
  [
    'a single sign-on token ends after the idle time of its tenant',
    async (bench) => {
      const live = () =>
        bench.sandbox.world.refreshTokens(users.alice).some((token) => token.applicationId === null);
      bench.clock.now += 3_599_999;
      const before = live();
      bench.clock.now += 1;
      return [before, live()];
    },
    [true, false],
  ],
  [
    'the list shows 1000 tokens and no more, the newest of them',
    async (bench) => {
      for (let made = 0; made < 1200; made++)
        bench.sandbox.world.newRefreshToken(users.carol, applications.web);
      bench.clock.now += 1;
      const newest = bench.sandbox.world.newRefreshToken(users.carol, applications.web);
      const [, body] = await outcome(bench.client().retrieveRefreshTokens(users.carol));
      const list = at(body, 'refreshTokens') as readonly { readonly id: string }[];
      return [list.length, list[0]?.id === newest.id];
    },
    [1000, true],
  ],
  [
    'revoking many is one event, and none where nothing was alive',
    async (bench) => {
      await bench.client().revokeRefreshTokensByUserId(users.alice);
      await bench.client().revokeRefreshTokensByUserId(users.alice);
      return revocations(bench);
    },
    [{ type: 'jwt.refresh-token.revoke', revoked: 4 }],
  ],
];
const resources: readonly Row[] = [
  [
    'resources of a refresh token join the audience of what it gives',
    async (bench) => {
      const refreshToken = 'fixed-value';
      const [, body] = await outcome(bench.client().exchangeRefreshTokenForJWT({ refreshToken }));
      return claimsOf(at(body, 'token'))['aud'];
    },
    [applications.web, 'https://mcp.example.com'],
  ],
];

const short = { refreshTokenTimeToLiveInMinutes: 10 };
testRows(fixed, webWith(short));
testRows(sliding, webWith({ ...short, refreshTokenExpirationPolicy: 'SlidingWindow' }));
testRows(
  bounded,
  webWith({
    ...short,
    refreshTokenExpirationPolicy: 'SlidingWindowWithMaximumLifetime',
    refreshTokenSlidingWindowConfiguration: { maximumTimeToLiveInMinutes: 25 },
  }),
);
testRows(
  oneTime,
  webWith({
    refreshTokenUsagePolicy: 'OneTimeUse',
    refreshTokenOneTimeUseConfiguration: { gracePeriodInSeconds: 10 },
    refreshTokenRevocationPolicy: { onOneTimeTokenReuse: true },
  }),
);
testRows(
  [['settings of an application that are not enabled do not count', (bench) => uses(bench, [11]), [true]]],
  {
    seed: {
      ...quickSeed,
      applications: (quickSeed.applications ?? []).map((row) => ({
        ...row,
        jwtConfiguration: { enabled: false, ...short },
      })),
    },
  },
);
testRows(lenient, webWith({ refreshTokenUsagePolicy: 'OneTimeUse' }));
testRows(built);
testRows(resources, {
  seed: {
    ...quickSeed,
    users: [
      {
        id: users.alice,
        refreshTokens: [
          { applicationId: applications.web, token: 'fixed-value', resources: ['https://mcp.example.com'] },
        ],
      },
    ],
  },
});
