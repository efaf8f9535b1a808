import type { Json, JsonObject, Position } from '../model/index.ts';
import type { Report } from './located.ts';
import { isList, isObject } from './paths.ts';

/** What a `$ref` within the document means: a JSON pointer, or an anchor; undefined where nothing stands there. */
export function resolve(root: JsonObject, ref: string): Json | undefined {
  if (/^#[^/]/.test(ref)) return anchored(root, ref.slice(1));
  let value: Json | undefined = root;
  for (const name of namesOf(ref.slice(1))) value = isWithin(value, name) ? value[name] : undefined;
  return value;
}

function isWithin(value: Json | undefined, name: string): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

/** The steps of a JSON pointer, also of one in a URI fragment. */
function namesOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => decoded(step).replaceAll('~1', '/').replaceAll('~0', '~'));
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** The schema that an anchor names; undefined where there is none. */
function anchored(value: Json, anchor: string): Json | undefined {
  if (isObject(value) && (value['$anchor'] === anchor || value['$dynamicAnchor'] === anchor)) return value;
  if (!isObject(value) && !isList(value)) return undefined;
  for (const member of Object.values(value)) {
    const found = anchored(member, anchor);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the value at a JSON pointer stands in the file; null for the whole schema. */
export function placeOfPointer(root: JsonObject, pointer: string, report: Report): Position | null {
  let value: Json | undefined = root;
  let place: Position | null = null;
  for (const name of namesOf(pointer)) {
    if (isList(value)) {
      place = report.placeOf(value, Number(name));
      value = value[Number(name)];
    } else if (isObject(value)) {
      place = report.placeOf(value, name);
      value = value[name];
    }
  }
  return place;
}
