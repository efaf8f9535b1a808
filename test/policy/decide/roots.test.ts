import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/model/index.ts';
import { operations } from '../../../src/catalog/operations.ts';
import { type Circumstances, inWords, openBench, policyOf } from '../support.ts';
import { decisions, ID, ONE, under, VALIDATE } from '../table.ts';

const part = (text: string) => Buffer.from(text).toString('base64url');
const jwt = (payload: string, header = '{"alg":"none"}') => `${part(header)}.${part(payload)}.x`;
const ANN = jwt('{"sub":"ann","roles":["a"]}');

/** Whether a condition holds for a call: a denial by the only rule says yes. */
async function seesIt(condition: string, tool: string, args: JsonObject, circumstances: Circumstances = {}) {
  const bench = openBench(under('*', `{ conditions: [{ not: ${condition} }] }`));
  return inWords(await bench.call(tool, args, circumstances)) === 'condition_failed by *#1';
}

type Row = readonly [
  sentence: string,
  condition: string,
  tool: string,
  args: JsonObject,
  circumstances?: Circumstances,
];
const IS_ANN = '{ path: jwt.sub, op: eq, value: ann }';
const NONE = '{ path: jwt.sub, op: exists, value: false }';
const reconcile = (token: string) => ({
  body: { applicationId: ID, identityProviderId: ID, data: { token } },
});

const seen: readonly Row[] = [
  ['jwt. of issue is encodedJWT', IS_ANN, 'issueJWTWithId', { applicationId: ID, encodedJWT: ANN }],
  ['jwt. of validate is encodedJWT', IS_ANN, 'validateJWTWithId', { encodedJWT: ANN }],
  [
    'jwt. of exchange is body.token',
    IS_ANN,
    'exchangeRefreshTokenForJWTWithId',
    { body: { refreshToken: 'r', token: ANN } },
  ],
  ['jwt. of reconcile is body.data.token', IS_ANN, 'reconcileJWTWithId', reconcile(ANN)],
  [
    'jwt. has claims of any depth',
    '{ path: "jwt.roles[0]", op: eq, value: a }',
    'validateJWTWithId',
    { encodedJWT: ANN },
  ],
  ['jwt. is missing where there is no JWT', NONE, 'retrieveJwtPublicKey', {}],
  [
    'jwt. is missing where the argument is left out',
    NONE,
    'exchangeRefreshTokenForJWTWithId',
    { body: { refreshToken: 'r' } },
  ],
  ['jwt. is missing for two parts', NONE, 'validateJWTWithId', { encodedJWT: ANN.slice(0, -2) }],
  ['jwt. is missing for four parts', NONE, 'validateJWTWithId', { encodedJWT: `${ANN}.x` }],
  [
    'jwt. is missing for a header that is no JSON',
    NONE,
    'validateJWTWithId',
    { encodedJWT: jwt('{"sub":"ann"}', '{') },
  ],
  [
    'jwt. is missing for a header that is no object',
    NONE,
    'validateJWTWithId',
    { encodedJWT: jwt('{"sub":"ann"}', '[]') },
  ],
  [
    'jwt. is missing for a payload that is no object',
    NONE,
    'validateJWTWithId',
    { encodedJWT: jwt('"ann"') },
  ],
  [
    'jwt. is missing for a payload with a key twice',
    NONE,
    'validateJWTWithId',
    { encodedJWT: jwt('{"sub":"ann","sub":"bob"}') },
  ],
  [
    'jwt. is missing for a payload with a whole number that is judged as another one',
    NONE,
    'validateJWTWithId',
    { encodedJWT: jwt('{"sub":"ann","account":9007199254740993}') },
  ],
  ['jwt. is missing for an empty part', NONE, 'validateJWTWithId', { encodedJWT: `.${ANN.split('.')[1]}.x` }],
  [
    'jwt. is missing for what is not base64url',
    NONE,
    'validateJWTWithId',
    { encodedJWT: ANN.replace('.', '=.') },
  ],
  ['jwt. is there without a signature', IS_ANN, 'validateJWTWithId', { encodedJWT: ANN.slice(0, -1) }],
  [
    'call.tool is the MCP name',
    '{ path: call.tool, op: eq, value: fusionauth-retrievejwtpublickey }',
    'retrieveJwtPublicKey',
    {},
  ],
  ['call.transport is stdio', '{ path: call.transport, op: eq, value: stdio }', 'retrieveJwtPublicKey', {}],
  [
    'call.transport is http',
    '{ path: call.transport, op: eq, value: http }',
    'retrieveJwtPublicKey',
    {},
    { transport: 'http' },
  ],
  [
    'call.transport is rest',
    '{ path: call.transport, op: eq, value: rest }',
    'retrieveJwtPublicKey',
    {},
    { transport: 'rest' },
  ],
  [
    'identity.anonymous is true without sub and client_id',
    '{ path: identity.anonymous, op: eq, value: true }',
    'retrieveJwtPublicKey',
    {},
    { identity: { tenant: 't', email: 'e' } },
  ],
  [
    'identity.anonymous is false with a sub',
    '{ path: identity.anonymous, op: eq, value: false }',
    'retrieveJwtPublicKey',
    {},
    { identity: { sub: 's' } },
  ],
  [
    'identity.anonymous is false with a client_id',
    '{ path: identity.anonymous, op: eq, value: false }',
    'retrieveJwtPublicKey',
    {},
    { identity: { client_id: 's' } },
  ],
  [
    'a list that the token does not have is missing, not empty',
    '{ path: identity.roles, op: exists, value: false }',
    'retrieveJwtPublicKey',
    {},
  ],
  [
    'a list that is empty is there',
    '{ path: identity.roles, op: subset_of, value: [] }',
    'retrieveJwtPublicKey',
    {},
    { identity: { roles: [] } },
  ],
  [
    'identity.claims may be asked to exist',
    '{ path: identity.claims, op: exists, value: true }',
    'retrieveJwtPublicKey',
    {},
    { identity: { claims: {} } },
  ],
  [
    'a claim is found by its name',
    '{ path: "identity.claims.https://x/y", op: exists, value: false }',
    'retrieveJwtPublicKey',
    {},
    { identity: { claims: { 'https://x/y': null } } },
  ],
  [
    'time.hour is that of UTC: the last',
    '{ path: time.hour, op: eq, value: 23 }',
    'retrieveJwtPublicKey',
    {},
    { at: '2026-01-04T23:59:59.999Z' },
  ],
  [
    'time.hour is that of UTC: the first',
    '{ path: time.hour, op: eq, value: 0 }',
    'retrieveJwtPublicKey',
    {},
    { at: '2026-01-04T23:00:00-01:00' },
  ],
  ...['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map(
    (day, i): Row => [
      `time.weekday is ${day}`,
      `{ path: time.weekday, op: eq, value: ${day} }`,
      'retrieveJwtPublicKey',
      {},
      { at: `2026-01-${String(i + 4).padStart(2, '0')}T12:00:00Z` },
    ],
  ),
];

describe('a root', () => {
  for (const [sentence, condition, tool, args, circumstances] of seen) {
    it(sentence, async () => expect(await seesIt(condition, tool, args, circumstances)).toBe(true));
  }
  const kinds = {
    issueJWTWithId: 'mint',
    retrieveJwtPublicKey: 'read',
    reconcileJWTWithId: 'mint',
    exchangeRefreshTokenForJWTWithId: 'mint',
    retrieveRefreshTokensWithId: 'reveal',
    deleteJwtRefresh: 'revoke',
    retrieveRefreshTokenByIdWithId: 'reveal',
    revokeRefreshTokenByIdWithId: 'revoke',
    validateJWTWithId: 'read',
    vendJWTWithId: 'mint',
    createLogout: 'revoke',
  };
  it('call.kind is that of the table, for every tool', () => {
    expect(Object.fromEntries(operations.map(({ operationId, kind }) => [operationId, kind]))).toEqual(kinds);
  });
});

decisions('under --tools any', [
  {
    sentence: 'no tool is unknown, and a hidden one still is',
    policy: 'hide: ["drop_*"]',
    tools: 'any',
    calls: [
      ['read_file', {}, 'allowed'],
      ['drop_table', {}, 'unknown_tool, hidden'],
    ],
  },
  {
    sentence: 'no schema but `arguments` applies, and there is no normal form',
    policy: `default: allow\ntools: { deleteJwtRefresh: { arguments: { properties: { size: { maximum: 5 } } }, rules: [{ action: deny, when: [{ path: args.body.applicationId, op: exists, value: true }] }] } }`,
    tools: 'any',
    calls: [
      ['other', { size: 6 }, 'allowed'],
      ['fusionauth-deletejwtrefresh', { size: 6 }, 'allowed'],
    ],
  },
  {
    sentence: 'call.kind and jwt. are missing',
    policy: under(
      '*',
      '{ conditions: [{ path: call.kind, op: exists, value: false }, { path: jwt.sub, op: exists, value: false }] }',
    ),
    tools: 'any',
    calls: [['validateJWTWithId', { encodedJWT: ANN }, 'allowed']],
  },
  {
    sentence: 'default: deny, globs and limits work on plain names, for however many of them',
    policy: 'default: deny\ntools: { "a*": { rules: [{ rate_limit: 1100/minute }] }, "*": {} }',
    tools: 'any',
    calls: [
      ['b', {}, 'not_listed'],
      ...Array.from(
        { length: 1100 },
        (_, i) => [`a${i}`, {}, 'allowed', { identity: { sub: 'x' } }] as const,
      ),
      ['a0', {}, 'rate_limited by a*#1 in 60s', { identity: { sub: 'x' } }],
    ],
  },
]);

const secrets: readonly (readonly [
  sentence: string,
  tools: string,
  shown: Readonly<Record<string, string>>,
])[] = [
  [
    'left out: clear for mint, fingerprint for reveal',
    '{}',
    {
      vendJWTWithId: 'clear',
      issueJWTWithId: 'clear',
      retrieveRefreshTokensWithId: 'fingerprint',
      retrieveRefreshTokenByIdWithId: 'fingerprint',
    },
  ],
  [
    'said under the tool, it holds',
    '{ vendJWTWithId: { secrets: fingerprint }, retrieveRefreshTokensWithId: { secrets: clear } }',
    {
      vendJWTWithId: 'fingerprint',
      retrieveRefreshTokensWithId: 'clear',
      retrieveRefreshTokenByIdWithId: 'fingerprint',
    },
  ],
  [
    'said under a glob or `*`, it holds for all',
    '{ "retrieve*": { secrets: clear }, "*": { secrets: clear } }',
    { retrieveRefreshTokensWithId: 'clear', vendJWTWithId: 'clear' },
  ],
  [
    'among several keys, fingerprint wins',
    '{ vendJWTWithId: { secrets: clear }, "vend*": { secrets: fingerprint }, "ret*": { secrets: fingerprint }, retrieveRefreshTokensWithId: { secrets: clear }, "*": { secrets: clear } }',
    { vendJWTWithId: 'fingerprint', retrieveRefreshTokensWithId: 'fingerprint', issueJWTWithId: 'clear' },
  ],
];

describe('secrets', () => {
  for (const [sentence, tools, shown] of secrets) {
    it(sentence, () => {
      const policy = policyOf(`tools: ${tools}`);
      const found = Object.keys(shown).map((id) => [
        id,
        policy.tool(`fusionauth-${id.toLowerCase()}`)?.secrets,
      ]);
      expect(Object.fromEntries(found)).toEqual(shown);
    });
  }
  it('are a word of the decision', async () => {
    const judgement = await openBench('tools: { validateJWTWithId: { secrets: fingerprint } }').call(
      'validateJWTWithId',
      VALIDATE,
    );
    expect(judgement).toMatchObject({ verdict: 'allow', secrets: 'fingerprint', ticket: null });
    expect(await openBench('{}').call('retrieveRefreshTokenByIdWithId', ONE)).toMatchObject({
      secrets: 'fingerprint',
    });
  });
});
