import type { Json, JsonObject } from '../model/index.ts';

const text: JsonObject = { type: 'string', minLength: 1 };
const upTo = (maxLength: number): JsonObject => ({ ...text, maxLength });

const GENERATE: JsonObject = {
  type: 'object',
  properties: {
    client_id: { ...upTo(128), description: 'Client identifier.' },
    email_id: { ...upTo(254), description: 'Email address of the user.' },
    project_id: { ...upTo(128), description: 'Project identifier.' },
    secret_id: { ...upTo(1024), description: 'The secret of the client, where it needs one.' },
    tenant_id: { ...upTo(128), description: 'Tenant identifier.' },
  },
  required: ['client_id', 'email_id', 'project_id', 'tenant_id'],
  additionalProperties: false,
};

const EXCHANGE: JsonObject = {
  type: 'object',
  properties: {
    oidc_token: { ...upTo(16_384), description: 'An ID token of an issuer that the tenant trusts.' },
  },
  required: ['oidc_token'],
  additionalProperties: false,
};

const TOKEN: JsonObject = {
  type: 'object',
  properties: {
    access_token: { type: 'string' },
    expires_in: { type: 'integer', description: 'Seconds.' },
    token_type: { const: 'Bearer' },
  },
  required: ['access_token', 'expires_in', 'token_type'],
};

const REFUSED: Readonly<Record<string, string>> = {
  400: 'Invalid request payload; `violations` says what was expected.',
  401: 'Unauthorized, for whichever reason.',
  404: 'Client not found.',
  413: 'The body has more than 64 KiB.',
  415: 'The body is not JSON in UTF-8.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  500: 'Failed to generate token; `id` names the line in the audit.',
};

/** The endpoints of the token service as a part of an OpenAPI 3.1 document. */
export const tokenEndpoints = {
  paths: Object.fromEntries(
    (['admin', 'user'] as const).flatMap((kind) => [
      [`/auth/${kind}/generateToken`, { post: generate(kind) }],
      [`/auth/${kind}/oidcToken`, { post: exchange(kind) }],
    ]),
  ) as JsonObject,
  securitySchemes: {
    client: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token that this service gave to the client before.',
    },
  } satisfies JsonObject,
};

function generate(kind: 'admin' | 'user'): JsonObject {
  return {
    operationId: `${kind}GenerateToken`,
    summary: kind === 'admin' ? 'Generate a token for an administrator' : 'Generate a token for a user',
    tags: ['token'],
    security: [],
    requestBody: bodyOf(GENERATE),
    responses: responses(Object.keys(REFUSED)),
  };
}

function exchange(kind: 'admin' | 'user'): JsonObject {
  return {
    operationId: `${kind}OidcToken`,
    summary: kind === 'admin' ? 'Exchange an ID token of an administrator' : 'Exchange an ID token of a user',
    tags: ['token'],
    security: [{ client: [] }],
    requestBody: bodyOf(EXCHANGE),
    responses: responses(Object.keys(REFUSED).filter((status) => status !== '404')),
  };
}

function bodyOf(schema: JsonObject): JsonObject {
  return { required: true, content: { 'application/json': { schema } } };
}

function responses(refused: readonly string[]): JsonObject {
  const answer = (description: string, schema: Json): JsonObject => ({
    description,
    content: { 'application/json': { schema } },
  });
  return {
    200: answer('The token.', TOKEN),
    ...Object.fromEntries(
      refused.map((status) => [
        status,
        answer(REFUSED[status] ?? '', { $ref: '#/components/schemas/Refusal' }),
      ]),
    ),
  };
}
