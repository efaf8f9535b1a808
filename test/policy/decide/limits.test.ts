import { decisions, ID, ONE, under, VALIDATE } from '../table.ts';

const limit = (max: number, window: string | number, per = 'session') =>
  `{ rate_limit: { max: ${max}, window: ${window}, per: ${per} } }`;
const at = (time: string) => ({ at: `2026-01-01T${time}Z` });
const used = (wait: string) => `rate_limited by validateJWTWithId#1 in ${wait}`;

decisions('windows', [
  {
    sentence: 'a calendar minute resets at its end, to the millisecond',
    policy: under('validateJWTWithId', '{ rate_limit: 2/minute }'),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed', at('12:00:00')],
      ['validateJWTWithId', VALIDATE, 'allowed', at('12:00:59.999')],
      ['validateJWTWithId', VALIDATE, used('0.001s'), at('12:00:59.999')],
      ['validateJWTWithId', VALIDATE, 'allowed', at('12:01:00')],
    ],
  },
  {
    sentence: 'a calendar hour and a calendar day are those of UTC',
    policy:
      'tools: { validateJWTWithId: { rules: [{ name: h, rate_limit: 1/hour }, { name: d, rate_limit: 2/day }] } }',
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed', at('22:59:59')],
      ['validateJWTWithId', VALIDATE, 'rate_limited by h in 1s', at('22:59:59')],
      ['validateJWTWithId', VALIDATE, 'allowed', at('23:00:00')],
      ['validateJWTWithId', VALIDATE, 'rate_limited by h in 3600s', at('23:00:00')],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: '2026-01-02T00:00:00Z' }],
    ],
  },
  {
    sentence: 'a sliding window is half-open: a call exactly one window later is in the next',
    policy: under('validateJWTWithId', '{ rate_limit: 1/60s }'),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, used('0.001s'), { at: 59.999 }],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 60 }],
    ],
  },
  {
    sentence:
      'in no 60 seconds are more than `max` admitted, whatever the minute; a call is held back by a sixtieth at most',
    policy: under('validateJWTWithId', limit(2, 60)),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 30.5 }],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 59 }],
      ['validateJWTWithId', VALIDATE, used('31s'), { at: 60 }],
      ['validateJWTWithId', VALIDATE, used('0.5s'), { at: 90.5 }],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 91 }],
      ['validateJWTWithId', VALIDATE, used('28s'), { at: 91 }],
    ],
  },
  {
    sentence: 'windows that are written differently and mean the same slide alike',
    policy: under('validateJWTWithId', '{ rate_limit: { max: 1, window: 1d } }'),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, used('1s'), { at: 86_399 }],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 86_400 }],
    ],
  },
]);

decisions('what a limit counts', [
  {
    sentence: 'under one tool it counts that tool, by whichever name',
    policy:
      'tools: { fusionauth-validatejwtwithid: { rules: [{ rate_limit: 1/minute }] }, retrieveJwtPublicKey: { rules: [{ rate_limit: 1/minute }] } }',
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['retrieveJwtPublicKey', {}, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by fusionauth-validatejwtwithid#1 in 60s'],
      ['retrieveJwtPublicKey', {}, 'rate_limited by retrieveJwtPublicKey#1 in 60s'],
    ],
  },
  {
    sentence: 'under a glob it counts all the tools that it matches together, and no others',
    policy: under('*byid*', '{ rate_limit: 1/minute }'),
    calls: [
      ['retrieveRefreshTokenByIdWithId', ONE, 'allowed'],
      ['revokeRefreshTokenByIdWithId', ONE, 'rate_limited by *byid*#1 in 60s'],
      ['retrieveRefreshTokensWithId', { userId: ID }, 'allowed'],
    ],
  },
  {
    sentence: 'the first in order is named and the longest wait is told',
    policy:
      'tools: { "*": { rules: [{ name: day, rate_limit: { max: 1, window: 1d } }] }, validateJWTWithId: { rules: [{ name: minute, rate_limit: 1/minute }, { name: hour, rate_limit: 1/hour }] } }',
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by minute in 86400s'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by hour in 86340s', { at: 60 }],
      ['validateJWTWithId', VALIDATE, 'rate_limited by day in 82800s', { at: 3600 }],
    ],
  },
  {
    sentence: 'limits are reserved all or none: a denied call charges nothing, on any counter',
    policy: under(
      'validateJWTWithId',
      '{ name: two, rate_limit: { max: 2, window: 1h } }, { name: http, when: [{ path: call.transport, op: eq, value: http }], rate_limit: { max: 1, window: 1h } }, { name: no, when: [{ path: call.transport, op: eq, value: rest }], action: deny }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'denied_by_rule by no', { transport: 'rest' }],
      ['validateJWTWithId', {}, 'invalid_arguments'],
      ['validateJWTWithId', VALIDATE, 'allowed', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'rate_limited by http in 3600s', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by two in 3600s'],
    ],
  },
  {
    sentence: '`rate_limit` beside `conditions` counts only calls for which they hold',
    policy: under(
      'validateJWTWithId',
      '{ conditions: [{ path: call.transport, op: neq, value: http }], rate_limit: 1/minute }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'condition_failed by validateJWTWithId#1', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, used('60s')],
      ['validateJWTWithId', VALIDATE, 'condition_failed by validateJWTWithId#1', { transport: 'http' }],
    ],
  },
]);

const ann = { issuer: 'i', tenant: 't', sub: 'ann' };
const row = (
  sentence: string,
  per: string,
  callers: readonly object[],
  endings: readonly string[],
  rest = '',
) => ({
  sentence,
  policy: under('validateJWTWithId', limit(1, 60, per), rest),
  calls: callers.map((caller, i) => ['validateJWTWithId', VALIDATE, endings[i] ?? '', caller] as const),
});
const USED = used('60s');

decisions('who shares a counter', [
  row(
    'per session: sessions of one identity do not',
    'session',
    [{ session: 'a' }, { session: 'b' }, { session: 'a' }],
    ['allowed', 'allowed', USED],
  ),
  row(
    'per session: the same session id of two identities is two sessions',
    'session',
    [{ identity: { sub: 'ann' } }, { identity: { sub: 'bob' } }, {}],
    ['allowed', 'allowed', USED],
  ),
  row(
    'per session: where the protocol has none, the identity is the session',
    'session',
    [{ session: null }, { session: null, transport: 'rest' }, { session: null, identity: { sub: 'bob' } }],
    ['allowed', USED, 'allowed'],
  ),
  row(
    'per session: an anonymous session is a session',
    'session',
    [
      { identity: {}, session: 'a' },
      { identity: {}, session: 'b' },
      { identity: {}, session: 'a' },
    ],
    ['allowed', 'allowed', USED],
  ),
  row(
    'per identity: all sessions of it do',
    'identity',
    [{ session: 'a' }, { session: 'b' }, { session: null }],
    ['allowed', USED, USED],
  ),
  row(
    'per identity: issuer, tenant and sub all tell',
    'identity',
    [
      { identity: ann },
      { identity: { ...ann, issuer: 'j' } },
      { identity: { ...ann, tenant: 'u' } },
      { identity: { ...ann, sub: 'bob' } },
      { identity: { ...ann, email: 'e', roles: ['x'], client_id: 'c' } },
    ],
    ['allowed', 'allowed', 'allowed', 'allowed', USED],
  ),
  row(
    'per identity: a sub and an equal client_id are two',
    'identity',
    [
      { identity: { sub: 'x' } },
      { identity: { client_id: 'x' } },
      { identity: { client_id: 'x' } },
      { identity: { sub: 'x', client_id: 'y' } },
    ],
    ['allowed', 'allowed', USED, USED],
  ),
  row(
    'per identity: callers without identity share one, whatever else they bring',
    'identity',
    [
      { identity: {} },
      { identity: { tenant: 't', issuer: 'i' } },
      { identity: { email: 'e' }, session: 'b' },
    ],
    ['allowed', USED, USED],
  ),
  row(
    'per tenant: issuer and tenant tell',
    'tenant',
    [
      { identity: ann },
      { identity: { ...ann, sub: 'bob' } },
      { identity: { ...ann, issuer: 'j' } },
      { identity: { ...ann, tenant: 'u' } },
    ],
    ['allowed', USED, 'allowed', 'allowed'],
  ),
  row(
    'per tenant: callers without tenant share one',
    'tenant',
    [{ identity: { sub: 'ann', issuer: 'i' } }, { identity: { sub: 'bob' } }, { identity: {} }],
    ['allowed', USED, USED],
  ),
  row(
    'per everyone: all do',
    'everyone',
    [{ identity: ann }, { identity: {} }, { identity: { sub: 'x' }, session: null }],
    ['allowed', USED, USED],
  ),
  row(
    'session_ceiling bounds the sessions of an identity',
    'session',
    [{ session: 'a' }, { session: 'b' }, { session: 'c' }, { identity: { sub: 'bob' }, session: 'c' }],
    ['allowed', 'allowed', USED, 'allowed'],
    'session_ceiling: 2',
  ),
  row(
    'session_ceiling: 1 makes session and identity the same',
    'session',
    [{ session: 'a' }, { session: 'b' }],
    ['allowed', USED],
    'session_ceiling: 1',
  ),
  row(
    'session_ceiling also bounds anonymous sessions',
    'session',
    [
      { identity: {}, session: 'a' },
      { identity: {}, session: 'b' },
    ],
    ['allowed', USED],
    'session_ceiling: 1',
  ),
  row(
    'session_ceiling is 10 where it is left out',
    'session',
    Array.from({ length: 11 }, (_, i) => ({ session: `${i}` })),
    [...Array<string>(10).fill('allowed'), USED],
  ),
]);
