import type { Code, Json, JsonObject, Operation } from '../model/index.ts';
import { done } from './results.ts';

/** What stands before FusionAuth's own paths. */
export const REST_PREFIX = '/v1';

/** A way into an operation over REST: FusionAuth's method and path under `/v1`, and where its arguments come from. */
export interface RestRoute {
  readonly operation: Operation;
  /** With `{name}` for path parameters, for example `/v1/api/jwt/refresh/{tokenId}`. */
  readonly path: string;
  /** Arguments that stand in the path. */
  readonly pathArgs: readonly string[];
  /** Query parameter -> the argument that it becomes; two parameters may become one argument. */
  readonly query: ReadonlyMap<string, string>;
  /** Whether the JWT in `Authorization` becomes `encodedJWT`. */
  readonly takesJwt: boolean;
  /** Whether `X-FusionAuth-TenantId` becomes `tenantId`. */
  readonly takesTenant: boolean;
  /** Whether FusionAuth answers success with a body. */
  readonly hasResult: boolean;
}

/** The status of each ending that is the proxy's own; a call that took too long upstream is 504 in place of 502. */
export const restStatus: Readonly<Record<Exclude<Code, 'allowed' | 'upstream_rejected'>, number>> = {
  invalid_arguments: 400,
  unauthenticated: 401,
  not_listed: 403,
  not_granted: 403,
  denied_by_rule: 403,
  condition_failed: 403,
  unknown_tool: 404,
  rate_limited: 429,
  budget_exceeded: 429,
  internal_error: 500,
  upstream_unavailable: 502,
  limits_unavailable: 503,
};

/** The routes of the operations, in catalog order. */
export function toRestRoutes(operations: readonly Operation[]): readonly RestRoute[] {
  return operations.map((operation) => ({
    operation,
    path: REST_PREFIX + operation.path,
    pathArgs: Array.from(operation.path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name),
    query: queryNames(operation),
    takesJwt: operation.authority === 'call_jwt',
    takesTenant: argSchema(operation, 'tenantId') !== null,
    hasResult: operation.outputSchema !== done,
  }));
}

/** What an operation accepts as one of its arguments, as sent; null where it has no such argument. */
export function argSchema({ inputSchema }: Operation, name: string): JsonObject | null {
  const properties = inputSchema['properties'];
  const schema = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isObject(schema) ? schema : null;
}

/** FusionAuth's name first, then the argument's own where that is another. */
function queryNames({ query, selectors }: Operation): ReadonlyMap<string, string> {
  return new Map([
    ...Object.entries(query).flatMap(([arg, onTheWire]) => [[onTheWire, arg] as const, [arg, arg] as const]),
    ...selectors.map((arg) => [arg, arg] as const),
  ]);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
