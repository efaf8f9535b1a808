import { expect, test } from 'vitest';
import { argsOf, testRows } from './rest-rows.ts';

const A = '3c219e58-ed0e-4b18-ad48-f4f92793ae32';
const MIB = 1024 * 1024;
const json = (text: string) => ({ kind: 'json', text }) as const;
const form = (text: string) => ({ kind: 'form', text }) as const;
const claims = (levels: number) => `{"claims":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

testRows([
  {
    name: 'a word in a body is a value',
    of: 'deleteJwtRefresh',
    sent: { body: json('{"token":"undefined"}') },
    args: { body: { token: 'undefined' } },
  },
  {
    name: 'the tenant stands in its header',
    of: 'vendJWTWithId',
    sent: { headers: { 'x-fusionauth-tenantid': A }, body: json('{}') },
    args: { tenantId: A, body: {} },
  },
  {
    name: 'query and body stay where they were',
    of: 'createLogout',
    sent: { search: 'global=true', body: json('{"refreshToken":"r"}') },
    args: { global: true, body: { refreshToken: 'r' } },
  },
  {
    name: 'a form is a body',
    of: 'deleteJwtRefresh',
    sent: { body: form('token=a%2Bb') },
    args: { body: { token: 'a+b' } },
  },
  {
    name: 'a form has its token once and nothing else',
    of: 'deleteJwtRefresh',
    sent: { body: form(`token=a&token=b&userId=${A}`) },
    args: { body: { token: 'a' } },
    faults: [
      { path: 'args.body.token', expected: 'one value' },
      { path: 'args.body', expected: 'no parameter but `token`' },
    ],
  },
  {
    name: 'a body where none belongs is an argument that the schema refuses',
    of: 'retrieveRefreshTokensWithId',
    sent: { body: json('{}') },
    args: { body: {} },
  },
  { name: 'a body that is null', of: 'vendJWTWithId', sent: { body: json('null') }, args: { body: null } },
  {
    name: 'a body that is no JSON',
    of: 'vendJWTWithId',
    sent: { body: json('{"a":') },
    args: {},
    faults: [{ path: 'args.body', expected: 'JSON text: expected a value at character 5' }],
  },
  {
    name: 'a body that goes on after its end is no JSON',
    of: 'vendJWTWithId',
    sent: { body: json('{},"tenantId":"x"') },
    args: {},
    faults: [{ path: 'args.body', expected: 'JSON text: expected the end of the text at character 2' }],
  },
  {
    name: 'a body that is no text',
    of: 'vendJWTWithId',
    sent: { body: { kind: 'no_text' } },
    args: {},
    faults: [{ path: 'args.body', expected: 'text in UTF-8' }],
  },
  {
    name: 'keys that are there twice, forbidden, or a number out of range',
    of: 'vendJWTWithId',
    sent: { body: json('{"claims":{"a":1,"a":2,"__proto__":{}},"timeToLiveInSeconds":1e999}') },
    args: { body: { claims: { a: 1 }, timeToLiveInSeconds: 0 } },
    faults: [
      { path: 'args.body.claims.a', expected: 'each key once' },
      {
        path: 'args.body.claims.__proto__',
        expected: 'no key named `__proto__`, `constructor` or `prototype`',
      },
      { path: 'args.body.timeToLiveInSeconds', expected: 'a number that a double can hold' },
    ],
  },
]);

const bounds = [
  // `args`, `body` and `claims` are the first three.
  { name: '128 levels', body: claims(125), faults: [] },
  { name: '129 levels', body: claims(126), faults: ['at most 128 levels of nesting'] },
  { name: '1 MiB together', body: padded(MIB - 2), faults: [] },
  { name: '1 MiB and a byte together', body: padded(MIB - 1), faults: ['at most 1 MiB of JSON text'] },
  {
    name: '1 MiB and a byte with what stands beside the body',
    body: padded(MIB - 2),
    tenant: true,
    faults: ['at most 1 MiB of JSON text'],
  },
];

for (const { name, body, tenant, faults } of bounds) {
  test(`REST arguments are bounded: ${name}`, () => {
    const headers = tenant ? { 'x-fusionauth-tenantid': A } : {};
    const sent = argsOf('vendJWTWithId', { headers, body: json(body) });
    expect(sent.faults.map(({ expected }) => expected)).toEqual(faults);
  });
}

/** A body of so many bytes; with no other arguments `{}` stands for what is beside it. */
function padded(bytes: number): string {
  return `{"claims":"${'x'.repeat(bytes - 13)}"}`;
}
