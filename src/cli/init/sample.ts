import type { Json, JsonObject, Operation } from '../../model/index.ts';
import { isList, isObject } from '../../policy/paths.ts';

const ID = '00000000-0000-4000-8000-000000000001';

/** Arguments that a tool and further bounds on them accept: what is required, and no more. */
export function sampleArgs({ schema, selectors }: Operation, bounds: JsonObject | null): JsonObject {
  const args = sampleObject(schema, bounds ?? {});
  const [first] = selectors.filter(
    (name) => bounds === null || Object.hasOwn(propertiesOf(bounds), name) || !isObject(bounds['properties']),
  );
  const isChosen = selectors.length === 0 || selectors.some((name) => Object.hasOwn(args, name));
  return isChosen || first === undefined
    ? args
    : { ...args, [first]: sampleValue(propertiesOf(schema)[first], propertiesOf(bounds ?? {})[first]) };
}

function sampleObject(schema: JsonObject, bounds: JsonObject): JsonObject {
  const names = new Set([...namesIn(schema['required']), ...namesIn(bounds['required'])]);
  const members = [...names].map((name) => [
    name,
    sampleValue(propertiesOf(schema)[name], propertiesOf(bounds)[name]),
  ]);
  return Object.fromEntries(members);
}

function sampleValue(own: Json | undefined, further: Json | undefined): Json {
  const [schema, bounds] = [isObject(own) ? own : {}, isObject(further) ? further : {}];
  if (bounds['const'] !== undefined) return bounds['const'];
  if (isList(bounds['enum'])) return bounds['enum'][0] ?? null;
  switch (schema['type'] ?? bounds['type']) {
    case 'object':
      return sampleObject(schema, bounds);
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return bounds['minimum'] ?? bounds['maximum'] ?? schema['minimum'] ?? 1;
    case 'boolean':
      return true;
    default:
      return schema['format'] === 'uuid' ? ID : 'x';
  }
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}

function namesIn(required: Json | undefined): readonly string[] {
  return isList(required) ? required.map(String) : [];
}

/** Arguments with others put into them, member by member. */
export function withArgs(args: JsonObject, others: JsonObject): JsonObject {
  const merged: Record<string, Json> = { ...args };
  for (const [name, value] of Object.entries(others)) {
    const before = merged[name];
    merged[name] = isObject(before) && isObject(value) ? withArgs(before, value) : value;
  }
  return merged;
}
