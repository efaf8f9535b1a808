import type { Condition, Json, JsonObject, Operator, Tool } from '../model/index.ts';
import { isList, isObject } from './paths.ts';
import { schemasAt } from './vocabulary.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const EQUALITIES: ReadonlySet<Operator> = new Set(['eq', 'neq', 'in', 'not_in']);

/** A condition whose ids are spelt as calls have them in normal form: in lower case, where a tool has an id. */
export function withLowerIds(condition: Condition, tools: readonly Tool[]): Condition {
  if ('any' in condition) return { any: condition.any.map((each) => withLowerIds(each, tools)) };
  if ('all' in condition) return { all: condition.all.map((each) => withLowerIds(each, tools)) };
  if ('not' in condition) return { not: withLowerIds(condition.not, tools) };
  const isId = schemasAt(condition.path, tools).some(({ format }) => format === 'uuid');
  return isId && EQUALITIES.has(condition.op) ? { ...condition, value: lower(condition.value) } : condition;
}

/** The same for the `const` and `enum` of a schema of arguments, at the places where a tool has an id. */
export function schemaWithLowerIds(schema: Json, targets: readonly JsonObject[]): Json {
  if (!isObject(schema)) return schema;
  const isId = targets.some(({ format }) => format === 'uuid');
  const changed: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (isId && (keyword === 'const' || keyword === 'enum')) changed[keyword] = lower(value);
    else changed[keyword] = inside(keyword, value, targets);
  }
  return changed;
}

/** Keywords whose schemas speak of the same place as the schema that they stand in. */
const HERE = new Set(['not', 'if', 'then', 'else', 'allOf', 'anyOf', 'oneOf']);

function inside(keyword: string, value: Json, targets: readonly JsonObject[]): Json {
  if (HERE.has(keyword)) {
    return isList(value)
      ? value.map((each) => schemaWithLowerIds(each, targets))
      : schemaWithLowerIds(value, targets);
  }
  if (keyword === 'items')
    return schemaWithLowerIds(
      value,
      targets.flatMap(({ items }) => (isObject(items) ? [items] : [])),
    );
  if (keyword !== 'properties' || !isObject(value)) return value;
  const members: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    members[name] = schemaWithLowerIds(
      member,
      targets.flatMap((target) => memberOf(target, name)),
    );
  }
  return members;
}

function memberOf({ properties }: JsonObject, name: string): readonly JsonObject[] {
  const member = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isObject(member) ? [member] : [];
}

function lower(value: Json): Json {
  if (isList(value)) return value.map(lower);
  return typeof value === 'string' && UUID.test(value) ? value.toLowerCase() : value;
}
