import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliser, toRequest } from '../../src/catalog/derive.ts';
import { operations } from '../../src/catalog/operations.ts';
import type { JsonObject, Operation, UpstreamRequest, Violation } from '../../src/model/index.ts';

const A = '3c219e58-ed0e-4b18-ad48-f4f92793ae32';
const B = '858a4b01-62c8-4c2f-bfa7-6d018833bea7';
const JWT = 'h.p.s';
const long = 'x'.repeat(16_384);

const normalise = (operation: Operation, sent: JsonObject) => normaliser(operation)(sent);

const byId = (operationId: string): Operation => {
  const operation = operations.find((row) => row.operationId === operationId);
  if (!operation) throw new Error(`no operation ${operationId}`);
  return operation;
};

const either = '`token` alone, or `userId`, `applicationId` or both of these';
const alone = '`token` alone, without `userId` and `applicationId`';
const twice = (name: string): Violation => ({
  path: `args.body.${name}`,
  expected: `nothing, since \`${name}\` is given at top level too`,
});

const forms: readonly {
  name: string;
  of: string;
  sent: JsonObject;
  normal?: JsonObject;
  wrong?: readonly Violation[];
}[] = [
  { name: 'nothing to do', of: 'validateJWTWithId', sent: { encodedJWT: JWT } },
  { name: 'a body elsewhere stays', of: 'vendJWTWithId', sent: { body: {} } },
  { name: 'key id alone', of: 'retrieveJwtPublicKey', sent: { keyId: 'k' } },
  {
    name: 'key id and application exclude each other',
    of: 'retrieveJwtPublicKey',
    sent: { keyId: 'k', applicationId: A },
    wrong: [{ path: 'args.keyId', expected: '`keyId` or `applicationId`, not both' }],
  },
  {
    name: 'selectors move to the top',
    of: 'deleteJwtRefresh',
    sent: { body: { userId: A, applicationId: B } },
    normal: { userId: A, applicationId: B },
  },
  {
    name: 'one selector in each place',
    of: 'deleteJwtRefresh',
    sent: { userId: A, body: { applicationId: B } },
    normal: { userId: A, applicationId: B },
  },
  {
    name: 'what is no selector stays in the body',
    of: 'deleteJwtRefresh',
    sent: { body: { token: 't', eventInfo: { os: 'x' }, other: 1 } },
    normal: { token: 't', body: { eventInfo: { os: 'x' }, other: 1 } },
  },
  {
    name: 'an empty body is none',
    of: 'deleteJwtRefresh',
    sent: { token: 't', body: {} },
    normal: { token: 't' },
  },
  {
    name: 'the same selector twice, equal or not',
    of: 'deleteJwtRefresh',
    sent: { userId: A, applicationId: A, body: { userId: A, applicationId: B } },
    normal: { userId: A, applicationId: A },
    wrong: [twice('userId'), twice('applicationId')],
  },
  {
    name: 'a selector that is null still is one',
    of: 'deleteJwtRefresh',
    sent: { userId: A, body: { userId: null } },
    normal: { userId: A },
    wrong: [twice('userId')],
  },
  {
    name: 'no selector at all',
    of: 'deleteJwtRefresh',
    sent: { tenantId: A },
    wrong: [{ path: 'args', expected: either }],
  },
  {
    name: 'event info is not a selector',
    of: 'deleteJwtRefresh',
    sent: { body: { eventInfo: {} } },
    wrong: [{ path: 'args', expected: either }],
  },
  {
    name: 'a token excludes a user, across places',
    of: 'deleteJwtRefresh',
    sent: { token: 't', body: { userId: A } },
    normal: { token: 't', userId: A },
    wrong: [{ path: 'args.token', expected: alone }],
  },
  {
    name: 'a token excludes an application',
    of: 'deleteJwtRefresh',
    sent: { token: 't', applicationId: A },
    wrong: [{ path: 'args.token', expected: alone }],
  },
  {
    name: 'a body of the wrong type is for the schema',
    of: 'createLogout',
    sent: { refreshToken: 'r', body: [] },
  },
  {
    name: 'a body that is null is for the schema',
    of: 'createLogout',
    sent: { refreshToken: 'r', body: null },
  },
  {
    name: 'logout from the body',
    of: 'createLogout',
    sent: { body: { refreshToken: 'r', global: false } },
    normal: { refreshToken: 'r', global: false },
  },
  {
    name: 'a selector of the wrong type moves as it is',
    of: 'createLogout',
    sent: { body: { refreshToken: 5 } },
    normal: { refreshToken: 5 },
  },
  {
    name: 'ids are lower case wherever they stand',
    of: 'reconcileJWTWithId',
    sent: {
      tenantId: A.toUpperCase(),
      body: { applicationId: B.toUpperCase(), data: { token: A.toUpperCase() } },
    },
    normal: { tenantId: A, body: { applicationId: B, data: { token: A.toUpperCase() } } },
  },
  {
    name: 'only whole ids are lower case, and claims are left alone',
    of: 'vendJWTWithId',
    sent: { tenantId: 'ABC', body: { keyId: `${A.toUpperCase()}0`, claims: { keyId: A.toUpperCase() } } },
  },
  {
    name: 'ids from a body are lower case too',
    of: 'deleteJwtRefresh',
    sent: { body: { userId: A.toUpperCase() } },
    normal: { userId: A },
  },
];

describe('normal form', () => {
  for (const { name, of, sent, normal, wrong } of forms) {
    it(`${of}: ${name}`, () => {
      const before = structuredClone(sent);
      expect(normalise(byId(of), sent)).toEqual({ args: normal ?? sent, violations: wrong ?? [] });
      expect(sent).toEqual(before);
    });
  }

  it('never copies __proto__', () => {
    const sent = JSON.parse(
      '{"__proto__":{"token":"x"},"body":{"__proto__":{"userId":"y"},"eventInfo":{"__proto__":1}}}',
    );
    const { args } = normalise(byId('deleteJwtRefresh'), sent);
    expect(JSON.stringify(args)).toBe('{"body":{"eventInfo":{}}}');
    expect(Object.getPrototypeOf(args)).toBe(Object.prototype);
    expect(JSON.stringify(normalise(byId('validateJWTWithId'), sent).args)).not.toContain('token');
  });

  const some = fc.constantFrom<JsonObject[string]>(A, A.toUpperCase(), 't', '', null, 5, [], {});
  const member = fc.dictionary(
    fc.constantFrom('token', 'userId', 'refreshToken', 'global', 'eventInfo', 'x'),
    some,
  );
  it('is its own normal form, and two orders of the same arguments have one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...operations),
        member,
        fc.oneof(member, some),
        fc.boolean(),
        (operation, top, body, sent) => {
          const once = normalise(operation, sent ? { ...top, body } : top);
          expect(normalise(operation, once.args).args).toEqual(once.args);
          const reversed = Object.fromEntries(Object.entries(sent ? { ...top, body } : top).reverse());
          expect(normalise(operation, reversed)).toEqual(once);
        },
      ),
    );
  });
});

const accepts: readonly (readonly [of: string, args: JsonObject, accepted: boolean])[] = [
  ['issueJWTWithId', { applicationId: A, encodedJWT: JWT }, true],
  ['issueJWTWithId', { applicationId: A, encodedJWT: JWT, refreshToken: 'a+/=', tenantId: B }, true],
  ['issueJWTWithId', { applicationId: A }, false],
  ['issueJWTWithId', { encodedJWT: JWT }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: '' }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: long }, true],
  ['issueJWTWithId', { applicationId: A, encodedJWT: `${long}x` }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: 'a\r\nX: y' }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: ' a' }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: 'a\u00e9' }, false],
  ['issueJWTWithId', { applicationId: A, encodedJWT: JWT, refreshToken: '' }, false],
  ['retrieveJwtPublicKey', {}, true],
  ['retrieveJwtPublicKey', { keyId: 'not a uuid' }, true],
  ['retrieveJwtPublicKey', { keyId: '' }, false],
  ['retrieveJwtPublicKey', { kid: 'k' }, false],
  ['retrieveJwtPublicKey', { applicationId: 'x' }, false],
  [
    'reconcileJWTWithId',
    { body: { applicationId: A, identityProviderId: B, data: { token: 't', extra: 's' } } },
    true,
  ],
  [
    'reconcileJWTWithId',
    { body: { applicationId: A, identityProviderId: B, data: { token: 't', n: 1 } } },
    false,
  ],
  ['reconcileJWTWithId', { body: { applicationId: A, identityProviderId: B, data: {} } }, false],
  ['reconcileJWTWithId', { body: { applicationId: A, identityProviderId: B, encodedJWT: 't' } }, false],
  [
    'reconcileJWTWithId',
    {
      body: { applicationId: A, identityProviderId: B, data: { token: 't' }, metaData: { device: { x: 1 } } },
    },
    false,
  ],
  ['reconcileJWTWithId', {}, false],
  [
    'exchangeRefreshTokenForJWTWithId',
    { body: { refreshToken: 'r', timeToLiveInSeconds: 60, token: JWT } },
    true,
  ],
  ['exchangeRefreshTokenForJWTWithId', { body: { refreshToken: 'r', timeToLiveInSeconds: 0 } }, false],
  ['exchangeRefreshTokenForJWTWithId', { body: { refreshToken: 'r', timeToLiveInSeconds: 1.5 } }, false],
  ['exchangeRefreshTokenForJWTWithId', { body: { refreshToken: '' } }, false],
  ['exchangeRefreshTokenForJWTWithId', { body: {} }, false],
  ['retrieveRefreshTokensWithId', { userId: A, tenantId: B }, true],
  ['retrieveRefreshTokensWithId', {}, false],
  [
    'deleteJwtRefresh',
    { token: 't', body: { eventInfo: { data: { any: [1] }, location: { latitude: 1.5 } } } },
    true,
  ],
  ['deleteJwtRefresh', { token: 't', body: { userId: A } }, false],
  ['deleteJwtRefresh', { token: 't', body: [] }, false],
  ['deleteJwtRefresh', { userId: '' }, false],
  ['retrieveRefreshTokenByIdWithId', { tokenId: A }, true],
  ['retrieveRefreshTokenByIdWithId', { tokenId: '' }, false],
  ['revokeRefreshTokenByIdWithId', { tokenId: '..' }, false],
  ['revokeRefreshTokenByIdWithId', {}, false],
  ['validateJWTWithId', { encodedJWT: JWT }, true],
  ['validateJWTWithId', { encodedJWT: JWT, tenantId: A }, false],
  ['validateJWTWithId', {}, false],
  ['vendJWTWithId', {}, true],
  [
    'vendJWTWithId',
    { body: { claims: { s: 'x', n: 1, o: { d: [null] } }, keyId: A, timeToLiveInSeconds: 1 } },
    true,
  ],
  ['vendJWTWithId', { body: { timeToLiveInSeconds: -1 } }, false],
  ['vendJWTWithId', { body: { timeToLiveInSeconds: 0 } }, false],
  ['vendJWTWithId', { body: { timeToLiveInSeconds: 2_147_483_648 } }, false],
  ['vendJWTWithId', { body: { keyId: 'kid' } }, false],
  ['vendJWTWithId', { body: { sub: A } }, false],
  ['createLogout', { refreshToken: 'r', global: true }, true],
  ['createLogout', { refreshToken: 'r', global: 'true' }, false],
  ['createLogout', { global: true }, false],
];

describe('the schema of the normal form', () => {
  const ajv = new Ajv2020({ strict: true });
  addFormats.default(ajv);
  for (const [of, args, accepted] of accepts) {
    it(`${of} ${accepted ? 'accepts' : 'refuses'} ${JSON.stringify(args).slice(0, 110)}`, () => {
      expect(ajv.validate(byId(of).schema, args)).toBe(accepted);
    });
  }
  it('is met where the published schema is, selectors moved', () => {
    for (const [of, args, accepted] of accepts) {
      const { selectors, inputSchema } = byId(of);
      if (accepted || selectors.length === 0) expect(ajv.validate(inputSchema, args), of).toBe(accepted);
    }
  });
});

const none = { as: 'none' } as const;
const key = { as: 'api_key' } as const;
const jwt = { as: 'jwt', jwt: JWT } as const;
const requests: readonly (readonly [of: string, args: JsonObject, request: Partial<UpstreamRequest>])[] = [
  [
    'issueJWTWithId',
    { refreshToken: 'a+/=&é #', tenantId: B, encodedJWT: JWT, applicationId: A },
    {
      target: `/api/jwt/issue?applicationId=${A}&refreshToken=a%2B%2F%3D%26%C3%A9%20%23`,
      tenantId: B,
      authority: jwt,
    },
  ],
  ['retrieveJwtPublicKey', {}, { target: '/api/jwt/public-key', authority: none }],
  ['retrieveJwtPublicKey', { keyId: 'a/b' }, { target: '/api/jwt/public-key?kid=a%2Fb', authority: none }],
  [
    'retrieveJwtPublicKey',
    { applicationId: A },
    { target: `/api/jwt/public-key?applicationId=${A}`, authority: none },
  ],
  [
    'reconcileJWTWithId',
    { tenantId: A, body: { data: { token: 't' } } },
    { target: '/api/jwt/reconcile', tenantId: A, body: '{"data":{"token":"t"}}', authority: none },
  ],
  [
    'exchangeRefreshTokenForJWTWithId',
    { body: { refreshToken: 'r', timeToLiveInSeconds: 60 } },
    { target: '/api/jwt/refresh', body: '{"refreshToken":"r","timeToLiveInSeconds":60}', authority: none },
  ],
  ['retrieveRefreshTokensWithId', { userId: A }, { target: `/api/jwt/refresh?userId=${A}`, authority: key }],
  [
    'deleteJwtRefresh',
    { applicationId: B, body: { eventInfo: { os: 'x' } }, userId: A },
    {
      target: '/api/jwt/refresh',
      body: `{"userId":"${A}","applicationId":"${B}","eventInfo":{"os":"x"}}`,
      authority: key,
    },
  ],
  ['deleteJwtRefresh', { token: 't' }, { target: '/api/jwt/refresh', body: '{"token":"t"}', authority: key }],
  ['retrieveRefreshTokenByIdWithId', { tokenId: A }, { target: `/api/jwt/refresh/${A}`, authority: key }],
  ['revokeRefreshTokenByIdWithId', { tokenId: A }, { target: `/api/jwt/refresh/${A}`, authority: key }],
  ['validateJWTWithId', { encodedJWT: JWT }, { target: '/api/jwt/validate', authority: jwt }],
  ['vendJWTWithId', {}, { target: '/api/jwt/vend', body: '{}', authority: key }],
  [
    'vendJWTWithId',
    { body: { claims: { sub: 'x' } }, tenantId: A },
    { target: '/api/jwt/vend', body: '{"claims":{"sub":"x"}}', tenantId: A, authority: key },
  ],
  [
    'createLogout',
    { global: false, refreshToken: 'r' },
    { target: '/api/logout', body: '{"refreshToken":"r","global":false}', authority: none },
  ],
];

describe('the request', () => {
  for (const [of, args, request] of requests) {
    it(`of ${of} for ${JSON.stringify(args).slice(0, 80)}`, () => {
      const operation = byId(of);
      expect(toRequest(operation, args)).toEqual({
        method: operation.method,
        tenantId: null,
        body: null,
        ...request,
      });
    });
  }

  it('never has a secret in its target, but for the one that FusionAuth takes nowhere else', () => {
    for (const operation of operations) {
      for (const [name] of operation.secretArgs) {
        const target = toRequest(operation, { [String(name)]: 'SECRET' }).target;
        const unavoidable = operation.operationId === 'issueJWTWithId' && name === 'refreshToken';
        expect(target.includes('SECRET'), `${operation.operationId} ${name}`).toBe(unavoidable);
      }
    }
  });
});
