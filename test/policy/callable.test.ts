import { describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import type { Identity, Transport } from '../../src/model/index.ts';
import { isShown } from '../../src/policy/callable.ts';
import { policyOf } from './support.ts';

const ALL = operations.map(({ operationId }) => operationId);
const support: Identity = { sub: 'ann', roles: ['support'] };

interface Row {
  readonly sentence: string;
  readonly policy: string;
  /** What is left of the eleven. */
  readonly without: readonly string[];
  readonly identity?: Identity;
  readonly transport?: Transport;
}

const only = (...shown: string[]) => ALL.filter((id) => !shown.includes(id));
const rule = (text: string) => `list: callable\ntools: { vendJWTWithId: { rules: [${text}] } }`;
const IS_SUPPORT = '{ path: identity.roles, op: contains, value: support }';
const HAS_TTL = '{ path: args.body.timeToLiveInSeconds, op: exists, value: true }';

const rows: readonly Row[] = [
  {
    sentence: 'list: all shows every tool that is not hidden, callable or not',
    policy: 'default: deny\nhide: [vendJWTWithId]\ngrants: []',
    without: ['vendJWTWithId'],
  },
  {
    sentence: 'callable leaves out hidden tools too',
    policy: 'list: callable\nhide: ["*jwt*"]',
    without: ALL.filter((id) => /jwt/i.test(id)),
  },
  {
    sentence: 'callable leaves out what default: deny denies',
    policy: 'list: callable\ndefault: deny\ntools: { validateJWTWithId: {}, "ret*Key": {}, "*": {} }',
    without: only('validateJWTWithId', 'retrieveJwtPublicKey'),
  },
  {
    sentence: 'callable leaves out what no grant gives',
    policy: `list: callable\ngrants: [{ to: [${IS_SUPPORT}], tools: [validateJWTWithId] }, { to: [{ path: identity.sub, op: exists, value: true }], tools: [createLogout] }]`,
    without: only('createLogout'),
    identity: { sub: 'bob' },
  },
  {
    sentence: 'callable shows what a grant gives',
    policy: `list: callable\ngrants: [{ to: [${IS_SUPPORT}], tools: [validateJWTWithId] }]`,
    without: only('validateJWTWithId'),
    identity: support,
  },
  {
    sentence: 'callable shows what a grant may give, depending on arguments or time',
    policy:
      'list: callable\ngrants: [{ to: [{ path: time.hour, op: lt, value: 8 }, { path: args.tenantId, op: exists, value: true }], tools: [vendJWTWithId] }]',
    without: only('vendJWTWithId'),
  },
  { sentence: '`grants: []` leaves nothing', policy: 'list: callable\ngrants: []', without: ALL },
  {
    sentence: 'a rule that always denies leaves the tool out',
    policy: rule('{ action: deny }'),
    without: ['vendJWTWithId'],
  },
  {
    sentence: 'a rule that denies others does not',
    policy: rule(`{ action: deny, when: [{ not: ${IS_SUPPORT} }] }`),
    without: [],
    identity: support,
  },
  {
    sentence: 'a rule that denies this caller does',
    policy: rule(`{ action: deny, when: [{ not: ${IS_SUPPORT} }] }`),
    without: ['vendJWTWithId'],
    identity: { sub: 'bob', roles: [] },
  },
  {
    sentence: 'unknown in `when` applies the rule',
    policy: rule(`{ action: deny, when: [{ not: ${IS_SUPPORT} }] }`),
    without: ['vendJWTWithId'],
    identity: { sub: 'bob' },
  },
  {
    sentence: 'a rule that denies some arguments does not',
    policy: rule(`{ action: deny, when: [${HAS_TTL}] }`),
    without: [],
  },
  {
    sentence: 'a rule that asks for a role leaves the tool out without it',
    policy: rule(`{ conditions: [${HAS_TTL}, ${IS_SUPPORT}] }`),
    without: ['vendJWTWithId'],
    identity: { sub: 'bob' },
  },
  {
    sentence: 'a rule that asks for a role or an argument does not',
    policy: rule(`{ conditions: [{ any: [${IS_SUPPORT}, ${HAS_TTL}] }] }`),
    without: [],
    identity: { sub: 'bob' },
  },
  {
    sentence: 'a rule that asks for a role and an argument does',
    policy: rule(`{ conditions: [{ all: [${HAS_TTL}, { not: { not: ${IS_SUPPORT} } }] }] }`),
    without: ['vendJWTWithId'],
    identity: { sub: 'bob' },
  },
  {
    sentence: 'a rule for another transport does not',
    policy: rule('{ action: deny, when: [{ path: call.transport, op: eq, value: rest }] }'),
    without: [],
    transport: 'http',
  },
  {
    sentence: 'a rule for this transport does',
    policy: rule('{ action: deny, when: [{ path: call.transport, op: eq, value: rest }] }'),
    without: ['vendJWTWithId'],
    transport: 'rest',
  },
  { sentence: 'a rule that observes does not', policy: rule('{ mode: observe, action: deny }'), without: [] },
  {
    sentence: 'a file that observes blocks nothing but what is hidden',
    policy: 'mode: observe\nlist: callable\ndefault: deny\ngrants: []\nhide: [vendJWTWithId]',
    without: ['vendJWTWithId'],
  },
  {
    sentence: 'a limit does not: it may be free again',
    policy: rule('{ rate_limit: 1/minute }'),
    without: [],
  },
];

describe('tools/list', () => {
  for (const { sentence, policy, without, identity = { sub: 'ann' }, transport = 'stdio' } of rows) {
    it(sentence, () => {
      const prepared = policyOf(policy);
      const caller = { identity, session: 's' };
      const shown = operations.filter(({ name }) => isShown(prepared, name, caller, transport));
      expect(shown.map(({ operationId }) => operationId)).toEqual(ALL.filter((id) => !without.includes(id)));
    });
  }
  it('a tool that does not exist is not shown', () => {
    expect(isShown(policyOf('{}'), 'no-such-tool', { identity: {}, session: null }, 'http')).toBe(false);
  });
});
