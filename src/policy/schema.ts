import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Json, JsonObject, Path, Violation } from '../model/index.ts';
import { suggestion } from './located.ts';
import { isObject, writePath } from './paths.ts';
import { compilePattern } from './patterns.ts';

/** A compiled schema: the violations of a value, each once; empty where the value is valid. */
export type Validate = (value: Json) => readonly Violation[];

/** The formats that are known, and what they are called; all are asserted. */
export const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  uri: 'a URI',
  email: 'an e-mail address',
  date: 'a date such as 2026-01-31',
  time: 'a time such as 12:30:00Z',
  'date-time': 'a time such as 2026-01-31T12:30:00Z',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  hostname: 'a host name',
};
/** Ids are in lower case in normal form; a rule that compares text must not be escaped by another spelling. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MAX_VIOLATIONS = 50;
const MAX_VALUES_SHOWN = 20;

/** A validator of JSON Schema 2020-12 that asserts formats and matches patterns in linear time (RE2). */
export function newAjv(options: Options): Ajv2020 {
  const ajv = new Ajv2020({
    ...options,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    verbose: true,
    ownProperties: true,
    logger: false,
    code: { regExp: Object.assign(ownPattern, { code: 'ownPattern' }) },
  });
  const names = Object.keys(FORMATS).filter((name) => name !== 'uuid');
  addFormats.default(ajv, { mode: 'full', formats: names as addFormats.FormatName[], keywords: false });
  // Ajv follows anchors, but its strict mode does not know the keyword.
  ajv.addVocabulary(['$anchor']).addFormat('uuid', UUID);
  // Ajv compares every two elements, which an agent could turn into minutes.
  ajv.removeKeyword('uniqueItems');
  return ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (unique: boolean, list: readonly Json[]) =>
      !unique || new Set(list.map(canonical)).size === list.length,
  });
}

/** Equal texts for equal values. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, member: Json) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** Ajv keeps one of all patterns that have the same text: each must have its own. */
function ownPattern(pattern: string) {
  return { test: compilePattern(pattern), toString: () => pattern };
}

/** Compiles schemas of arguments. */
export interface SchemaCompiler {
  /** Throws where the schema is wrong. */
  compile(schema: JsonObject): Validate;
}

/** Of values with more parts than this only the first violation is told: an agent must not make us write a book. */
const MAX_PARTS_TOLD = 2000;

/**
 * A compiler whose validators stop at the first violation, and look for the others only in values that are small.
 *
 * What it compiles was checked: the tools' own schemas by a test, those of a policy when it was parsed. To hold them
 * against JSON Schema's own schema once more would take longer than all the rest of a command.
 */
export function schemaCompiler(): SchemaCompiler {
  const [first, all] = [trusting({ allErrors: false }), trusting({ allErrors: true })];
  return {
    compile(schema) {
      const isValid = first().compile(schema);
      let tell: typeof isValid | undefined;
      return (value) => {
        if (isValid(value)) return [];
        if (countParts(value, MAX_PARTS_TOLD) > MAX_PARTS_TOLD) return violationsOf(isValid.errors ?? []);
        tell ??= all().compile(schema);
        return tell(value) ? [] : violationsOf(tell.errors ?? []);
      };
    },
  };
}

/**
 * A validator that is made once it is needed, and believes the schemas that it is given: it does not even read JSON
 * Schema's own, to which they cannot refer.
 */
function trusting(options: Options): () => Ajv2020 {
  let ajv: Ajv2020 | undefined;
  return () => (ajv ??= newAjv({ ...options, meta: false, validateSchema: false }));
}

/** How many values are in a value, itself one; counted no further than just past a bound. */
function countParts(value: Json, bound: number): number {
  let count = 0;
  const waiting: Json[] = [value];
  for (let next = waiting.pop(); next !== undefined && count <= bound; next = waiting.pop()) {
    count++;
    if (typeof next !== 'object' || next === null) continue;
    const parts = Object.values(next);
    if (parts.length > bound) return parts.length;
    waiting.push(...parts);
  }
  return count;
}

function violationsOf(errors: readonly ErrorObject[]): readonly Violation[] {
  const seen = new Map<string, Violation>();
  for (const error of errors) {
    const violation = violationOf(error);
    seen.set(`${violation.path}\n${violation.expected}`, violation);
  }
  return [...seen.values()].slice(0, MAX_VIOLATIONS);
}

function violationOf(error: ErrorObject): Violation {
  const path = pointerPath(error.instancePath);
  const { keyword, params, parentSchema, message = 'a valid value' } = error;
  if (keyword === 'required') {
    return {
      path: writePath('args', [...path, String(params['missingProperty'])]),
      expected: 'a value: it is required',
    };
  }
  const words = WORDS[keyword];
  const expected = words === undefined ? message : words(params, parentSchema ?? {});
  return { path: writePath('args', path), expected };
}

type Params = Readonly<Record<string, unknown>>;
/** What is accepted, a row a keyword. Values of the schema may be named, values of the call never. */
const WORDS: Readonly<Record<string, (params: Params, schema: Params) => string>> = {
  type: ({ type }) => `a value of type ${String(type)}`,
  additionalProperties: ({ additionalProperty }, schema) => noOther(String(additionalProperty), schema),
  unevaluatedProperties: ({ unevaluatedProperty }, schema) => noOther(String(unevaluatedProperty), schema),
  enum: ({ allowedValues }) => `one of ${values(allowedValues)}`,
  const: ({ allowedValue }) => values([allowedValue]),
  maximum: ({ limit }) => `a number of at most ${limit}`,
  minimum: ({ limit }) => `a number of at least ${limit}`,
  exclusiveMaximum: ({ limit }) => `a number below ${limit}`,
  exclusiveMinimum: ({ limit }) => `a number above ${limit}`,
  multipleOf: ({ multipleOf }) => `a multiple of ${multipleOf}`,
  maxLength: ({ limit }) => `a text of at most ${limit} characters`,
  minLength: ({ limit }) => `a text of at least ${limit} character${limit === 1 ? '' : 's'}`,
  pattern: ({ pattern }) => `a text that matches ${pattern}`,
  format: ({ format }) => FORMATS[String(format)] ?? `a ${format}`,
  maxItems: ({ limit }) => `a list of at most ${limit}`,
  minItems: ({ limit }) => `a list of at least ${limit}`,
  'false schema': () => 'nothing here',
  uniqueItems: () => 'a list without equal elements',
  minProperties: ({ limit }) => `at least ${limit} member${limit === 1 ? '' : 's'}`,
  maxProperties: ({ limit }) => `at most ${limit} member${limit === 1 ? '' : 's'}`,
  dependentRequired: ({ property, missingProperty }) => `\`${missingProperty}\` beside \`${property}\``,
  propertyNames: () => 'other names of members',
  contains: ({ minContains, maxContains }) => containing(minContains, maxContains),
  items: ({ limit }) => `a list of at most ${limit}`,
  unevaluatedItems: () => 'no further elements',
  not: () => 'something that the policy does not exclude',
  anyOf: () => 'what fits at least one of the alternatives',
  oneOf: () => 'what fits exactly one of the alternatives',
  if: ({ failingKeyword }) => `what fits \`${failingKeyword}\` of the policy's schema`,
};

function containing(least: unknown, most: unknown): string {
  const some = `at least ${least}${most === undefined ? '' : ` and at most ${most}`}`;
  return `a list in which ${some} of the elements fit`;
}

function noOther(found: string, schema: Params): string {
  const members = Object.entries((schema['properties'] as JsonObject | undefined) ?? {});
  if (members.length === 0) return 'no members';
  const known = members.map(([name]) => name);
  const home = members.find(([, member]) => hasMember(member, found))?.[0];
  // A name of the schema is one that may be told.
  const hint = home === undefined ? suggestion(found, known) : `; \`${found}\` belongs into \`${home}\``;
  return `no member but ${known.map((name) => `\`${name}\``).join(', ')}${hint}`;
}

function hasMember(schema: Json, name: string): boolean {
  return isObject(schema) && isObject(schema['properties']) && Object.hasOwn(schema['properties'], name);
}

function values(list: unknown): string {
  const all = Array.isArray(list) ? list : [];
  const shown = all.slice(0, MAX_VALUES_SHOWN).map((value) => JSON.stringify(value));
  return shown.join(', ') + (all.length > shown.length ? ', …' : '');
}

function pointerPath(pointer: string): Path {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^(?:0|[1-9][0-9]*)$/.test(step) ? Number(step) : step));
}
