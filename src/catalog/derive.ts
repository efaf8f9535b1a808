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
export function normaliser(operation: Operation): (args: JsonObject) => Normalised {
  const ids = idsIn(operation.schema);
  const exclusion = excludes.get(operation.operationId);
  return (sent) => {
    const { args, violations } = gatherSelectors(operation, sent);
    const excluded = exclusion?.((name) => Object.hasOwn(args, name)) ?? null;
    return {
      args: ids === null ? args : lowerIds(ids, args),
      violations: excluded === null ? violations : [...violations, excluded],
    };
  };
}

const NONE: readonly Violation[] = [];

function gatherSelectors({ selectors }: Operation, args: JsonObject): Normalised {
  const { body } = args;
  if (selectors.length === 0 || !isObject(body)) return { args, violations: NONE };
  const { body: _, ...top } = args;
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

/** Where an object of the tool's own has ids: members that are ids, and members that are such objects. */
interface Ids {
  readonly here: readonly string[];
  readonly within: readonly (readonly [name: string, ids: Ids])[];
}

/** Follows a schema into closed objects; whatever FusionAuth leaves open is the caller's own. Null: there is nothing closed. */
function idsIn({ properties }: JsonObject): Ids | null {
  if (!isObject(properties)) return null;
  const members = Object.entries(properties).flatMap(([name, schema]) =>
    isObject(schema) ? [{ name, schema }] : [],
  );
  return {
    here: members.filter(({ schema }) => schema['format'] === 'uuid').map(({ name }) => name),
    within: members.flatMap(({ name, schema }) => {
      const ids = idsIn(schema);
      return ids === null ? [] : [[name, ids] as const];
    }),
  };
}

/** Copies only what has to be changed: nearly every call is in normal form already. */
function lowerIds({ here, within }: Ids, object: JsonObject): JsonObject {
  let changed: Record<string, Json> | null = Object.hasOwn(object, '__proto__') ? members(object) : null;
  const change = (name: string, from: Json, to: Json) => {
    if (from === to) return;
    changed ??= { ...object };
    changed[name] = to;
  };
  for (const name of here) {
    const id = Object.hasOwn(object, name) ? object[name] : undefined;
    if (typeof id === 'string' && UUID.test(id)) change(name, id, id.toLowerCase());
  }
  for (const [name, ids] of within) {
    const member = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isObject(member)) change(name, member, lowerIds(ids, member));
  }
  return changed ?? object;
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
