import type { Json, JsonObject, Position } from '../model/index.ts';
import { partsOf } from './keywords.ts';
import type { Report } from './located.ts';
import { isObject } from './paths.ts';
import type { Resolve } from './pointers.ts';

/** In all `arguments` of a file: what reads and compiles them takes a millisecond for one. */
export const MAX_SCHEMAS = 2000;
/** Behind one `$ref` stands the next: so many may follow each other. */
const MAX_REFERRED = 100;
/** What compiles schemas recurses, once for each level and, through a `$ref`, for the levels behind it. */
const MAX_LEVELS = 300;

/** The schemas that a schema refers to. */
export function referredBy(schema: JsonObject, resolve: Resolve): readonly (readonly [string, JsonObject])[] {
  return ['$ref', '$dynamicRef'].flatMap((keyword) => {
    const ref = schema[keyword];
    const referred = typeof ref === 'string' && ref.startsWith('#') ? resolve(ref) : undefined;
    return isObject(referred) ? [[keyword, referred] as const] : [];
  });
}

/** One schema with all that stand in it or are referred to; null, with an error, where they are too many. */
export function gatherSchemas(
  root: JsonObject,
  { resolve, most }: { readonly resolve: Resolve; readonly most: number },
  { report, at }: { readonly report: Report; readonly at: Position },
): { readonly schemas: ReadonlySet<JsonObject>; readonly size: number } | null {
  const schemas = new Set([root]);
  const referred = new Set<JsonObject>();
  let size = 1;
  for (const schema of schemas) {
    const parts = partsOf(schema).map((part) => part.schema);
    const refs = referredBy(schema, resolve);
    size += parts.length + dependenciesIn(schema);
    if (size > most) {
      report.error(at, 'too_large', `expected at most ${MAX_SCHEMAS} schemas in all \`arguments\` of a file`);
      return null;
    }
    for (const [keyword, each] of refs) {
      referred.add(each);
      if (referred.size > MAX_REFERRED) {
        const place = report.placeOf(schema, keyword);
        report.error(place, 'too_large', `expected \`$ref\`s to at most ${MAX_REFERRED} schemas`);
        return null;
      }
    }
    for (const each of [...parts, ...refs.map(([, target]) => target)]) if (isObject(each)) schemas.add(each);
  }
  const levels = [root, ...referred].reduce((sum, each) => sum + levelsOf(each), 0);
  if (levels <= MAX_LEVELS) return { schemas, size };
  const expected = `expected at most ${MAX_LEVELS} levels of schemas, those behind \`$ref\`s included`;
  report.error(at, 'too_deep', expected);
  return null;
}

/** How deep schemas stand in each other, but for definitions, which count where they are referred to. */
function levelsOf(schema: Json): number {
  if (!isObject(schema)) return 0;
  let deepest = 0;
  for (const part of partsOf(schema)) {
    if (part.keyword !== '$defs') deepest = Math.max(deepest, levelsOf(part.schema));
  }
  return deepest + 1;
}

/** Each of them costs as much as a schema. */
function dependenciesIn({ dependentRequired }: JsonObject): number {
  return isObject(dependentRequired) ? Object.keys(dependentRequired).length : 0;
}

const ENDLESS =
  'expected a schema to refer to itself only below `properties`, `items` or the like; this never ends';
const TOO_MANY = `expected one value to be judged by at most ${MAX_SCHEMAS} schemas`;

/** Reports schemas by which one value is judged without end, or by too many to be judged at all. */
export function checkEnds(schemas: ReadonlySet<JsonObject>, resolve: Resolve, report: Report): void {
  const counts = new Map<JsonObject, number | 'being counted'>();
  /** How many schemas judge a value that this one judges; -Infinity where there are too many, told once. */
  const count = (schema: JsonObject): number => {
    counts.set(schema, 'being counted');
    let judging = 1;
    for (const [keyword, next] of judgesOf(schema, resolve)) {
      const known = counts.get(next) ?? count(next);
      if (known === 'being counted') report.error(report.placeOf(schema, keyword), 'bad_schema', ENDLESS);
      else judging += known;
      if (judging <= MAX_SCHEMAS) continue;
      report.error(report.placeOf(schema, keyword), 'bad_schema', TOO_MANY);
      judging = Number.NEGATIVE_INFINITY;
      break;
    }
    counts.set(schema, judging);
    return judging;
  };
  for (const schema of schemas) if (!counts.has(schema)) count(schema);
}

/** The schemas that judge the same value as the one in which they stand. */
function judgesOf(schema: JsonObject, resolve: Resolve): readonly (readonly [string, JsonObject])[] {
  const here = partsOf(schema).flatMap((part): readonly (readonly [string, Json])[] =>
    part.looks === 'here' ? [[part.keyword, part.schema]] : [],
  );
  return [...here, ...referredBy(schema, resolve)].filter((each): each is readonly [string, JsonObject] =>
    isObject(each[1]),
  );
}
