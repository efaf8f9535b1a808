import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { toOpenApi } from '../../src/catalog/openapi.ts';
import { tokenEndpoints } from '../../src/catalog/openapi-tokens.ts';
import { operations } from '../../src/catalog/operations.ts';
import { restStatus, toRestRoutes } from '../../src/catalog/rest.ts';

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Media>> }>>;
}
interface Media {
  readonly schema: object;
}

const document = toOpenApi(toRestRoutes(operations), '9.9.9');
const paths = document['paths'] as unknown as Readonly<Record<string, Readonly<Record<string, Described>>>>;
const described = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, each]) => ({ path, method, each })),
);

test('the OpenAPI document is valid 3.1 to a public validator, and every reference leads somewhere', async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...document })).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  expect(() => validator.resolveRefs()).not.toThrow();
});

test('the OpenAPI document that lists nothing is valid as well', async () => {
  expect(await new Validator().validate({ ...toOpenApi([], '0') })).toEqual({ valid: true });
});

test('the OpenAPI document has the endpoints of the token service where it is there, and is valid', async () => {
  const whole = toOpenApi(toRestRoutes(operations), '9.9.9', tokenEndpoints);
  const validator = new Validator();
  expect(await validator.validate({ ...whole })).toEqual({ valid: true });
  expect(() => validator.resolveRefs()).not.toThrow();
  const added = Object.keys(Object(whole['paths'])).filter((path) => !Object.hasOwn(paths, path));
  expect(added.toSorted()).toEqual([
    '/auth/admin/generateToken',
    '/auth/admin/oidcToken',
    '/auth/user/generateToken',
    '/auth/user/oidcToken',
  ]);
  expect(Object.keys(paths).filter((path) => path.startsWith('/auth/'))).toEqual([]);
});

// Operation, request, parameters (`*` is required), body, security: as FusionAuth has them.
const rows = `
issueJWTWithId                   get    /v1/api/jwt/issue             query applicationId*, query refreshToken, header X-FusionAuth-TenantId | | jwt
retrieveJwtPublicKey             get    /v1/api/jwt/public-key        query kid, query keyId, query applicationId, header X-FusionAuth-TenantId | |
reconcileJWTWithId               post   /v1/api/jwt/reconcile         header X-FusionAuth-TenantId | application/json* |
exchangeRefreshTokenForJWTWithId post   /v1/api/jwt/refresh           header X-FusionAuth-TenantId | application/json* |
retrieveRefreshTokensWithId      get    /v1/api/jwt/refresh           query userId*, header X-FusionAuth-TenantId | |
deleteJwtRefresh                 delete /v1/api/jwt/refresh           query token, query userId, query applicationId, header X-FusionAuth-TenantId | application/json application/x-www-form-urlencoded |
retrieveRefreshTokenByIdWithId   get    /v1/api/jwt/refresh/{tokenId} path tokenId*, header X-FusionAuth-TenantId | |
revokeRefreshTokenByIdWithId     delete /v1/api/jwt/refresh/{tokenId} path tokenId*, header X-FusionAuth-TenantId | |
validateJWTWithId                get    /v1/api/jwt/validate          | | jwt
vendJWTWithId                    post   /v1/api/jwt/vend              header X-FusionAuth-TenantId | application/json |
createLogout                     post   /v1/api/logout                query refreshToken, query global, header X-FusionAuth-TenantId | application/json |`;

test('the OpenAPI document has the eleven operations as FusionAuth has them', () => {
  const written = described.map(({ path, method, each }) => {
    const parameters = each.parameters.map((one) => `${one.in} ${one.name}${one.required ? '*' : ''}`);
    const body = each.requestBody;
    const types = Object.keys(body?.content ?? {}).join(' ') + (body?.required ? '*' : '');
    const security = each.security.flatMap((one) => Object.keys(one)).join(' ');
    return [each.operationId, method, path, parameters.join(', '), '|', types, '|', security].join(' ');
  });
  const plain = (text: string) => text.trim().replaceAll(/ +/g, ' ');
  expect(written.map(plain).toSorted()).toEqual(rows.trim().split('\n').map(plain).toSorted());
});

test('every operation tells of every status of a refusal, and of a result where FusionAuth has one', () => {
  for (const { each } of described) {
    for (const status of new Set([...Object.values(restStatus), 413, 415, 504])) {
      expect(each.responses, `${each.operationId} ${status}`).toHaveProperty(`${status}`);
    }
    const isEmpty = /^(delete|revoke|createLogout)/.test(each.operationId);
    expect(each.responses['200']?.content === undefined).toBe(isEmpty);
  }
});

test('every schema in the document is JSON Schema 2020-12', () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  for (const { each } of described) {
    for (const media of Object.values({ ...each.requestBody?.content, ...each.responses['200']?.content })) {
      expect(() => ajv.compile(media.schema)).not.toThrow();
    }
  }
});
