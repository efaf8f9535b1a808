import type { Condition, Json, JsonObject, Operator, Tool } from '../model/index.ts';
import { clip, suggestion } from './located.ts';
import { isList, isObject } from './paths.ts';

type Single = Extract<Condition, { path: string }>;

/** Why a comparison can never come out as its author must have meant. */
export interface Pointless {
  readonly code: 'never_equal' | 'never_known';
  readonly message: string;
}

/**
 * What is wrong with the value of a condition whose form is right; null where nothing is.
 *
 * @param schemas what may stand at the condition's path, a schema for each tool that has it.
 * @param tools for the names that `call.tool` has.
 */
export function pointlessValue(
  condition: Single,
  schemas: readonly JsonObject[],
  tools: readonly Tool[],
): Pointless | null {
  if (schemas.length === 0 || condition.op === 'exists') return null;
  const types = [...new Set(schemas.map(({ type }) => typeName(type)))];
  if (types.every((type) => type !== null && !SEES[condition.op](type, condition.value))) {
    const hint = types.every((type) => type === LIST) ? (OF_LISTS[condition.op] ?? '') : '';
    const message = `\`${clip(condition.path)}\` is ${types.join(' or ')}, so \`${condition.op}\` with this value is always unknown${hint}`;
    return { code: 'never_known', message };
  }
  const isId = schemas.some((schema) => schema['format'] === 'uuid');
  if (isId && PARTS.has(condition.op) && /[A-F]/.test(String(condition.value))) {
    return {
      code: 'never_equal',
      message: 'ids are compared in lower case; this value is never a part of one',
    };
  }
  if (condition.op === 'contains' || condition.op === 'not_contains') return neverElement(condition, schemas);
  if (!EQUALITIES.has(condition.op)) return null;
  const values = isList(condition.value) ? condition.value : [condition.value];
  return neverEqual(condition, schemas, values, tools);
}

/** What asks of a list what these ask of a single value. */
const OF_LISTS: Partial<Readonly<Record<Operator, string>>> = {
  eq: '; `contains` asks for an element',
  neq: '; `not_contains` asks that an element is missing',
  in: '; `contains` asks for one element, an `any` group for one of several, `subset_of` that it has no others',
  not_in: '; `not_contains` asks that an element is missing',
  regex: '; `contains` asks for an element',
};
const PARTS: ReadonlySet<Operator> = new Set(['contains', 'not_contains', 'starts_with', 'ends_with']);
const EQUALITIES: ReadonlySet<Operator> = new Set(['eq', 'neq', 'in', 'not_in']);

/** A list of roles as one element of the list: it reads like one of several, and a deny that asks it denies nobody. */
function neverElement({ path, op, value }: Single, schemas: readonly JsonObject[]): Pointless | null {
  const elements = schemas.map(({ items }) => (isObject(items) ? typeName(items['type']) : null));
  if (!elements.every((type) => type === TEXT) || typeName(typeof value) === TEXT) return null;
  const hint = isList(value)
    ? `; \`${op}\` takes one element, and several of them stand in an \`any\` or \`all\` group`
    : '';
  return {
    code: 'never_equal',
    message: `the elements of \`${clip(path)}\` are texts, so none ever equals this value${hint}`,
  };
}

function neverEqual(
  { path }: Single,
  schemas: readonly JsonObject[],
  values: readonly Json[],
  tools: readonly Tool[],
): Pointless | null {
  if (!schemas.every((schema) => isList(schema['enum']))) return null;
  const allowed = schemas.flatMap((schema) => (isList(schema['enum']) ? schema['enum'].map(String) : []));
  const wrong = values.find((value) => typeof value === 'string' && !allowed.includes(value));
  if (typeof wrong !== 'string') return null;
  const tool = tools.find(({ operationId }) => operationId === wrong);
  const hint = tool === undefined ? suggestion(wrong, allowed) : `; it is the MCP name, \`${tool.name}\``;
  const some = allowed.length > 8 ? '' : `, one of ${allowed.map((each) => `\`${each}\``).join(', ')}`;
  return {
    code: 'never_equal',
    message: `\`${path}\` is never \`${clip(wrong)}\`${tool === undefined ? some : ''}${hint}`,
  };
}

/** Whether an operator with this value can tell anything of a value of this type. */
const SEES: Readonly<Record<Operator, (type: string, value: Json) => boolean>> = {
  eq: (type, value) => type === typeOf(value),
  neq: (type, value) => type === typeOf(value),
  in: (type, value) => isList(value) && value.some((each) => type === typeOf(each)),
  not_in: (type, value) => isList(value) && value.some((each) => type === typeOf(each)),
  lt: isNumber,
  lte: isNumber,
  gt: isNumber,
  gte: isNumber,
  regex: isText,
  starts_with: isText,
  ends_with: isText,
  contains: (type, value) => type === LIST || (type === TEXT && typeof value === 'string'),
  not_contains: (type, value) => type === LIST || (type === TEXT && typeof value === 'string'),
  subset_of: (type) => type === LIST,
  exists: () => true,
};

const TEXT = 'a text';
const LIST = 'a list';
const NUMBER = 'a number';
const NAMES: Readonly<Record<string, string>> = {
  string: TEXT,
  array: LIST,
  number: NUMBER,
  integer: NUMBER,
  boolean: 'true or false',
  object: 'an object',
};

function isNumber(type: string): boolean {
  return type === NUMBER;
}

function isText(type: string): boolean {
  return type === TEXT;
}

function typeName(type: Json | undefined): string | null {
  return (typeof type === 'string' ? NAMES[type] : undefined) ?? null;
}

function typeOf(value: Json): string | null {
  if (isList(value)) return LIST;
  return typeName(isObject(value) ? 'object' : typeof value);
}
