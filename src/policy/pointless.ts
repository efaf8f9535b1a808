import type { Condition, Json, JsonObject, Operator, Tool } from '../model/index.ts';
import { LIST, NUMBER, TEXT, typeName, typeOf, whyNever, wordsOf } from './impossible-value.ts';
import { clip } from './located.ts';
import { judges } from './operators.ts';
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
  const { path, op, value } = condition;
  if (schemas.length === 0 || op === 'exists') return null;
  const types = [...new Set(schemas.map(({ type }) => typeName(type)))];
  if (types.every((type) => type !== null && !SEES[op](type, value))) {
    const hint = types.every((type) => type === LIST) ? (OF_LISTS[op] ?? '') : '';
    const message = `\`${clip(path)}\` is ${types.join(' or ')}, so \`${op}\` with this value is always unknown${hint}`;
    return { code: 'never_known', message };
  }
  if (schemas.some(isId) && isNeverInId(op, value)) {
    return {
      code: 'never_equal',
      message: 'ids are compared in lower case; this value is never a part of one',
    };
  }
  return neverEqual(condition, schemas, tools) ?? neverMet(condition, schemas);
}

/** Whether what stands there is an id, which is in lower case in normal form. */
export function isId({ format }: JsonObject): boolean {
  return format === 'uuid';
}

/** Whether only numbers stand there, as far as that is known. */
export function isOfNumbers(schemas: readonly JsonObject[]): boolean {
  return schemas.length > 0 && schemas.every(({ type }) => typeName(type) === NUMBER);
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

function isNeverInId(op: Operator, value: Json): boolean {
  if (op === 'regex') return needsCapital(String(value));
  return PARTS.has(op) && /[A-F]/.test(String(value));
}

const DIGITS = String.raw`(?:[0-9A-Fa-f-]|\.\*?)+`;
const OF_DIGITS = new RegExp(String.raw`^\^?\(?${DIGITS}(?:\|${DIGITS})*\)?\$?$`);

/** Whether a pattern plainly matches only what has a digit of an id in upper case. Of other patterns it is not told. */
export function needsCapital(pattern: string): boolean {
  return OF_DIGITS.test(pattern) && pattern.split('|').every((each) => /[A-F]/.test(each));
}

/** A value that is compared as a whole, or as an element of a list, and can be none. */
function neverEqual(
  { path, op, value }: Single,
  schemas: readonly JsonObject[],
  tools: readonly Tool[],
): Pointless | null {
  const isOfList = ELEMENTS.has(op);
  if (!isOfList && !EQUALITIES.has(op)) return null;
  const places = isOfList ? schemas.map(elementOf) : schemas;
  const isMany = isList(value) && (op === 'in' || op === 'not_in' || op === 'subset_of');
  for (const each of isMany ? value : [value]) {
    const why = whyNever(each, places);
    if (why === null) continue;
    const tool = path === 'call.tool' && tools.find(({ operationId }) => operationId === each);
    const words = tool ? `is never \`${tool.operationId}\`; it is the MCP name, \`${tool.name}\`` : why;
    const what = isOfList ? `an element of \`${clip(path)}\`` : `\`${clip(path)}\``;
    const hint =
      isOfList && isList(each) ? `; \`${op}\` takes one element, and \`any\` or \`all\` several` : '';
    return { code: 'never_equal', message: `${what} ${words}${hint}` };
  }
  return null;
}

const EQUALITIES: ReadonlySet<Operator> = new Set(['eq', 'neq', 'in', 'not_in']);
const ELEMENTS: ReadonlySet<Operator> = new Set(['contains', 'not_contains', 'subset_of']);

/** What an element is; anything, where what stands there may also be a text. */
function elementOf({ type, items }: JsonObject): JsonObject {
  return type === 'array' && isObject(items) ? items : {};
}

/** A part or a pattern of one of a few words, which none of them has. */
function neverMet({ path, op, value }: Single, schemas: readonly JsonObject[]): Pointless | null {
  const words = wordsOf(schemas);
  if (words.length === 0 || (op !== 'regex' && !PARTS.has(op))) return null;
  const judge = judges[op === 'not_contains' ? 'contains' : op](value);
  if (words.some((word) => judge(word) === 'yes')) return null;
  const [first = ''] = words;
  const some =
    path === 'call.tool'
      ? `the MCP name, such as \`${first}\``
      : `one of ${words.map((each) => `\`${each}\``).join(', ')}`;
  const part = op === 'regex' ? 'matches' : 'has';
  return {
    code: 'never_equal',
    message: `\`${path}\` is ${some}, and never ${part} \`${clip(String(value))}\``,
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

function isNumber(type: string): boolean {
  return type === NUMBER;
}

function isText(type: string): boolean {
  return type === TEXT;
}
