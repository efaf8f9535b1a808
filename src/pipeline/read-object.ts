import type { JsonObject } from '../model/index.ts';
import { isObject } from '../policy/paths.ts';
import { parseJson } from './parse-json.ts';

/** JSON text -> an object; null for anything else, and for text in which two readers could see different things. */
export function readObject(text: string): JsonObject | null {
  const parsed = parseJson(text);
  return parsed.ok && parsed.faults.length === 0 && isObject(parsed.value) ? parsed.value : null;
}
