import { decisions, ID, ONE, OTHER, under, VALIDATE } from '../table.ts';

const GRANT =
  'grants: [{ to: [{ path: identity.roles, op: contains, value: support }], tools: [validateJWTWithId] }]';
const support = { identity: { sub: 'ann', roles: ['support'] } };

decisions('the order of a decision', [
  {
    sentence: 'a tool that does not exist is unknown before all else',
    policy: 'default: deny\ngrants: []',
    calls: [['no-such-tool', { any: 1 }, 'unknown_tool']],
  },
  {
    sentence: 'a hidden tool is answered as one that does not exist, before default, grants and arguments',
    policy: 'hide: [vendJWTWithId, "*logout"]\ndefault: deny\ngrants: []',
    calls: [
      ['vendJWTWithId', { wrong: 1 }, 'unknown_tool, hidden'],
      ['createLogout', {}, 'unknown_tool, hidden'],
      ['validateJWTWithId', VALIDATE, 'not_listed'],
    ],
  },
  {
    sentence: 'agents call a tool by its MCP name, in its very case',
    policy: '{}',
    calls: [
      ['fusionauth-validatejwtwithid', VALIDATE, 'allowed'],
      ['fusionauth-validateJWTWithId', VALIDATE, 'unknown_tool'],
    ],
  },
  {
    sentence: 'default comes before grants, grants before arguments, arguments before rules',
    policy: `default: deny
${GRANT}
tools: { validateJWTWithId: { rules: [{ action: deny }] }, createLogout: {} }`,
    calls: [
      ['vendJWTWithId', { wrong: 1 }, 'not_listed'],
      ['validateJWTWithId', {}, 'not_granted'],
      ['validateJWTWithId', {}, 'invalid_arguments', support],
      ['validateJWTWithId', VALIDATE, 'denied_by_rule by validateJWTWithId#1', support],
      ['createLogout', { refreshToken: 'r' }, 'not_granted', support],
    ],
  },
  {
    sentence: 'rules come before amounts and amounts before limits, whatever their order in the file',
    policy: `
tools:
  vendJWTWithId:
    rules:
      - { name: calls, rate_limit: 1/minute }
      - name: amount
        conditions: [{ path: state.vendJWTWithId.c, op: lte, value: 10 }]
        state: { counter: c, window: minute, increment_from: args.body.timeToLiveInSeconds }
      - { name: rule, conditions: [{ path: args.body.keyId, op: exists, value: false }] }`,
    calls: [
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 1 } }, 'allowed'],
      ['vendJWTWithId', { body: { keyId: ID } }, 'condition_failed by rule'],
      ['vendJWTWithId', {}, 'invalid_arguments by amount'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 1 } }, 'rate_limited by calls in 60s'],
    ],
  },
  {
    sentence: 'the first rule that fails is named: exact tool, then globs in file order, then `*`',
    policy: `
tools:
  "*": { rules: [{ name: star, action: deny }] }
  "*byid*": { rules: [{ name: second glob, action: deny, when: [{ path: time.hour, op: gte, value: 13 }] }] }
  "ret*": { rules: [{ name: third glob, action: deny, when: [{ path: time.hour, op: gte, value: 13 }] }] }
  retrieveRefreshTokenByIdWithId: { rules: [{ name: exact, action: deny, when: [{ path: time.hour, op: gte, value: 14 }] }] }`,
    calls: [
      ['retrieveRefreshTokenByIdWithId', ONE, 'denied_by_rule by star'],
      ['retrieveRefreshTokenByIdWithId', ONE, 'denied_by_rule by second glob', { at: 3600 }],
      ['retrieveRefreshTokenByIdWithId', ONE, 'denied_by_rule by exact', { at: 7200 }],
      ['retrieveJwtPublicKey', {}, 'denied_by_rule by third glob', { at: 7200 }],
    ],
  },
]);

decisions('default and names', [
  {
    sentence: 'default left out means allow',
    policy: '{}',
    calls: [['validateJWTWithId', VALIDATE, 'allowed']],
  },
  {
    sentence:
      'default: deny lets through only tools that some key other than `*` names, whatever stands there',
    policy:
      'default: deny\ntools: { "*": {}, validateJWTWithId: {}, fusionauth-retrievejwtpublickey: { rules: [] }, "*byid*": { arguments: {} } }',
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['retrieveJwtPublicKey', {}, 'allowed'],
      ['retrieveRefreshTokenByIdWithId', ONE, 'allowed'],
      ['retrieveRefreshTokensWithId', { userId: ID }, 'not_listed'],
    ],
  },
  {
    sentence: 'a glob is matched against both names, and nothing but `*` is special',
    policy: 'default: deny\ntools: { "*JwtPublic*": {}, "fusionauth-v*d*withid": {}, "**Logout": {} }',
    calls: [
      ['retrieveJwtPublicKey', {}, 'allowed'],
      ['vendJWTWithId', {}, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['retrieveRefreshTokenByIdWithId', ONE, 'not_listed'],
      ['createLogout', { refreshToken: 'r' }, 'allowed'],
    ],
  },
]);

decisions('grants', [
  {
    sentence: 'unknown in `to` does not hold',
    policy: 'grants: [{ to: [{ path: identity.email, op: neq, value: mallory }], tools: ["*"] }]',
    calls: [
      ['validateJWTWithId', VALIDATE, 'not_granted'],
      ['validateJWTWithId', VALIDATE, 'allowed', { identity: { email: 'ann' } }],
    ],
  },
  {
    sentence: 'one grant is enough, with all of its conditions, under either name or a glob',
    policy: `
grants:
  - to: [{ path: identity.sub, op: eq, value: ann }, { path: time.hour, op: lt, value: 13 }]
    tools: [fusionauth-validatejwtwithid, "retrieve*"]
  - to: [{ path: identity.sub, op: eq, value: bob }]
    tools: [validateJWTWithId]`,
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed'],
      ['retrieveJwtPublicKey', {}, 'allowed'],
      ['validateJWTWithId', VALIDATE, 'not_granted', { at: 3600 }],
      ['validateJWTWithId', VALIDATE, 'allowed', { at: 3600, identity: { sub: 'bob' } }],
      ['retrieveJwtPublicKey', {}, 'not_granted', { at: 3600, identity: { sub: 'bob' } }],
    ],
  },
  {
    sentence: '`grants: []` denies every call',
    policy: 'grants: []',
    calls: [['validateJWTWithId', VALIDATE, 'not_granted']],
  },
  {
    sentence: 'a grant opens nothing that a rule closes',
    policy: `${GRANT}\ntools: { "*": { rules: [{ action: deny }] } }`,
    calls: [['validateJWTWithId', VALIDATE, 'denied_by_rule by *#1', support]],
  },
]);

decisions('rules', [
  {
    sentence: '`when` counts unknown as holding: the rule applies',
    policy: under(
      'vendJWTWithId',
      '{ action: deny, when: [{ path: args.body.timeToLiveInSeconds, op: gt, value: 300 }] }',
    ),
    calls: [
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 301 } }, 'denied_by_rule by vendJWTWithId#1'],
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 300 } }, 'allowed'],
      ['vendJWTWithId', {}, 'denied_by_rule by vendJWTWithId#1'],
    ],
  },
  {
    sentence: '`exists` before a condition in `when` exempts calls without the argument',
    policy: under(
      'vendJWTWithId',
      '{ action: deny, when: [{ path: args.body.timeToLiveInSeconds, op: exists, value: true }, { path: args.body.timeToLiveInSeconds, op: gt, value: 300 }] }',
    ),
    calls: [
      ['vendJWTWithId', { body: { timeToLiveInSeconds: 301 } }, 'denied_by_rule by vendJWTWithId#1'],
      ['vendJWTWithId', {}, 'allowed'],
    ],
  },
  {
    sentence: '`conditions` count unknown as not holding, each of them must hold, and `when` exempts',
    policy: under(
      'deleteJwtRefresh',
      '{ name: own, when: [{ path: args.userId, op: exists, value: true }], conditions: [{ path: identity.claims.uid, op: eq, value: x }, { path: args.userId, op: neq, value: x }] }',
    ),
    calls: [
      ['deleteJwtRefresh', { userId: ID }, 'condition_failed by own'],
      ['deleteJwtRefresh', { userId: ID }, 'allowed', { identity: { claims: { uid: 'x' } } }],
      ['deleteJwtRefresh', { userId: ID }, 'condition_failed by own', { identity: { claims: { uid: 5 } } }],
      ['deleteJwtRefresh', { applicationId: OTHER }, 'allowed'],
    ],
  },
  {
    sentence: 'conditions see the normal form: a selector in `body` is the same as one at top level',
    policy: under(
      'deleteJwtRefresh',
      '{ action: deny, when: [{ path: args.applicationId, op: exists, value: true }] }',
    ),
    calls: [
      ['deleteJwtRefresh', { applicationId: ID }, 'denied_by_rule by deleteJwtRefresh#1'],
      ['deleteJwtRefresh', { body: { applicationId: ID } }, 'denied_by_rule by deleteJwtRefresh#1'],
      ['deleteJwtRefresh', { body: { userId: ID } }, 'allowed'],
    ],
  },
  {
    sentence: '`action: allow`, `validate` and `arguments: {}` object to nothing',
    policy:
      'tools: { validateJWTWithId: { arguments: {}, rules: [{ action: allow }, { validate: { required_args: true } }] } }',
    calls: [['validateJWTWithId', VALIDATE, 'allowed']],
  },
  {
    sentence: '`arguments` are checked in addition to the tool’s own schema, under a glob for every tool',
    policy: `
tools:
  exchangeRefreshTokenForJWTWithId:
    arguments: { properties: { body: { properties: { timeToLiveInSeconds: { maximum: 300 } } } } }
  "*": { arguments: { required: [tenantId] } }`,
    calls: [
      [
        'exchangeRefreshTokenForJWTWithId',
        { tenantId: ID, body: { refreshToken: 'r', timeToLiveInSeconds: 301 } },
        'invalid_arguments',
      ],
      [
        'exchangeRefreshTokenForJWTWithId',
        { tenantId: ID, body: { refreshToken: 'r', timeToLiveInSeconds: 300 } },
        'allowed',
      ],
      [
        'exchangeRefreshTokenForJWTWithId',
        { tenantId: ID, body: { timeToLiveInSeconds: 300 } },
        'invalid_arguments',
      ],
      ['exchangeRefreshTokenForJWTWithId', { body: { refreshToken: 'r' } }, 'invalid_arguments'],
      ['validateJWTWithId', VALIDATE, 'invalid_arguments'],
    ],
  },
]);
