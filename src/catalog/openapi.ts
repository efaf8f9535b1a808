import type { Json, JsonObject } from '../model/index.ts';
import { argSchema, type RestRoute, restStatus } from './rest.ts';

/** A place of a request that an argument comes from, as OpenAPI has it. */
export interface RestParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonObject;
}

/** The answers that are not the operation's own, and what they are for. */
export const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The arguments are not accepted (`invalid_arguments`), or FusionAuth did not accept them.',
  401: 'The caller is not identified (`unauthenticated`); or FusionAuth refused the credential, then without a body.',
  403: 'The policy denies the call.',
  404: 'No such operation, or the policy hides it (`unknown_tool`); or FusionAuth found nothing, then without a body.',
  413: 'The body has more than 1 MiB.',
  415: 'The body is neither JSON in UTF-8 nor a form that the operation takes.',
  429: 'A limit of the policy is used up; `Retry-After` says when the call fits, and is absent where it never will.',
  500: 'The proxy failed; its log has the details under `id`.',
  502: 'FusionAuth cannot be reached, or gave no usable answer.',
  503: 'The limits of the call cannot be checked at the moment.',
  504: 'FusionAuth did not answer in time.',
};

/** Where the arguments of an operation come from, apart from body and `Authorization`. */
export function restParameters({
  operation,
  pathArgs,
  query,
  takesTenant,
}: RestRoute): readonly RestParameter[] {
  const needed = operation.inputSchema['required'];
  const parameter = (place: RestParameter['in'], name: string, arg: string): RestParameter => {
    const { description = '', ...schema } = argSchema(operation, arg) ?? {};
    const required = place === 'path' || (Array.isArray(needed) && needed.includes(arg));
    return { name, in: place, required, description: String(description), schema };
  };
  return [
    ...pathArgs.map((name) => parameter('path', name, name)),
    ...Array.from(query, ([name, arg]) => parameter('query', name, arg)),
    ...(takesTenant ? [parameter('header', 'X-FusionAuth-TenantId', 'tenantId')] : []),
  ];
}

/** What an OpenAPI document has beside the routes. */
export interface OpenApiPart {
  readonly paths: JsonObject;
  readonly securitySchemes: JsonObject;
}

const NOTHING_ELSE: OpenApiPart = { paths: {}, securitySchemes: {} };

/** The routes as an OpenAPI 3.1 document. */
export function toOpenApi(
  routes: readonly RestRoute[],
  version: string,
  other: OpenApiPart = NOTHING_ELSE,
): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const method = route.operation.method.toLowerCase();
    paths[route.path] = { ...paths[route.path], [method]: toOpenApiOperation(route) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Portcullis',
      version,
      summary: 'FusionAuth’s JWT and logout APIs behind a policy.',
      description:
        'Method, query and body are FusionAuth’s own, so a FusionAuth client works with this server’s `/v1` as its ' +
        'URL. An API key that a client sends is ignored: the proxy has its own. Cookies are neither read nor set.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: { ...paths, ...other.paths },
    components: {
      schemas,
      responses: refusals(),
      securitySchemes: { ...securitySchemes, ...other.securitySchemes },
    },
  };
}

function toOpenApiOperation(route: RestRoute): JsonObject {
  const { operation, takesJwt } = route;
  const { operationId, title, description, kind, name } = operation;
  const body = requestBody(route);
  return {
    operationId,
    summary: title,
    description,
    tags: [kind],
    'x-mcp-tool': name,
    security: takesJwt ? [{ jwt: [] }] : [],
    parameters: restParameters(route).map((parameter) => ({ ...parameter })),
    ...(body === null ? {} : { requestBody: body }),
    responses: {
      200: success(route),
      ...Object.fromEntries(
        Object.keys(REFUSALS).map((status) => [status, { $ref: `#/components/responses/${status}` }]),
      ),
    },
  };
}

function requestBody({ operation }: RestRoute): JsonObject | null {
  const schema = argSchema(operation, 'body');
  if (schema === null) return null;
  const needed = operation.inputSchema['required'];
  const form = Object.fromEntries(operation.form.map((name) => [name, argSchema(operation, name) ?? {}]));
  return {
    required: Array.isArray(needed) && needed.includes('body'),
    content: {
      'application/json': { schema },
      ...(operation.form.length === 0
        ? {}
        : {
            'application/x-www-form-urlencoded': {
              schema: { type: 'object', properties: form, additionalProperties: false },
            },
          }),
    },
  };
}

function success({ operation, hasResult }: RestRoute): JsonObject {
  if (!hasResult) return { description: 'Done; there is no body.' };
  const schema = operation.outputSchema;
  return { description: 'What FusionAuth answered.', content: { 'application/json': { schema } } };
}

function refusals(): JsonObject {
  const own = { $ref: '#/components/schemas/Refusal' };
  const either = { anyOf: [own, { $ref: '#/components/schemas/FusionAuthErrors' }] };
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([status, description]) => [
      status,
      {
        description,
        ...(HEADERS[status] === undefined ? {} : { headers: HEADERS[status] }),
        content: { 'application/json': { schema: status === '400' ? either : own } },
      },
    ]),
  );
}

const text: JsonObject = { type: 'string' };
const HEADERS: Readonly<Record<string, JsonObject>> = {
  401: { 'WWW-Authenticate': { description: 'On `unauthenticated` alone.', schema: text } },
  429: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } },
};
const errors: JsonObject = {
  type: 'array',
  items: { type: 'object', properties: { code: text, message: text }, required: ['code', 'message'] },
};

const schemas: JsonObject = {
  Refusal: {
    type: 'object',
    description: 'Why the proxy did not make the call, or has no answer to it.',
    properties: {
      code: {
        ...text,
        description: `One of ${Object.keys(restStatus).join(', ')}; or what is wrong with the request as HTTP.`,
      },
      reason: { ...text, description: 'In a sentence.' },
      rule: { type: ['string', 'null'], description: 'The rule of the policy that denied the call.' },
      policy: { type: ['string', 'null'], description: 'Digest of the policy.' },
      id: { type: ['string', 'null'], description: 'Id of the call in the audit.' },
      retryable: { type: 'boolean' },
      retry_after_ms: { type: 'integer' },
      limit: { type: 'object', description: 'The limit that is used up.' },
      violations: {
        type: 'array',
        items: { type: 'object', properties: { path: text, expected: text }, required: ['path', 'expected'] },
      },
    },
    required: ['code', 'reason', 'rule', 'policy', 'id', 'retryable'],
  },
  FusionAuthErrors: {
    type: 'object',
    description: 'Errors of FusionAuth: its codes and fields, the messages replaced.',
    properties: {
      fieldErrors: { type: 'object', additionalProperties: errors },
      generalErrors: errors,
    },
  },
};

const securitySchemes: JsonObject = {
  jwt: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The JWT that the call is about, as FusionAuth has it. It does not identify the caller.',
  },
};
