import type { Arbitrary } from 'fast-check';
import { operations } from '../catalog/operations.ts';
import type { Json, JsonObject, Operation } from '../model/index.ts';
import type { Constants } from '../policy/constants.ts';
import { isList, isObject } from '../policy/paths.ts';

type FastCheck = typeof import('fast-check');

/** One call, made again and again: what two policies judge in search of a difference. */
export interface Scenario {
  readonly tool: string;
  readonly args: JsonObject;
  readonly identity: JsonObject;
  readonly transport: 'stdio' | 'http' | 'rest';
  readonly at: number;
  readonly times: number;
  readonly gapMs: number;
  /** Who makes each further call: the same session, or another session, identity or tenant. */
  readonly vary: 'nothing' | 'session' | 'sub' | 'tenant';
}

/** Longer runs would take the time of many others. */
const MAX_TIMES = 2_000;
/** A Monday. */
const WEEK = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const UUIDS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];

/** Scenarios for the tools of the catalog, drawn from their schemas and from the constants of policies. */
export function scenarios(fc: FastCheck, constants: Constants): Arbitrary<Scenario> {
  const { counts, windows } = constants;
  const times = [...new Set(counts.filter((count) => count <= MAX_TIMES))].toSorted((a, b) => a - b);
  const gaps = [0, 1, ...windows.flatMap((ms) => [ms - 1, ms, Math.ceil(ms / 60), ms * 2])];
  const moment = fc
    .tuple(fc.integer({ min: 0, max: 167 }), fc.constantFrom(0, 1_800_000, HOUR_MS - 1))
    .map(([hour, within]) => WEEK + hour * HOUR_MS + within);
  return fc.constantFrom(...operations).chain((operation) =>
    fc.record({
      tool: fc.constant(operation.name),
      args: argsOf(fc, operation, constants),
      identity: identityOf(fc, constants),
      transport: fc.constantFrom('stdio', 'http', 'rest'),
      at: moment,
      times: fc.oneof(fc.constant(1), fc.constantFrom(1, 2, ...times)),
      gapMs: fc.constantFrom(...gaps),
      vary: fc.constantFrom('nothing', 'nothing', 'session', 'sub', 'tenant'),
    }),
  );
}

function argsOf(fc: FastCheck, operation: Operation, constants: Constants): Arbitrary<JsonObject> {
  const { jwtArg } = operation;
  const jwt = jwtArg === null ? null : jwtOf(fc, constants);
  const jwtAt = jwtArg === null ? '' : ['args', ...jwtArg].join('.');
  const arbitraryOf = (schema: Json, at: string): Arbitrary<Json> => {
    if (jwt !== null && at === jwtAt) return jwt;
    const known = atPath(fc, at, constants);
    const plain = isObject(schema) ? ofSchema(schema, at) : fc.constant<Json>('x');
    return known === null
      ? plain
      : fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: plain });
  };
  const ofSchema = (schema: JsonObject, at: string): Arbitrary<Json> => {
    switch (schema['type']) {
      case 'object':
        return objectOf(schema, at);
      case 'array':
        return fc.array(arbitraryOf(schema['items'] ?? true, `${at}[0]`), {
          maxLength: 3,
        }) as Arbitrary<Json>;
      case 'boolean':
        return fc.boolean();
      case 'integer':
      case 'number':
        return fc.constantFrom(1, 60, 300, 3600, 86_400);
      default:
        return schema['format'] === 'uuid' ? fc.constantFrom(...UUIDS) : fc.constantFrom('x', 'y');
    }
  };
  const objectOf = (schema: JsonObject, at: string): Arbitrary<JsonObject> => {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const inner = namesUnder(at, constants).filter(
      (name) => schema['additionalProperties'] !== false || Object.hasOwn(properties, name),
    );
    const names = [...new Set([...Object.keys(properties), ...inner])];
    const members = Object.fromEntries(
      names.map((name) => [name, arbitraryOf(properties[name] ?? true, `${at}.${name}`)]),
    );
    const required = isList(schema['required']) ? schema['required'].map(String) : [];
    return fc.record(members, { requiredKeys: required });
  };
  return objectOf(operation.schema, 'args');
}

/** What the policies compare with at a path; null where they do not look there. */
function atPath(fc: FastCheck, at: string, { values, patterns }: Constants): Arbitrary<Json> | null {
  const known = values.get(at) ?? [];
  const matching = (patterns.get(at) ?? []).flatMap((pattern) => matchingText(fc, pattern));
  if (known.length + matching.length === 0) return null;
  return fc.oneof(...(known.length === 0 ? [] : [fc.constantFrom(...known)]), ...matching);
}

/** Texts that match a pattern of RE2, where JavaScript reads it too. */
function matchingText(fc: FastCheck, pattern: string): readonly Arbitrary<Json>[] {
  try {
    return [fc.stringMatching(new RegExp(pattern, 'u'))];
  } catch {
    return [];
  }
}

/** Names that stand right under a path where the policies look further. */
function namesUnder(at: string, { values, patterns }: Constants): readonly string[] {
  const paths = [...values.keys(), ...patterns.keys()].filter((path) => path.startsWith(`${at}.`));
  return paths.map((path) => path.slice(at.length + 1).split(/[.[]/)[0] ?? '').filter((name) => name !== '');
}

const LISTS = new Set(['roles', 'scopes', 'groups', 'resources']);
const TEXTS = new Set(['sub', 'client_id', 'issuer', 'tenant', 'project', 'email']);

function identityOf(fc: FastCheck, constants: Constants): Arbitrary<JsonObject> {
  const named = namesUnder('identity', constants).filter((name) => TEXTS.has(name) || LISTS.has(name));
  const members = [...new Set(['sub', 'tenant', ...named])].map((name) => {
    const known = (constants.values.get(`identity.${name}`) ?? []).flatMap((value) =>
      isList(value) ? value : [value],
    );
    const texts = [...new Set(['ann', ...known.filter((each) => typeof each === 'string')])];
    const text = fc.oneof(
      fc.constantFrom(...texts),
      ...(constants.patterns.get(`identity.${name}`) ?? []).flatMap((each) => matchingText(fc, each)),
    );
    return [name, LISTS.has(name) ? fc.uniqueArray(text, { maxLength: 3 }) : text] as const;
  });
  const claims = openObject(fc, 'identity.claims', constants);
  return fc.record(
    { ...Object.fromEntries(members), ...(claims === null ? {} : { claims }) },
    { requiredKeys: [] },
  ) as Arbitrary<JsonObject>;
}

function openObject(fc: FastCheck, at: string, constants: Constants): Arbitrary<JsonObject> | null {
  const names = [...new Set(namesUnder(at, constants))];
  if (names.length === 0) return null;
  const members = names.map((name) => [
    name,
    atPath(fc, `${at}.${name}`, constants) ?? openObject(fc, `${at}.${name}`, constants) ?? fc.constant('x'),
  ]);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] }) as Arbitrary<JsonObject>;
}

/** A JWT that nobody signed: policies read its claims, and nothing here verifies it. */
function jwtOf(fc: FastCheck, constants: Constants): Arbitrary<Json> {
  const part = (value: JsonObject) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = openObject(fc, 'jwt', constants) ?? fc.constant<JsonObject>({});
  return claims.map((payload) => `${part({ alg: 'none' })}.${part(payload)}.x`);
}
