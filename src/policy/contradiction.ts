import type { Condition, Json, JsonObject, Path } from '../model/index.ts';
import { prepareCondition, type Roots } from './conditions.ts';
import { isList, parsePath } from './paths.ts';

type Single = Extract<Condition, { path: string }>;
/** What may stand at a path, a schema for each tool that has it. */
export type SchemasAt = (path: string) => readonly JsonObject[];

/** Conditions of one list that no value meets together: the last of them, and what they say. */
export interface Contradiction {
  readonly at: Single;
  readonly message: string;
}

/** The paths of a list of conditions at which no value meets all of them. Groups are not looked into. */
export function contradictions(
  conditions: readonly Condition[],
  schemasAt: SchemasAt,
): readonly Contradiction[] {
  const paths = new Map<string, Single[]>();
  for (const condition of conditions) {
    if (!('path' in condition)) continue;
    const same = paths.get(condition.path);
    if (same === undefined) paths.set(condition.path, [condition]);
    else same.push(condition);
  }
  return [...paths].flatMap(([path, singles]) => {
    const last = singles.at(-1);
    if (last === undefined || canBeMet(path, singles, schemasAt(path))) return [];
    const all = singles.map(({ op }) => `\`${op}\``).join(' and ');
    const message =
      singles.length === 1
        ? `\`${path}\` never meets ${all} with this value`
        : `no value of \`${path}\` meets ${all} together`;
    return [{ at: last, message }];
  });
}

function canBeMet(path: string, singles: readonly Single[], schemas: readonly JsonObject[]): boolean {
  const absent = singles.some(({ op, value }) => op === 'exists' && value === false);
  if (absent) return singles.every(({ op, value }) => op === 'exists' && value === false);
  const candidates = candidatesOf(singles);
  if (candidates !== null) return candidates.some((value) => meetsAll(path, value, singles));
  return hasNumber(rangeOf(singles, schemas));
}

/** The only values that `eq` and `in` leave; null where they leave all. */
function candidatesOf(singles: readonly Single[]): readonly Json[] | null {
  const named = singles.find(({ op }) => op === 'eq' || op === 'in');
  if (named === undefined) return null;
  return named.op === 'in' && isList(named.value) ? named.value : [named.value];
}

/** Asks the conditions themselves. */
function meetsAll(path: string, value: Json, singles: readonly Single[]): boolean {
  const parsed = parsePath(path);
  if (parsed === null || parsed.path.some((step) => typeof step === 'number')) return true;
  const roots: unknown = { [parsed.root]: nested(parsed.path, value) };
  return singles.every((single) => prepareCondition(single).test(roots as Roots) === 'yes');
}

function nested(path: Path, value: Json): Json {
  return path.reduceRight<Json>((inner, step) => ({ [step]: inner }), value);
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly fromIncluded: boolean;
  readonly toIncluded: boolean;
  readonly whole: boolean;
}

/** Numbers that the conditions, and the schemas where all of them say so, leave; null where they are about none. */
function rangeOf(singles: readonly Single[], schemas: readonly JsonObject[]): Range | null {
  const bounds = singles.filter(({ op }) => op === 'lt' || op === 'lte' || op === 'gt' || op === 'gte');
  if (bounds.length === 0) return null;
  const known = schemas.length > 0;
  let range: Range = {
    from: known ? Math.min(...schemas.map((each) => numberOf(each['minimum'], -Infinity))) : -Infinity,
    to: known ? Math.max(...schemas.map((each) => numberOf(each['maximum'], Infinity))) : Infinity,
    fromIncluded: true,
    toIncluded: true,
    whole: known && schemas.every(({ type }) => type === 'integer'),
  };
  for (const { op, value } of bounds) {
    const bound = Number(value);
    const included = op === 'lte' || op === 'gte';
    const isLower = op === 'gt' || op === 'gte';
    if (isLower && (bound > range.from || (bound === range.from && !included)))
      range = { ...range, from: bound, fromIncluded: included };
    if (!isLower && (bound < range.to || (bound === range.to && !included)))
      range = { ...range, to: bound, toIncluded: included };
  }
  return range;
}

function hasNumber(range: Range | null): boolean {
  if (range === null) return true;
  const { from, to, fromIncluded, toIncluded, whole } = range;
  if (!whole) return from < to || (from === to && fromIncluded && toIncluded);
  const least = fromIncluded ? Math.ceil(from) : Math.floor(from) + 1;
  const most = toIncluded ? Math.floor(to) : Math.ceil(to) - 1;
  return least <= most;
}

function numberOf(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

/** Whether a condition holds of every value that its path can have, which is always there. */
export function alwaysHolds(condition: Condition, schemas: readonly JsonObject[]): boolean {
  if (!('path' in condition) || schemas.length === 0) return false;
  const { op, value } = condition;
  if (op === 'exists') return value === true;
  return schemas.every((schema) => {
    const { enum: words, minimum, maximum, type } = schema;
    if (isList(words)) return words.every((word) => meetsAll(condition.path, word, [condition]));
    if (type === 'boolean') return [true, false].every((word) => meetsAll(condition.path, word, [condition]));
    if (typeof value !== 'number') return false;
    if (typeof maximum === 'number' && (op === 'lt' || op === 'lte'))
      return op === 'lt' ? maximum < value : maximum <= value;
    if (typeof minimum === 'number' && (op === 'gt' || op === 'gte'))
      return op === 'gt' ? minimum > value : minimum >= value;
    return false;
  });
}
