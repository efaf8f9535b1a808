import type { Json, JsonObject, Path } from '../model/index.ts';
import { isObject } from './paths.ts';

/** Keywords that say nothing of a value. */
const WORDS = new Set(['title', 'description', '$comment', 'default', 'examples', 'deprecated', '$schema']);
/** Keywords of an object that do not look into its members, or only into those that they name. */
const OF_OBJECTS = new Set([
  ...WORDS,
  'type',
  'properties',
  'required',
  'additionalProperties',
  'minProperties',
  'maxProperties',
  'dependentRequired',
]);

/**
 * Whether what a schema says of arguments can depend on what stands at some of these places. A schema that leads there
 * by anything but the names of members is taken to depend on it.
 */
export function isAboutPlace(schema: Json | null | undefined, places: readonly Path[]): boolean {
  return isObject(schema) && places.some((place) => isAbout(schema, place));
}

function isAbout(schema: JsonObject, [name, ...rest]: Path): boolean {
  const keywords = Object.keys(schema);
  if (name === undefined) return keywords.some((keyword) => !WORDS.has(keyword));
  if (typeof name === 'number' || keywords.some((keyword) => !OF_OBJECTS.has(keyword))) {
    return keywords.some((keyword) => !WORDS.has(keyword) && keyword !== 'type');
  }
  const { properties, additionalProperties = true } = schema;
  const isNamed = isObject(properties) && Object.hasOwn(properties, name);
  const member = isNamed ? properties[name] : additionalProperties;
  // What is forbidden whatever it is does not depend on what it is.
  return isObject(member) && isAbout(member, rest);
}
