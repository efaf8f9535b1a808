import type { Json, JsonObject } from '../model/index.ts';
import { clip, suggestion } from './located.ts';
import { isList, isObject } from './paths.ts';
import { isUuid } from './uuid.ts';

export const TEXT = 'a text';
export const LIST = 'a list';
export const NUMBER = 'a number';
const NAMES: Readonly<Record<string, string>> = {
  string: TEXT,
  array: LIST,
  number: NUMBER,
  integer: NUMBER,
  boolean: 'true or false',
  object: 'an object',
};
const MAX_WORDS_TOLD = 8;

/** What stands where a schema has this `type`, in words; null where that is not told. */
export function typeName(type: Json | undefined): string | null {
  return (typeof type === 'string' ? NAMES[type] : undefined) ?? null;
}

/** What a value is, in the same words. */
export function typeOf(value: Json): string | null {
  if (isList(value)) return LIST;
  return typeName(isObject(value) ? 'object' : typeof value);
}

/**
 * Why a value is never what stands at a place, in words that follow what stands there; null where it can be.
 *
 * @param schemas what may stand there, a schema for each tool that has the place.
 */
export function whyNever(value: Json, schemas: readonly JsonObject[]): string | null {
  if (schemas.length === 0) return null;
  const whys = schemas.map((schema) => whyNot(value, schema));
  return whys.includes(null) ? null : (whys[0]?.(schemas) ?? null);
}

type Why = (schemas: readonly JsonObject[]) => string;

function whyNot(value: Json, schema: JsonObject): Why | null {
  const type = typeName(schema['type']);
  const found = `\`${clip(typeof value === 'string' ? value : JSON.stringify(value))}\``;
  if (type === null) return null;
  if (type !== typeOf(value))
    return () => `is ${type}, never ${KINDS[typeof value] ?? ''}${found}${quotes(type, value)}`;
  if (typeof value === 'string') return whyNoText(value, schema, found);
  return typeof value === 'number' ? whyNoNumber(value, schema, found) : null;
}

/** What stands before a value, for which it could be taken. */
const KINDS: Readonly<Record<string, string>> = { string: 'the text ', number: 'the number ' };

function quotes(type: string, value: Json): string {
  return type === TEXT && typeof value !== 'object' ? '; put it in quotes' : '';
}

function whyNoText(value: string, { format, enum: words }: JsonObject, found: string): Why | null {
  if (isList(words) && !words.includes(value)) {
    return (schemas) => {
      const all = wordsOf(schemas);
      const some =
        all.length > MAX_WORDS_TOLD ? '' : `, one of ${all.map((each) => `\`${each}\``).join(', ')}`;
      return `is never ${found}${some}${suggestion(value, all)}`;
    };
  }
  if (format === 'uuid' && !isUuid(value)) {
    return () =>
      `is an id, and ${found} is none; expected one such as \`3c219e58-ed0e-4b18-ad48-f4f92793ae32\``;
  }
  return null;
}

/** The words that stand at a place, where all of its schemas have a list of them; else none. */
export function wordsOf(schemas: readonly JsonObject[]): readonly string[] {
  const lists = schemas.map(({ enum: words }) => words);
  return lists.every(isList) ? lists.flatMap((words) => words.map(String)) : [];
}

function whyNoNumber(value: number, { type, minimum, maximum }: JsonObject, found: string): Why | null {
  const isBelow = typeof minimum === 'number' && value < minimum;
  const isAbove = typeof maximum === 'number' && value > maximum;
  if (isBelow) return () => `is never ${found}: it is at least ${minimum}`;
  if (isAbove) return () => `is never ${found}: it is at most ${maximum}`;
  return type === 'integer' && !Number.isInteger(value)
    ? () => `is never ${found}: it is a whole number`
    : null;
}
