import type { Json, JsonObject, ListedTool, Operation, UpstreamRequest, Violation } from '../model/index.ts';

/** A row of `portcullis tools`. */
export interface DocsRow {
  readonly tool: string;
  readonly operationId: string;
  readonly kind: Operation['kind'];
  readonly method: Operation['method'];
  readonly path: string;
  readonly authority: Operation['authority'];
  readonly hints: Operation['hints'];
}

export interface Normalised {
  readonly args: JsonObject;
  readonly violations: readonly Violation[];
}

/**
 * Arguments as sent -> the one form that is judged and forwarded, with what the schema cannot say of it.
 * Selectors stand at top level, an empty rest of their `body` is gone, UUIDs are in lower case (FusionAuth reads
 * both, so a rule about an id must not be escaped by writing it in capitals). Values of the wrong type are left
 * for the schema to report. The input is not changed.
 */
export function normalise(operation: Operation, args: JsonObject): Normalised {
  const { args: gathered, violations } = gatherSelectors(operation, args);
  const normal = lowerIds(operation.schema, gathered);
  return {
    args: isObject(normal) ? normal : gathered,
    violations: [...violations, ...exclusions(operation, gathered)],
  };
}

function gatherSelectors({ selectors }: Operation, args: JsonObject): Normalised {
  const { body, ...top } = args;
  if (selectors.length === 0 || !isObject(body)) return { args: members(args), violations: [] };
  const inBody = selectors.filter((name) => Object.hasOwn(body, name));
  const twice = inBody.filter((name) => Object.hasOwn(top, name));
  const rest = members(body, (name) => !selectors.includes(name));
  return {
    args: {
      ...members(body, (name) => inBody.includes(name)),
      ...members(top),
      ...(Object.keys(rest).length > 0 ? { body: rest } : {}),
    },
    violations: twice.map((name) => ({
      path: `args.body.${name}`,
      expected: `nothing, since \`${name}\` is given at top level too`,
    })),
  };
}

/** A copy of an object's members; `__proto__` is not one, whatever a parser made of it. */
function members(object: JsonObject, keep: (name: string) => boolean = () => true): JsonObject {
  const kept: Record<string, Json> = {};
  for (const name of Object.keys(object)) {
    const member = object[name];
    if (member !== undefined && name !== '__proto__' && keep(name)) kept[name] = member;
  }
  return kept;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Follows the schema into closed objects; whatever FusionAuth leaves open is the caller's own. */
function lowerIds(schema: JsonObject, value: Json): Json {
  if (typeof value === 'string') {
    return schema['format'] === 'uuid' && UUID.test(value) ? value.toLowerCase() : value;
  }
  const properties = schema['properties'];
  if (!isObject(value) || !isObject(properties)) return value;
  const lowered: Record<string, Json> = {};
  for (const name of Object.keys(value)) {
    const member = value[name];
    if (member === undefined || name === '__proto__') continue;
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    lowered[name] = isObject(known) ? lowerIds(known, member) : member;
  }
  return lowered;
}

/** What may not stand together, by operation id. */
const excludes: ReadonlyMap<string, (has: (name: string) => boolean) => Violation | null> = new Map([
  [
    'retrieveJwtPublicKey',
    (has) =>
      has('keyId') && has('applicationId')
        ? { path: 'args.keyId', expected: '`keyId` or `applicationId`, not both' }
        : null,
  ],
  [
    'deleteJwtRefresh',
    (has) => {
      const owners = has('userId') || has('applicationId');
      if (!has('token') && !owners) {
        return { path: 'args', expected: '`token` alone, or `userId`, `applicationId` or both of these' };
      }
      return has('token') && owners
        ? { path: 'args.token', expected: '`token` alone, without `userId` and `applicationId`' }
        : null;
    },
  ],
]);

function exclusions(operation: Operation, args: JsonObject): readonly Violation[] {
  const violation = excludes.get(operation.operationId)?.((name) => Object.hasOwn(args, name));
  return violation ? [violation] : [];
}

/**
 * Arguments in normal form, without violations -> the request that FusionAuth is sent.
 * The same arguments give the same text: query and selectors in the order of the row, the body as it is.
 */
export function toRequest(operation: Operation, args: JsonObject): UpstreamRequest {
  return {
    method: operation.method,
    target: path(operation, args) + query(operation, args),
    tenantId: textOf(args['tenantId']),
    authority: authority(operation, args),
    body: body(operation, args),
  };
}

function path(operation: Operation, args: JsonObject): string {
  return operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(textOf(args[name]) ?? ''),
  );
}

function query(operation: Operation, args: JsonObject): string {
  const pairs = Object.entries(operation.query).flatMap(([name, onTheWire]) => {
    const value = textOf(args[name]);
    return value === null ? [] : [`${onTheWire}=${encodeURIComponent(value)}`];
  });
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

function authority(operation: Operation, args: JsonObject): UpstreamRequest['authority'] {
  switch (operation.authority) {
    case 'none':
      return { as: 'none' };
    case 'api_key':
      return { as: 'api_key' };
    case 'call_jwt':
      return { as: 'jwt', jwt: textOf(args['encodedJWT']) ?? '' };
  }
}

function body(operation: Operation, args: JsonObject): string | null {
  if (!operation.sendsBody) return null;
  const selected = operation.selectors.flatMap((name): [string, Json][] => {
    const value = args[name];
    return value === undefined ? [] : [[name, value]];
  });
  const rest = args['body'];
  return JSON.stringify({ ...Object.fromEntries(selected), ...(isObject(rest) ? rest : {}) });
}

/** An operation as an agent is shown it. */
export function toListedTool(operation: Operation): ListedTool {
  const { name, title, description, inputSchema, outputSchema, hints } = operation;
  return {
    name,
    title,
    description,
    inputSchema,
    outputSchema,
    annotations: {
      title,
      readOnlyHint: hints.readOnly,
      destructiveHint: hints.destructive,
      idempotentHint: hints.idempotent,
      // FusionAuth is one known system, not the open world that a web search reaches.
      openWorldHint: false,
    },
  };
}

/** The catalog as people read it, in catalog order. */
export function docsTable(operations: readonly Operation[]): readonly DocsRow[] {
  return operations.map(({ name, operationId, kind, method, path, authority, hints }) => ({
    tool: name,
    operationId,
    kind,
    method,
    path,
    authority,
    hints,
  }));
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
