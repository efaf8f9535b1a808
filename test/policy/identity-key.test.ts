import { expect, test } from 'vitest';
import { ANONYMOUS, identityKey } from '../../src/policy/subjects.ts';
import type { Identity } from '../../src/model/index.ts';

const rows: readonly (readonly [name: string, one: Identity, other: Identity, same: boolean])[] = [
  [
    'the same sub of one issuer and tenant',
    { issuer: 'i', tenant: 't', sub: 'a' },
    { issuer: 'i', tenant: 't', sub: 'a' },
    true,
  ],
  ['one sub with other roles', { sub: 'a', roles: ['x'] }, { sub: 'a', roles: ['y'] }, true],
  ['one sub with another client_id', { sub: 'a', client_id: 'x' }, { sub: 'a', client_id: 'y' }, true],
  ['another issuer', { issuer: 'i', sub: 'a' }, { issuer: 'j', sub: 'a' }, false],
  ['another tenant', { tenant: 't', sub: 'a' }, { tenant: 'u', sub: 'a' }, false],
  ['an issuer equal to a tenant', { issuer: 'x', sub: 'a' }, { tenant: 'x', sub: 'a' }, false],
  ['a sub equal to a client_id', { sub: 'a' }, { client_id: 'a' }, false],
  [
    'values that only join to the same text',
    { issuer: 'a","b', sub: 'c' },
    { issuer: 'a', tenant: 'b', sub: 'c' },
    false,
  ],
  ['a sub that is the word for anonymous', { sub: ANONYMOUS }, {}, false],
  ['two without sub and client_id', { issuer: 'i', email: 'a' }, { tenant: 't' }, true],
];

for (const [name, one, other, same] of rows) {
  test(`${name}: ${same ? 'one key' : 'two keys'}`, () => {
    expect(identityKey(one) === identityKey(other)).toBe(same);
  });
}
