import { describe, expect, it } from 'vitest';
import { identityNeeds } from '../../src/policy/identity-needs.ts';
import { policyOf } from './support.ts';

const rules = (list: string) => `default: deny\ntools: { vendJWTWithId: { rules: [${list}] } }\n`;
const roles = '{ path: identity.roles, op: contains, value: a }';

const rows = [
  ['nothing of one without identities', rules('{ rate_limit: 1/day }'), []],
  [
    'the members that conditions look at, each once',
    rules(`{ conditions: [${roles}, { any: [${roles}] }] }`),
    ['identity.roles'],
  ],
  [
    'those of groups and of `when`',
    rules('{ action: deny, when: [{ all: [{ not: { path: identity.email, op: exists, value: true } }] }] }'),
    ['identity.email'],
  ],
  [
    'those of grants',
    `default: deny\ngrants: [{ to: [{ path: identity.claims.x, op: eq, value: a }], tools: ["*"] }]\ntools: { vendJWTWithId: {} }\n`,
    ['identity.claims'],
  ],
  ['a limit per tenant', rules('{ rate_limit: { max: 1, window: 60, per: tenant } }'), ['per: tenant']],
  [
    'an amount per tenant',
    rules(
      '{ conditions: [{ path: state.vendJWTWithId.n, op: lte, value: 1 }], state: { counter: n, window: 60, per: tenant } }',
    ),
    ['per: tenant'],
  ],
] as const;

describe('a policy asks of its callers', () => {
  it.each(rows)('%s', (_name, policy, needs) => {
    expect(identityNeeds(policyOf(policy).policy)).toEqual(needs);
  });
});
