import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { docsTable, toListedTool } from '../../src/catalog/derive.ts';
import { operations } from '../../src/catalog/operations.ts';
import type { Json, JsonObject, Path } from '../../src/model/index.ts';

// Names, methods, paths and hints as the published capability specs have them; ids and client names as FusionAuth has them.
const published = `
fusionauth-issuejwtwithid                     issueJWTWithId                   GET    /api/jwt/issue             read-only idempotent   mint   call_jwt
fusionauth-retrievejwtpublickey               retrieveJwtPublicKey             GET    /api/jwt/public-key        read-only idempotent   read   none
fusionauth-reconcilejwtwithid                 reconcileJWTWithId               POST   /api/jwt/reconcile         -                      mint   none
fusionauth-exchangerefreshtokenforjwtwithid   exchangeRefreshTokenForJWTWithId POST   /api/jwt/refresh           -                      mint   none
fusionauth-retrieverefreshtokenswithid        retrieveRefreshTokensWithId      GET    /api/jwt/refresh           read-only idempotent   reveal api_key
fusionauth-deletejwtrefresh                   deleteJwtRefresh                 DELETE /api/jwt/refresh           destructive idempotent revoke api_key
fusionauth-retrieverefreshtokenbyidwithid     retrieveRefreshTokenByIdWithId   GET    /api/jwt/refresh/{tokenId} read-only idempotent   reveal api_key
fusionauth-revokerefreshtokenbyidwithid       revokeRefreshTokenByIdWithId     DELETE /api/jwt/refresh/{tokenId} destructive idempotent revoke api_key
fusionauth-validatejwtwithid                  validateJWTWithId                GET    /api/jwt/validate          read-only idempotent   read   call_jwt
fusionauth-vendjwtwithid                      vendJWTWithId                    POST   /api/jwt/vend              -                      mint   api_key
fusionauth-createlogout                       createLogout                     POST   /api/logout                -                      revoke none`
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s{1,}/));

const clientNames: Readonly<Record<string, string>> = {
  issueJWTWithId: 'issueJWT',
  retrieveJwtPublicKey: 'retrieveJWTPublicKey retrieveJWTPublicKeyByApplicationId retrieveJWTPublicKeys',
  reconcileJWTWithId: 'reconcileJWT',
  exchangeRefreshTokenForJWTWithId: 'exchangeRefreshTokenForJWT',
  retrieveRefreshTokensWithId: 'retrieveRefreshTokens',
  deleteJwtRefresh:
    'revokeRefreshToken revokeRefreshTokenByToken revokeRefreshTokensByUserId revokeRefreshTokensByApplicationId revokeRefreshTokensByUserIdForApplication revokeRefreshTokensWithRequest',
  retrieveRefreshTokenByIdWithId: 'retrieveRefreshTokenById',
  revokeRefreshTokenByIdWithId: 'revokeRefreshTokenById',
  validateJWTWithId: 'validateJWT',
  vendJWTWithId: 'vendJWT',
  createLogout: 'logout logoutWithRequest',
};

const secrets: Readonly<Record<string, { args: string; results: string; jwt: string | null }>> = {
  issueJWTWithId: { args: 'encodedJWT refreshToken', results: 'token refreshToken', jwt: 'encodedJWT' },
  retrieveJwtPublicKey: { args: '', results: '', jwt: null },
  reconcileJWTWithId: {
    args: 'body.data body.encodedJWT',
    results:
      'token refreshToken trustToken twoFactorId twoFactorTrustId changePasswordId emailVerificationId ' +
      'identityVerificationId registrationVerificationId pendingIdPLinkId methods.*.secret ' +
      'user.registrations.*.authenticationToken user.registrations.*.tokens user.twoFactor.methods.*.secret user.twoFactor.recoveryCodes.*',
    jwt: 'body.data.token',
  },
  exchangeRefreshTokenForJWTWithId: {
    args: 'body.refreshToken body.token',
    results: 'token refreshToken',
    jwt: 'body.token',
  },
  retrieveRefreshTokensWithId: { args: '', results: 'refreshTokens.*.token', jwt: null },
  deleteJwtRefresh: { args: 'token body.token', results: '', jwt: null },
  retrieveRefreshTokenByIdWithId: { args: '', results: 'refreshToken.token', jwt: null },
  revokeRefreshTokenByIdWithId: { args: '', results: '', jwt: null },
  validateJWTWithId: { args: 'encodedJWT', results: '', jwt: 'encodedJWT' },
  vendJWTWithId: { args: '', results: 'token', jwt: null },
  createLogout: { args: 'refreshToken body.refreshToken', results: '', jwt: null },
};

const written = (paths: readonly Path[]) => paths.map((path) => path.join('.')).join(' ');
const inSchema = (schema: JsonObject, path: Path): JsonObject | undefined =>
  path.reduce<JsonObject | undefined>((at, name) => {
    const properties = at?.['properties'] as JsonObject | undefined;
    return properties?.[name] as JsonObject | undefined;
  }, schema);

/** Every schema in a schema, with the path of the value that it describes. */
function* parts(schema: JsonObject, path: Path = []): Generator<{ path: Path; schema: JsonObject }> {
  yield { path, schema };
  for (const [name, part] of Object.entries((schema['properties'] as JsonObject | undefined) ?? {})) {
    yield* parts(part as JsonObject, [...path, name]);
  }
}

describe('the catalog', () => {
  it('is what the capability specs publish, in their order', () => {
    const hintsOf = (hints: { readOnly: boolean; destructive: boolean; idempotent: boolean }) =>
      [hints.readOnly && 'read-only', hints.destructive && 'destructive', hints.idempotent && 'idempotent']
        .filter(Boolean)
        .join(' ') || '-';
    const rows = docsTable(operations).map((row) =>
      [row.tool, row.operationId, row.method, row.path, hintsOf(row.hints), row.kind, row.authority].join(
        ' ',
      ),
    );
    expect(rows).toEqual(published.map((row) => row.join(' ')));
  });

  it('has no two operations with a name in common', () => {
    const names = operations.flatMap((row) => [row.name, row.operationId, ...row.clientNames]);
    expect(new Set(names).size).toBe(names.length);
  });

  for (const operation of operations) {
    describe(operation.operationId, () => {
      it('knows the names of other clients', () => {
        expect(operation.clientNames.join(' ')).toBe(clientNames[operation.operationId]);
      });

      it('knows its secrets', () => {
        expect({
          args: written(operation.secretArgs),
          results: written(operation.secretResults),
          jwt: operation.jwtArg?.join('.') ?? null,
        }).toEqual(secrets[operation.operationId]);
      });

      it('takes no credential that is not a secret, wherever it may stand', () => {
        const known = new Set(operation.secretArgs.map((path) => path.join('.')));
        for (const schema of [operation.schema, operation.inputSchema]) {
          for (const part of parts(schema)) {
            if (part.schema['maxLength'] !== 16_384) continue;
            const places = part.path.map((_, i) => part.path.slice(0, i + 1).join('.'));
            expect(
              places.some((place) => known.has(place)),
              part.path.join('.'),
            ).toBe(true);
          }
        }
      });

      it('names only arguments that it has', () => {
        const inNormalForm = [...Object.keys(operation.query), ...operation.selectors].map((name) => [name]);
        for (const path of [...inNormalForm, ...(operation.jwtArg ? [operation.jwtArg] : [])]) {
          expect(inSchema(operation.schema, path), path.join('.')).toBeDefined();
        }
        for (const [, name] of operation.path.matchAll(/\{(\w+)\}/g)) {
          expect(operation.schema['required']).toContain(name);
        }
      });

      it('publishes schemas without combinators, which any JSON Schema reader compiles', () => {
        const ajv = new Ajv2020({ strict: true, strictRequired: true, formats: { uuid: true, uri: true } });
        for (const schema of [operation.schema, operation.inputSchema, operation.outputSchema]) {
          expect(() => ajv.compile(schema)).not.toThrow();
          expect(schema['type']).toBe('object');
          expect(JSON.stringify(schema)).not.toMatch(/"(anyOf|oneOf|allOf|not|if|dependentSchemas|\$ref)":/);
        }
      });

      it('closes every object of the arguments that FusionAuth does not leave open', () => {
        const opened = [...parts(operation.inputSchema), ...parts(operation.schema)]
          .filter(({ schema }) => schema['type'] === 'object' && schema['additionalProperties'] !== false)
          .map(({ path }) => path.join('.'));
        const mayBeOpen = ['body.claims', 'body.data', 'body.eventInfo.data', 'body.metaData.data'];
        expect(opened.filter((path) => !mayBeOpen.includes(path))).toEqual([]);
      });

      it('says something of each argument', () => {
        for (const part of parts(operation.inputSchema)) {
          if (part.path.length === 0) continue;
          expect(part.schema['description'], part.path.join('.')).toMatch(/^.{2,200}$/);
        }
      });

      it('takes a tenant, unless it validates', () => {
        const has = inSchema(operation.schema, ['tenantId']) !== undefined;
        expect(has).toBe(operation.operationId !== 'validateJWTWithId');
      });

      it('names the permission that the API key needs', () => {
        // FusionAuth grants the path with an id together with the one without.
        const granted = operation.path.replace('/{tokenId}', '');
        const sentence = `it needs ${operation.method} on ${granted}.`;
        expect(operation.meaning[401].includes(sentence)).toBe(operation.authority === 'api_key');
      });

      it('is listed as an MCP tool', () => {
        expect(toListedTool(operation)).toEqual({
          name: operation.name,
          title: operation.title,
          description: operation.description,
          inputSchema: operation.inputSchema,
          outputSchema: operation.outputSchema,
          annotations: {
            title: operation.title,
            readOnlyHint: operation.hints.readOnly,
            destructiveHint: operation.hints.destructive,
            idempotentHint: operation.hints.idempotent,
            openWorldHint: false,
          },
        });
      });
    });
  }
});

const id = '00000000-0000-4000-8000-000000000001';
const replies: readonly (readonly [operation: string, body: Json, fits: boolean])[] = [
  ['issueJWTWithId', { token: 'a.b.c' }, true],
  ['issueJWTWithId', { token: 'fp:1f', refreshToken: 'fp:2e', later: [] }, true],
  ['issueJWTWithId', { refreshToken: 'x' }, false],
  ['retrieveJwtPublicKey', { publicKeys: {} }, true],
  ['retrieveJwtPublicKey', { publicKeys: { k: 'PEM' } }, true],
  ['retrieveJwtPublicKey', { publicKey: 'PEM' }, true],
  ['reconcileJWTWithId', { twoFactorId: 'fp:00', methods: [{ method: 'email' }] }, true],
  ['reconcileJWTWithId', { token: 't', user: { id, registrations: [{}] }, tokenExpirationInstant: 1 }, true],
  ['exchangeRefreshTokenForJWTWithId', { token: 't', refreshToken: 'r', refreshTokenId: id }, true],
  ['retrieveRefreshTokensWithId', {}, true],
  ['retrieveRefreshTokensWithId', { refreshTokens: [{ id, token: 'fp:9', metaData: { device: {} } }] }, true],
  ['retrieveRefreshTokensWithId', { refreshTokens: {} }, false],
  ['deleteJwtRefresh', { status: 200 }, true],
  ['retrieveRefreshTokenByIdWithId', { refreshToken: { id, token: 'fp:9' } }, true],
  ['revokeRefreshTokenByIdWithId', { status: 200 }, true],
  ['validateJWTWithId', { jwt: { exp: 1, aud: ['a', 'b'], roles: [] } }, true],
  ['validateJWTWithId', { jwt: { aud: 'a' } }, true],
  ['vendJWTWithId', { token: 'a.b.c' }, true],
  ['createLogout', { status: 200 }, true],
];

describe('the output schema', () => {
  for (const [operationId, body, fits] of replies) {
    it(`of ${operationId} ${fits ? 'accepts' : 'refuses'} ${JSON.stringify(body)}`, () => {
      const operation = operations.find((row) => row.operationId === operationId);
      const validate = new Ajv2020({ strict: true }).compile(operation?.outputSchema ?? false);
      expect(validate(body)).toBe(fits);
    });
  }
});
