import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bearer } from '../../../src/adapters/identity/bearer.ts';
import { readIssuer } from '../../../src/adapters/identity/trusted-issuer.ts';
import { type Issuers, openIssuers, openVerifier } from '../../../src/adapters/identity/verifier.ts';
import type { Identify } from '../../../src/model/index.ts';
import { readObject } from '../../../src/pipeline/read-object.ts';
import { makeKey, startIssuer, type TestIssuer } from '../../support/issuer.ts';

const AUDIENCE = 'https://proxy.example/mcp';
const MINUTE = 60_000;
const UNSIGNED = 'expected a signature by a key of its issuer';

let issuer: TestIssuer;
let issuers: Issuers;
let identify: Identify;
let now = 0;

beforeEach(async () => {
  now = Date.now();
  issuer = await startIssuer();
  const read = readIssuer(issuer.url);
  if (!read.ok) throw new Error(read.expected);
  issuers = openIssuers({ issuers: [read.issuer], readObject, now: () => now });
  identify = bearer({
    verifier: openVerifier({ issuers, audiences: [AUDIENCE] }),
    scopes: [],
    now: () => now,
  });
});
afterEach(async () => {
  await Promise.all([issuers.close(), issuer.close()]);
});

async function tokenOf(claims: Readonly<Record<string, unknown>>): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return `Bearer ${await issuer.mint({ aud: AUDIENCE, iat: seconds, exp: seconds + 3600, ...claims })}`;
}

describe('an identity', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>, object])[] = [
    [
      'has what the token says',
      {
        sub: 'ann',
        client_id: 'desk',
        tenant: 'acme',
        project: 'p1',
        email: 'ann@acme.example',
        roles: ['support'],
        scope: 'mcp jwt:read',
        groups: ['g'],
        resources: ['r'],
      },
      {
        sub: 'ann',
        client_id: 'desk',
        tenant: 'acme',
        project: 'p1',
        email: 'ann@acme.example',
        roles: ['support'],
        scopes: ['mcp', 'jwt:read'],
        groups: ['g'],
        resources: ['r'],
      },
    ],
    ['has no more than that', { sub: 'ann' }, { sub: 'ann' }],
    ['may be a client alone', { azp: 'desk' }, { client_id: 'desk' }],
    ['has one client under two names', { azp: 'desk', client_id: 'desk' }, { client_id: 'desk' }],
    ['has the tenant of FusionAuth', { sub: 'ann', tid: 't1' }, { sub: 'ann', tenant: 't1' }],
    ['has scopes as a list', { sub: 'ann', scp: ['a', 'b'] }, { sub: 'ann', scopes: ['a', 'b'] }],
    [
      'has scopes with a list under the other name',
      { sub: 'ann', scope: ['a b'] },
      { sub: 'ann', scopes: ['a b'] },
    ],
    [
      'has no scopes, which is not the same as not saying',
      { sub: 'ann', scope: '' },
      { sub: 'ann', scopes: [] },
    ],
    ['has names as they are', { sub: 'Ann ', tenant: 'cafe\u0301' }, { sub: 'Ann ', tenant: 'cafe\u0301' }],
  ];

  it.each(rows)('%s', async (_name, claims, expected) => {
    const found = await identify({ authorization: await tokenOf(claims) });
    const { claims: all, ...identity } = found.identified ? found.identity : { claims: undefined };
    expect(identity).toEqual({ issuer: issuer.url, ...expected });
    expect(all).toMatchObject({ ...claims, aud: AUDIENCE });
  });
});

describe('a token that was seen before', () => {
  it('gives the same identity, and nobody is asked', async () => {
    const authorization = await tokenOf({ sub: 'ann' });
    const first = await identify({ authorization });
    issuer.keys = [];
    expect(await identify({ authorization })).toBe(first);
    expect(issuer.asked).toHaveLength(2);
  });

  it('is verified again after a minute', async () => {
    const authorization = await tokenOf({ sub: 'ann' });
    const first = await identify({ authorization });
    now += MINUTE;
    const second = await identify({ authorization });
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
  });

  it('is never taken past its end, however short ago it was verified', async () => {
    const seconds = Math.floor(now / 1000);
    const authorization = await tokenOf({ sub: 'ann', exp: seconds + 10 });
    expect(await identify({ authorization })).toMatchObject({ identified: true });
    now = (seconds + 10) * 1000;
    expect(await identify({ authorization })).toMatchObject({
      fault: 'invalid_token',
      why: 'the token has expired',
    });
  });

  it('whose key was withdrawn ends with the age of the keys and one minute', async () => {
    const authorization = await tokenOf({ sub: 'ann' });
    await identify({ authorization });
    issuer.keys = [await makeKey('key-2')];
    const until = now + 6 * MINUTE;
    let last = now;
    while ((await identify({ authorization })).identified) {
      last = now;
      now += 10_000;
    }
    expect(last).toBeLessThanOrEqual(until);
    expect(await identify({ authorization })).toMatchObject({ fault: 'invalid_token', why: UNSIGNED });
  });

  it('is forgotten where ten thousand others came after it, and then verified anew', async () => {
    const verified: string[] = [];
    const counting = bearer({
      verifier: {
        verify: async (token) => {
          verified.push(token);
          return { ok: true, claims: { sub: token, exp: now / 1000 + 3600 } };
        },
      },
      scopes: [],
      now: () => now,
    });
    for (let i = 0; i <= 10_000; i++) await counting({ authorization: `Bearer t${i}` });
    await counting({ authorization: 'Bearer t10000' });
    await counting({ authorization: 'Bearer t0' });
    expect(verified.slice(-2)).toEqual(['t10000', 't0']);
  });
});

describe('an ID token', () => {
  const good = { sub: 'ann', aud: 'my-client', nonce: 'n1', at_hash: 'h' };
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>, object, string | null])[] = [
    ['of this client is taken', good, {}, null],
    [
      'of this client and others is taken where it says who asked',
      { ...good, aud: ['my-client', 'other'], azp: 'my-client' },
      {},
      null,
    ],
    [
      'without a nonce is taken where none is expected',
      { ...good, nonce: undefined },
      { nonce: undefined },
      null,
    ],
    ['of another client', { ...good, aud: 'other' }, {}, 'the token is for another audience'],
    [
      'of several clients that does not say who asked',
      { ...good, aud: ['my-client', 'other'] },
      {},
      'the token was issued to another client',
    ],
    [
      'that another client asked for',
      { ...good, azp: 'other' },
      {},
      'the token was issued to another client',
    ],
    ['of another login', { ...good, nonce: 'n2' }, {}, 'expected the `nonce` of this login'],
    [
      'without the nonce of this login',
      { ...good, nonce: undefined },
      {},
      'expected the `nonce` of this login',
    ],
    ['without a sub', { ...good, sub: undefined }, {}, 'expected `sub`, a text'],
    ['without the time of issue', { ...good, iat: undefined }, {}, 'expected `iat`, a number of seconds'],
    ['that has expired', { ...good, exp: 1 }, {}, 'the token has expired'],
    ['that is an access token', good, { typ: 'at+jwt' }, 'expected `typ` as one of jwt, id_token+jwt'],
  ];

  it.each(rows)('%s', async (_name, claims, more, why) => {
    const occasion: { typ?: string; nonce?: string } = { typ: 'JWT', nonce: 'n1', ...more };
    const token = await issuer.mint(claims, { header: { typ: occasion.typ } });
    const { verify } = openVerifier({ issuers, use: 'id', audiences: ['my-client'] });
    const verified = await verify(token, occasion.nonce === undefined ? {} : { nonce: occasion.nonce });
    expect(verified).toMatchObject(why === null ? { ok: true, claims: { sub: 'ann' } } : { ok: false, why });
  });
});

describe('a verifier', () => {
  it.each([
    ['without an audience', { audiences: [] }, /expected an audience/],
    ['with a skew past five minutes', { audiences: ['a'], skewMs: 300_001 }, /at most five minutes/],
    ['with a skew below zero', { audiences: ['a'], skewMs: -1 }, /at most five minutes/],
  ])('%s is not opened', (_name, options, says) => {
    expect(() => openVerifier({ issuers, ...options })).toThrow(says);
  });
});
