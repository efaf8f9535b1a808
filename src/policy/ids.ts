import { RE2JS } from 're2js';
import type { Condition, Json, JsonObject, Operator, Tool } from '../model/index.ts';
import { isList, isObject } from './paths.ts';
import { resolver } from './pointers.ts';
import { visitsOf } from './schema-visits.ts';
import { elementsOf, memberOf } from './targets.ts';
import { isUuid } from './uuid.ts';
import { schemasAt } from './vocabulary.ts';

const EQUALITIES: ReadonlySet<Operator> = new Set(['eq', 'neq', 'in', 'not_in']);

/** A condition whose ids are spelt as calls have them in normal form: in lower case, where a tool has an id. */
export function withLowerIds(condition: Condition, tools: readonly Tool[]): Condition {
  if ('any' in condition) return { any: condition.any.map((each) => withLowerIds(each, tools)) };
  if ('all' in condition) return { all: condition.all.map((each) => withLowerIds(each, tools)) };
  if ('not' in condition) return { not: withLowerIds(condition.not, tools) };
  const { path, op, value } = condition;
  if (!EQUALITIES.has(op)) return condition;
  const targets = schemasAt(path, tools);
  const isOfMany = (op === 'in' || op === 'not_in') && isList(value);
  return {
    ...condition,
    value: isOfMany ? value.map((each) => lower(each, targets)) : lower(value, targets),
  };
}

/** The same for the `const` and `enum` of a checked schema of arguments, wherever they look at an id of a tool. */
export function schemaWithLowerIds(schema: JsonObject, targets: readonly JsonObject[]): Json {
  const places = new Map<Json, JsonObject[]>();
  for (const visit of visitsOf(schema, targets, { resolve: resolver(schema), matching })) {
    const at = places.get(visit.schema) ?? [];
    at.push(...(visit.targets ?? [{}]));
    places.set(visit.schema, at);
  }
  return respelt(schema, places);
}

function matching(pattern: string): (name: string) => boolean {
  const compiled = RE2JS.compile(pattern);
  return (name) => compiled.matcher(name).find();
}

/** @param places what the tools say of the places that each schema looks at. */
function respelt(value: Json, places: ReadonlyMap<Json, readonly JsonObject[]>): Json {
  if (isList(value)) return value.map((each) => respelt(each, places));
  if (!isObject(value)) return value;
  const at = places.get(value) ?? [];
  const changed: Record<string, Json> = {};
  for (const [keyword, each] of Object.entries(value)) changed[keyword] = respelt(each, places);
  if (at.length === 0) return changed;
  const { const: only, enum: some } = value;
  if (isList(some)) changed['enum'] = some.flatMap((each) => spellings(each, at));
  if (only === undefined) return changed;
  const [spelt, ...others] = spellings(only, at);
  if (spelt !== undefined && others.length === 0) return { ...changed, const: spelt };
  const { const: _, ...rest } = changed;
  const all = isList(rest['allOf']) ? rest['allOf'] : [];
  return { ...rest, allOf: [...all, { enum: [...spellings(only, at)] }] };
}

/** A value as it stands in calls: several, where one place has ids and another one other texts. */
function spellings(value: Json, places: readonly JsonObject[]): readonly Json[] {
  const spelt = places.map((target) => lower(value, [target]));
  return [...new Map(spelt.map((each) => [JSON.stringify(each), each])).values()];
}

function lower(value: Json, targets: readonly JsonObject[]): Json {
  if (isList(value)) return value.map((each) => lower(each, elementsOf(targets) ?? []));
  if (isObject(value)) {
    const members = Object.entries(value).map(([name, each]) => [
      name,
      lower(each, memberOf(targets, name) ?? []),
    ]);
    return Object.fromEntries(members);
  }
  const isId = targets.some(({ format }) => format === 'uuid');
  return isId && typeof value === 'string' && isUuid(value) ? value.toLowerCase() : value;
}
