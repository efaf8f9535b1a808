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

/** What is answered where a token is given out. */
export const TOKEN: JsonObject = {
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

/** An endpoint of the token service; each is a POST. */
export interface TokenRoute {
  readonly path: string;
  readonly operationId: string;
  readonly title: string;
  readonly body: JsonObject;
  /** Whether a client says who it is by a token that it was given before. */
  readonly takesToken: boolean;
}

/** The endpoints of the token service. */
export const tokenRoutes: readonly TokenRoute[] = (['admin', 'user'] as const).flatMap((kind) => {
  const who = kind === 'admin' ? 'an administrator' : 'a user';
  return [
    {
      path: `/auth/${kind}/generateToken`,
      operationId: `${kind}GenerateToken`,
      title: `Generate a token for ${who}`,
      body: GENERATE,
      takesToken: false,
    },
    {
      path: `/auth/${kind}/oidcToken`,
      operationId: `${kind}OidcToken`,
      title: `Exchange an ID token of ${who}`,
      body: EXCHANGE,
      takesToken: true,
    },
  ];
});

/** The same as a part of an OpenAPI 3.1 document. */
export const tokenEndpoints = {
  paths: Object.fromEntries(
    tokenRoutes.map((route) => [route.path, { post: operationOf(route) }]),
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

function operationOf({ operationId, title, body, takesToken }: TokenRoute): JsonObject {
  return {
    operationId,
    summary: title,
    tags: ['token'],
    security: takesToken ? [{ client: [] }] : [],
    requestBody: bodyOf(body),
    // Only one who names its client is told that there is none.
    responses: responses(Object.keys(REFUSED).filter((status) => !takesToken || status !== '404')),
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
