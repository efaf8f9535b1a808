import type { Json, JsonObject } from '../model/index.ts';
import { isList, isObject } from './paths.ts';

const BOUNDS = [
  ['minimum', 'maximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['minProperties', 'maxProperties'],
] as const;

/** The keyword that leaves nothing of what it is about, as far as one schema by itself shows that; null where none does. */
export function impossibleKeyword(schema: JsonObject): string | null {
  for (const [low, high] of BOUNDS) {
    const [least, most] = [schema[low], schema[high]];
    if (typeof least === 'number' && typeof most === 'number' && least > most) return low;
  }
  const { enum: words, const: word } = schema;
  if (
    isList(words) &&
    word !== undefined &&
    !words.some((each) => JSON.stringify(each) === JSON.stringify(word))
  )
    return 'const';
  const { required, properties } = schema;
  const isRefused = (name: Json) =>
    typeof name === 'string' && isObject(properties) && properties[name] === false;
  return isList(required) && required.some(isRefused) ? 'required' : null;
}
