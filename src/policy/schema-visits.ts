import type { Json, JsonObject } from '../model/index.ts';
import { type Part, partsOf } from './keywords.ts';
import { isObject } from './paths.ts';
import type { Resolve } from './pointers.ts';
import { referredBy } from './schema-size.ts';
import { anyMembersOf, elementsOf, memberOf, membersOf, type Targets } from './targets.ts';

/** A schema beside what the tools accept at a place that it looks at. */
export interface Visit {
  readonly schema: JsonObject;
  readonly targets: Targets;
  /** Whether it is the first one of this schema. */
  readonly isFirst: boolean;
}

/** Which names a pattern means; null where it is none. */
export type NamesMatching = (pattern: string) => ((name: string) => boolean) | null;

/**
 * Every schema in a schema, once for each place that it looks at, also when a reference leads there.
 *
 * @param matching asked for the patterns of a schema after its first visit.
 */
export function* visitsOf(
  root: JsonObject,
  targets: Targets,
  { resolve, matching }: { readonly resolve: Resolve; readonly matching: NamesMatching },
): Generator<Visit, void> {
  const waiting: Visit[] = [];
  const visited = new Map<JsonObject, Set<string>>();
  const keyOf = placeKeys();
  const enter = (schema: Json, at: Targets) => {
    if (!isObject(schema)) return;
    const places = visited.get(schema) ?? new Set();
    const place = keyOf(at);
    if (places.has(place)) return;
    waiting.push({ schema, targets: at, isFirst: places.size === 0 });
    visited.set(schema, places.add(place));
  };
  enter(root, targets);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    for (const part of partsOf(next.schema)) enter(part.schema, lookedAt(part, next.targets, matching));
    for (const [, referred] of referredBy(next.schema, resolve)) enter(referred, next.targets);
  }
}

/** Keys of places: the same for the same targets, in any order. */
function placeKeys(): (targets: Targets) => string {
  const ids = new Map<JsonObject, number>();
  return (targets) => {
    if (targets === null) return 'anything';
    const known = targets.map((target) => {
      const id = ids.get(target) ?? ids.size;
      ids.set(target, id);
      return id;
    });
    return [...new Set(known)].toSorted((a, b) => a - b).join();
  };
}

function lookedAt({ looks, key }: Part, targets: Targets, matching: NamesMatching): Targets {
  switch (looks) {
    case 'here':
      return targets;
    case 'elements':
      return elementsOf(targets);
    case 'members':
      return anyMembersOf(targets);
    case 'named':
      return memberOf(targets, String(key));
    case 'matching': {
      const fits = matching(String(key));
      return fits === null ? null : membersOf(targets, fits);
    }
    case 'elsewhere':
      return null;
  }
}
