import type { Json, JsonObject, Position } from '../model/index.ts';
import type { Report } from './located.ts';
import { isList, isObject } from './paths.ts';

/** What a `$ref` within a document means; undefined where nothing stands there. */
export type Resolve = (ref: string) => Json | undefined;

/** Reads JSON pointers and anchors within one document, whose anchors are looked for once. */
export function resolver(root: JsonObject): Resolve {
  const anchors = new Map<string, JsonObject>();
  noteAnchors(root, anchors);
  return (ref) => (/^#[^/]/.test(ref) ? anchors.get(ref.slice(1)) : valueAtPointer(root, ref.slice(1)));
}

function valueAtPointer(root: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = root;
  for (const name of namesOf(pointer)) value = isWithin(value, name) ? value[name] : undefined;
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

/** The first schema with an anchor has it. */
function noteAnchors(value: Json, anchors: Map<string, JsonObject>): void {
  if (!isObject(value) && !isList(value)) return;
  if (isObject(value)) {
    for (const anchor of [value['$anchor'], value['$dynamicAnchor']]) {
      if (typeof anchor === 'string' && !anchors.has(anchor)) anchors.set(anchor, value);
    }
  }
  for (const member of Object.values(value)) noteAnchors(member, anchors);
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
