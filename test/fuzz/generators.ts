import fc from 'fast-check';
import { operations } from '../../src/catalog/operations.ts';
import type { Identity, Json, JsonObject, Operation } from '../../src/model/index.ts';

/** Paths of conditions by what they lead to, so that most of what is generated is a policy. */
interface Paths {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  readonly lists: readonly string[];
}

const OPEN: Paths = {
  texts: ['identity.sub', 'identity.claims.team', 'jwt.iss', 'identity.email', 'identity.tenant'],
  numbers: ['time.hour', 'identity.claims.level', 'jwt.exp'],
  lists: ['identity.roles', 'identity.scopes', 'jwt.roles', 'identity.claims.teams'],
};

const words = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'ann',
      'admin',
      'support',
      'acme',
      'x',
      'a.b.c',
      '0abe7139-0000-4000-8000-000000000002',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
);
const numbers = fc.oneof(
  fc.integer({ min: -2, max: 400 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const some: { requiredKeys: [] } = { requiredKeys: [] };
const merge = (...parts: JsonObject[]): JsonObject => Object.assign({}, ...parts);

/** Where the arguments of an operation have texts, numbers and lists, by its schema. */
function pathsOf({ schema }: Operation): Paths {
  const found: Paths & { texts: string[]; numbers: string[]; lists: string[] } = {
    texts: [],
    numbers: [],
    lists: [],
  };
  const walk = (node: Json | undefined, path: string): void => {
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, properties } = node as { readonly type?: string; readonly properties?: JsonObject };
    if (type === 'string') found.texts.push(path);
    if (type === 'integer' || type === 'number') found.numbers.push(path);
    if (type === 'array') found.lists.push(path);
    for (const [name, part] of Object.entries(properties ?? {})) walk(part, `${path}.${name}`);
  };
  walk(schema, 'args');
  return found;
}

function singleOn({ texts, numbers: numeric, lists }: Paths): fc.Arbitrary<JsonObject> {
  const one = (paths: readonly string[], op: readonly string[], value: fc.Arbitrary<unknown>) =>
    fc.record({
      path: fc.constantFrom(...paths),
      op: fc.constantFrom(...op),
      value,
    }) as fc.Arbitrary<JsonObject>;
  const several = fc.array(words, { minLength: 1, maxLength: 3 });
  return fc.oneof(
    one(texts, ['eq', 'neq', 'contains', 'not_contains', 'starts_with', 'ends_with'], words),
    one(texts, ['in', 'not_in'], several),
    one(texts, ['regex'], fc.constantFrom('^a', 'admin', '[0-9]+', '(?i)x', '^(a+)+$', '.*')),
    one([...numeric, 'time.hour'], ['lt', 'lte', 'gt', 'gte', 'eq', 'neq'], numbers),
    one(lists, ['contains', 'not_contains'], words),
    one(lists, ['subset_of'], fc.array(words, { maxLength: 3 })),
    one([...texts, ...numeric, ...lists], ['exists'], fc.boolean()),
    one(['time.weekday'], ['in', 'not_in'], fc.subarray(['mon', 'tue', 'sat', 'sun'], { minLength: 1 })),
    one(['call.kind'], ['eq', 'neq'], fc.constantFrom('read', 'reveal', 'mint', 'revoke')),
    one(['call.transport'], ['eq', 'neq'], fc.constantFrom('stdio', 'http', 'rest')),
    one(['identity.anonymous'], ['eq'], fc.boolean()),
  );
}

function conditionsOn(paths: Paths): fc.Arbitrary<readonly JsonObject[]> {
  const { any } = fc.letrec<{ any: JsonObject }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      singleOn(paths),
      fc.record({ not: tie('any') }),
      fc.record({ any: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ all: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    ),
  }));
  return fc.array(any, { minLength: 1, maxLength: 3 });
}

const window = fc.constantFrom<string | number>('minute', 'hour', 'day', 60, '45s', '10m', '2h', '366d', 1);
const per = fc.constantFrom('session', 'identity', 'tenant', 'everyone');
const limit = fc.oneof(
  fc.record({ max: fc.integer({ min: 1, max: 3 }), window, per }, { requiredKeys: ['max', 'window'] }),
  fc.constantFrom('1/minute', '2/hour', '3/30s', '1000000000/day'),
);

/** A rule under a key; `amount` is where a number of the tool can be counted, where it has one. */
function ruleUnder(key: string, paths: Paths): fc.Arbitrary<JsonObject> {
  const conditions = conditionsOn(paths);
  const common = {
    when: conditions,
    mode: fc.constantFrom('enforce', 'observe'),
    on_deny: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => text.trim() !== ''),
  };
  const plain = fc.oneof(
    fc.constant({ action: 'deny' }),
    fc.constant({ action: 'allow' }),
    fc.record({ rate_limit: limit }),
    fc.record({ conditions }),
    fc.record({ conditions, rate_limit: limit }),
  ) as fc.Arbitrary<JsonObject>;
  const budget = fc.record({ counter: fc.constantFrom('a', 'b'), window, per }).chain((state) =>
    fc
      .tuple(fc.constantFrom(...paths.numbers, null), fc.integer({ min: 1, max: 2000 }), fc.boolean())
      .map(([from, bound, isLte]) => ({
        state: { ...state, ...(from?.startsWith('args.') ? { increment_from: from } : { increment: 0.5 }) },
        conditions: [
          {
            path: `state.${key.includes('*') ? '_global' : key}.${state.counter}`,
            op: isLte ? 'lte' : 'lt',
            value: bound,
          },
        ],
      })),
  ) as fc.Arbitrary<JsonObject>;
  return fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: budget }),
      fc.record(common, some),
    )
    .map((parts) => merge(...parts));
}

function toolUnder(key: string, paths: Paths): fc.Arbitrary<readonly [string, JsonObject]> {
  const rules = fc
    .array(ruleUnder(key, paths), { maxLength: 4 })
    .map((list) => list.map((rule, i) => (i % 2 === 0 ? { name: `rule ${i}`, ...rule } : rule)));
  return fc
    .record({ rules, secrets: fc.constantFrom('clear', 'fingerprint') }, some)
    .map((tool) => [key, tool as JsonObject] as const);
}

const keys = [...operations.map(({ operationId }) => operationId), 'retrieve*', '*JWT*', '*'];
const pathsByKey = new Map(
  operations.map((operation) => {
    const own = pathsOf(operation);
    const paths = {
      texts: [...OPEN.texts, ...own.texts],
      numbers: [...OPEN.numbers, ...own.numbers],
      lists: [...OPEN.lists, ...own.lists],
    };
    return [operation.operationId, paths] as const;
  }),
);

/** A policy by the grammar of the language, as JSON text, which is YAML. Nearly all of them have no errors. */
export const policyText: fc.Arbitrary<string> = fc
  .record(
    {
      version: fc.constantFrom('1', 1),
      mode: fc.constantFrom('enforce', 'observe'),
      default: fc.constantFrom('allow', 'deny'),
      list: fc.constantFrom('all', 'callable'),
      session_ceiling: fc.constantFrom(1, 2, 1_000_000),
      hide: fc.subarray(keys.slice(0, 3)),
      grants: fc.array(fc.record({ to: conditionsOn(OPEN), tools: fc.subarray(keys, { minLength: 1 }) }), {
        maxLength: 2,
      }),
      tools: fc
        .subarray(keys, { maxLength: 5 })
        .chain((chosen) => fc.tuple(...chosen.map((key) => toolUnder(key, pathsByKey.get(key) ?? OPEN))))
        .map((tools) => Object.fromEntries(tools)),
    },
    some,
  )
  .map((policy) => JSON.stringify(policy, null, 1));

const jwt = fc
  .record({ iss: words, exp: numbers, roles: fc.array(words, { maxLength: 2 }) }, some)
  .map((claims) => `${base64url({ alg: 'none' })}.${base64url(claims)}.c2ln`);

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const anyJson = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

/** A value for a schema: mostly what it asks for, now and then something else. */
function valueFor(schema: JsonObject): fc.Arbitrary<Json> {
  const {
    type,
    properties = {},
    required = [],
  } = schema as {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, JsonObject>>;
    readonly required?: readonly string[];
  };
  const right: fc.Arbitrary<Json> =
    type === 'object' && Object.keys(properties).length > 0
      ? (fc.record(
          Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, valueFor(part)])),
          { requiredKeys: [...required] },
        ) as fc.Arbitrary<Json>)
      : type === 'string'
        ? fc.oneof(words, jwt)
        : type === 'integer' || type === 'number'
          ? numbers
          : type === 'boolean'
            ? fc.boolean()
            : anyJson;
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: anyJson });
}

/** One call of a tool, whoever makes it, whenever. */
export interface FuzzedCall {
  readonly tool: string;
  readonly args: Json;
  readonly identity: Identity;
  readonly session: string | null;
  readonly atMs: number;
}

const identity = fc.record(
  {
    sub: words,
    client_id: words,
    issuer: words,
    tenant: words,
    email: words,
    roles: fc.array(words, { minLength: 1, maxLength: 2 }),
    scopes: fc.array(words, { minLength: 1, maxLength: 2 }),
    claims: fc.record({ team: words, level: numbers, teams: fc.array(words, { maxLength: 2 }) }, some),
  },
  some,
) as fc.Arbitrary<Identity>;

/** Calls in the order of their times. */
export const calls: fc.Arbitrary<readonly FuzzedCall[]> = fc
  .array(
    fc.constantFrom(...operations).chain(({ name, schema }) =>
      fc.record({
        tool: fc.oneof({ weight: 15, arbitrary: fc.constant(name) }, { weight: 1, arbitrary: words }),
        args: valueFor(schema),
        identity,
        session: fc.constantFrom('s1', 's2', null),
        atMs: fc.integer({ min: 0, max: 7_200_000 }),
      }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => list.toSorted((a, b) => a.atMs - b.atMs));
