import type { Json, JsonObject } from '../model/index.ts';
import type { JsonType } from './keywords.ts';
import { isList, isObject } from './paths.ts';

/** What the schemas of the tools say of one place of the arguments; null where anything may stand. */
export type Targets = readonly JsonObject[] | null;

/** What the tools accept under a name; empty where none accepts it, null where one accepts anything. */
export function memberOf(targets: Targets, name: string): Targets {
  return gather(targets, (target) => {
    const properties = propertiesOf(target);
    return [Object.hasOwn(properties, name) ? properties[name] : othersOf(target)];
  });
}

/** The same under all names that fit. */
export function membersOf(targets: Targets, fits: (name: string) => boolean): Targets {
  return gather(targets, (target) => {
    const named = Object.entries(propertiesOf(target)).filter(([name]) => fits(name));
    return [...named.map(([, member]) => member), othersOf(target)];
  });
}

/** The members of the objects that the tools accept, whatever their names; null where nothing is known of them. */
export function anyMembersOf(targets: Targets): Targets {
  const members = membersOf(targets, () => true);
  return members?.length === 0 ? null : members;
}

/** The elements of the lists that the tools accept; null where nothing is known of them. */
export function elementsOf(targets: Targets): Targets {
  const elements: JsonObject[] = [];
  for (const target of targets ?? []) {
    if (!mayBe(target, 'array')) continue;
    if (!isObject(target['items']) || target['prefixItems'] !== undefined) return null;
    elements.push(target['items']);
  }
  return elements.length === 0 ? null : elements;
}

/** The names that the tools have for members here. */
export function namesOf(targets: Targets): readonly string[] {
  return [...new Set((targets ?? []).flatMap((target) => Object.keys(propertiesOf(target))))];
}

/** The types of what the tools accept here; null where one of them does not tell. */
export function typesOf(targets: Targets): readonly string[] | null {
  const types = (targets ?? []).map(typesOfOne);
  return types.length === 0 || types.includes(null)
    ? null
    : [...new Set(types.flatMap((each) => each ?? []))];
}

function gather(targets: Targets, membersIn: (target: JsonObject) => readonly (Json | undefined)[]): Targets {
  if (targets === null) return null;
  const members = targets.flatMap(membersIn);
  return members.includes(true) ? null : members.filter(isObject);
}

/** What stands under names that a tool does not mention. */
function othersOf(target: JsonObject): Json {
  return target['additionalProperties'] ?? mayBe(target, 'object');
}

function propertiesOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}

function mayBe(target: JsonObject, type: JsonType): boolean {
  return typesOfOne(target)?.includes(type) ?? true;
}

function typesOfOne({ type }: JsonObject): readonly string[] | null {
  const types = isList(type) ? type : [type];
  return types.every((each) => typeof each === 'string') ? types.map(numeric) : null;
}

function numeric(type: string): string {
  return type === 'integer' ? 'number' : type;
}
