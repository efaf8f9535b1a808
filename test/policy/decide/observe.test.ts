import { decisions, ID, ONE, under, VALIDATE } from '../table.ts';

const OBSERVE = 'mode: observe\n';
const FAILS = 'conditions: [{ path: identity.sub, op: eq, value: nobody }]';

decisions('a file that observes', [
  {
    sentence: 'covers default, grants, arguments and rules, and names the first in the order of a decision',
    policy: `${OBSERVE}default: deny
grants: [{ to: [{ path: time.hour, op: gte, value: 13 }], tools: ["*"] }]
tools:
  validateJWTWithId:
    arguments: { properties: { encodedJWT: { pattern: "^y" } } }
    rules: [{ name: no, action: deny }, { name: nor, ${FAILS} }]`,
    calls: [
      ['retrieveJwtPublicKey', {}, 'allowed, would be not_listed'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be not_granted'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be invalid_arguments', { at: 3600 }],
      ['validateJWTWithId', { encodedJWT: 'y' }, 'allowed, would be denied_by_rule by no', { at: 3600 }],
    ],
  },
  {
    sentence:
      'still blocks what is unknown, hidden, or against the tool’s own schema, and `would` is null then',
    policy: `${OBSERVE}default: deny\nhide: [vendJWTWithId]\ntools: { createLogout: { arguments: { required: [refreshToken] } } }`,
    calls: [
      ['no-such-tool', {}, 'unknown_tool'],
      ['vendJWTWithId', {}, 'unknown_tool, hidden'],
      ['validateJWTWithId', {}, 'invalid_arguments'],
      ['createLogout', { refreshToken: 5 }, 'invalid_arguments'],
    ],
  },
  {
    sentence: 'counts, and lets pass what is over a limit, which it names',
    policy: under('validateJWTWithId', '{ rate_limit: { max: 1, window: 60 } }', OBSERVE),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by validateJWTWithId#1'],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 61 }],
    ],
  },
  {
    sentence: 'charges nothing for a call that would be denied: by a rule, or by another limit',
    policy: under(
      'validateJWTWithId',
      `{ name: two, rate_limit: { max: 2, window: 60 } },
       { name: one, when: [{ path: call.transport, op: eq, value: http }], rate_limit: { max: 1, window: 60 } },
       { name: no, when: [{ path: call.transport, op: eq, value: rest }], action: deny }`,
      OBSERVE,
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by no', { transport: 'rest' }],
      ['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by no', { transport: 'rest' }],
      ['validateJWTWithId', VALIDATE, 'allowed', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by one', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by one', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by two'],
    ],
  },
  {
    sentence: 'the more lenient of file and rule wins: `mode: enforce` on a rule changes nothing',
    policy: under('validateJWTWithId', '{ mode: enforce, action: deny }', OBSERVE),
    calls: [['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by validateJWTWithId#1']],
  },
  {
    sentence: 'a rule that observes in a file that observes leaves nothing charged either',
    policy: under(
      'validateJWTWithId',
      `{ name: one, rate_limit: { max: 1, window: 60 } }, { name: no, mode: observe, when: [{ path: call.transport, op: eq, value: rest }], action: deny }`,
      OBSERVE,
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by no', { transport: 'rest' }],
      ['validateJWTWithId', VALIDATE, 'allowed'],
    ],
  },
  {
    sentence: 'an invalid amount is observed like its rule',
    policy: under(
      'vendJWTWithId',
      '{ name: amount, conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 5 }], state: { counter: c, window: day, increment_from: args.body.timeToLiveInSeconds } }',
      OBSERVE,
    ),
    calls: [
      ['vendJWTWithId', {}, 'allowed, would be invalid_arguments by amount'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 6 } }, 'allowed, would be budget_exceeded by amount'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 5 } }, 'allowed'],
    ],
  },
]);

decisions('a rule that observes in a file that enforces', [
  {
    sentence: 'does not block, and is named',
    policy: under(
      'validateJWTWithId',
      `{ name: no, mode: observe, action: deny }, { name: nor, mode: observe, ${FAILS} }`,
    ),
    calls: [['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by no']],
  },
  {
    sentence: 'is not named beside a denial: `would` is null there',
    policy: under('validateJWTWithId', `{ name: no, mode: observe, action: deny }, { name: nor, ${FAILS} }`),
    calls: [['validateJWTWithId', VALIDATE, 'condition_failed by nor']],
  },
  {
    sentence: 'leaves the other limits charged when it fails',
    policy: under(
      'validateJWTWithId',
      '{ name: no, mode: observe, action: deny }, { name: one, rate_limit: { max: 1, window: 60 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed, would be denied_by_rule by no'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by one in 60s'],
    ],
  },
  {
    sentence: 'leaves the other limits charged when its own limit is used up',
    policy: under(
      'validateJWTWithId',
      '{ name: one, mode: observe, rate_limit: { max: 1, window: 60 } }, { name: two, rate_limit: { max: 2, window: 60 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by one'],
      ['validateJWTWithId', VALIDATE, 'rate_limited by two in 60s'],
    ],
  },
  {
    sentence: 'charges its own limit only where the rest of it holds',
    policy: under(
      'validateJWTWithId',
      '{ name: one, mode: observe, conditions: [{ path: call.transport, op: eq, value: http }], rate_limit: { max: 1, window: 60 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed, would be condition_failed by one'],
      ['validateJWTWithId', VALIDATE, 'allowed', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by one', { transport: 'http' }],
    ],
  },
  {
    sentence: 'takes from both of its own limits or from none',
    policy: under(
      'vendJWTWithId',
      '{ name: both, mode: observe, rate_limit: { max: 1, window: 60, per: identity }, conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 5 }], state: { counter: c, window: 60, increment_from: args.body.timeToLiveInSeconds, per: identity } }',
    ),
    calls: [
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 6 } }, 'allowed, would be budget_exceeded by both'],
      ['vendJWTWithId', {}, 'allowed, would be invalid_arguments by both'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 4 } }, 'allowed'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 1 } }, 'allowed, would be rate_limited by both'],
    ],
  },
  {
    sentence: 'is charged nothing by a call that an enforced limit denies',
    policy: under(
      'validateJWTWithId',
      '{ name: watched, mode: observe, rate_limit: { max: 2, window: 60 } }, { name: one, when: [{ path: call.transport, op: eq, value: http }], rate_limit: { max: 1, window: 60 } }',
    ),
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'rate_limited by one in 60s', { transport: 'http' }],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed, would be rate_limited by watched'],
    ],
  },
  {
    sentence: 'names an earlier failure of the decision before a later one',
    policy: under(
      'vendJWTWithId',
      '{ name: calls, mode: observe, rate_limit: { max: 1, window: 60 } }, { name: amount, mode: observe, conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 5 }], state: { counter: c, window: 60, increment_from: args.body.timeToLiveInSeconds } }, { name: rule, mode: observe, when: [{ path: call.transport, op: eq, value: http }], action: deny }',
    ),
    calls: [
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 5 } }, 'allowed'],
      ['vendJWTWithId', {}, 'allowed, would be denied_by_rule by rule', { transport: 'http' }],
      ['vendJWTWithId', {}, 'allowed, would be invalid_arguments by amount'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 6 } }, 'allowed, would be rate_limited by calls'],
    ],
  },
  {
    sentence: '`mode: enforce` on a rule is allowed and changes nothing',
    policy: under('retrieveRefreshTokenByIdWithId', '{ mode: enforce, action: deny }'),
    calls: [
      ['retrieveRefreshTokenByIdWithId', ONE, 'denied_by_rule by retrieveRefreshTokenByIdWithId#1'],
      ['retrieveRefreshTokensWithId', { userId: ID }, 'allowed'],
    ],
  },
]);
