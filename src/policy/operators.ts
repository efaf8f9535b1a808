import type { Json, Operator } from '../model/index.ts';
import { isList, isObject } from './paths.ts';
import { compilePattern } from './patterns.ts';

/** What a condition can be: it holds, does not hold, or cannot be told. Unknown never helps the caller. */
export type Truth = 'yes' | 'no' | 'unknown';

/** `not` of unknown is unknown. */
export function negate(truth: Truth): Truth {
  if (truth === 'unknown') return 'unknown';
  return truth === 'yes' ? 'no' : 'yes';
}

/** What an operator with its value says of a value that was seen; undefined: missing or null. */
export type Judge = (seen: Json | undefined) => Truth;

/** One row an operator: its value -> what it says. */
export const judges: Readonly<Record<Operator, (value: Json) => Judge>> = {
  eq: equality,
  neq: (value) => opposite(equality(value)),
  in: membership,
  not_in: (value) => opposite(membership(value)),
  lt: (value) => compare(value, (a, b) => a < b),
  lte: (value) => compare(value, (a, b) => a <= b),
  gt: (value) => compare(value, (a, b) => a > b),
  gte: (value) => compare(value, (a, b) => a >= b),
  regex: (value) => {
    const matches = compilePattern(String(value));
    return (seen) => (typeof seen === 'string' ? truth(matches(seen)) : 'unknown');
  },
  contains: (value) => (seen) => containing(seen, value),
  not_contains: (value) => (seen) => negate(containing(seen, value)),
  starts_with: (value) => (seen) =>
    typeof seen === 'string' ? truth(seen.startsWith(String(value))) : 'unknown',
  ends_with: (value) => (seen) =>
    typeof seen === 'string' ? truth(seen.endsWith(String(value))) : 'unknown',
  subset_of: (value) => {
    const has = elementTest(value);
    return (seen) => (isList(seen) ? truth(seen.every(has)) : 'unknown');
  },
  exists: (value) => (seen) => truth((seen !== undefined) === value),
};

function truth(holds: boolean): Truth {
  return holds ? 'yes' : 'no';
}

function opposite(judge: Judge): Judge {
  return (seen) => negate(judge(seen));
}

function equality(value: Json): Judge {
  const type = jsonType(value);
  return (seen) => (jsonType(seen) === type ? truth(deepEqual(seen, value)) : 'unknown');
}

function membership(value: Json): Judge {
  const types = new Set(isList(value) ? value.map(jsonType) : []);
  const has = elementTest(value);
  return (seen) => (types.has(jsonType(seen)) ? truth(has(seen)) : 'unknown');
}

/** Whether a value is an element of a list: one step for a scalar, however long the list is. */
function elementTest(value: Json): (seen: Json | undefined) => boolean {
  const elements = isList(value) ? value : [];
  const scalars = new Set<Json | undefined>(elements);
  return (seen) =>
    scalars.has(seen) || (typeof seen === 'object' && elements.some((each) => deepEqual(each, seen)));
}

function compare(value: Json, holds: (seen: number, bound: number) => boolean): Judge {
  const bound = Number(value);
  return (seen) => (typeof seen === 'number' ? truth(holds(seen, bound)) : 'unknown');
}

function containing(seen: Json | undefined, value: Json): Truth {
  if (isList(seen)) return truth(seen.some((element) => deepEqual(element, value)));
  if (typeof seen === 'string' && typeof value === 'string') return truth(seen.includes(value));
  return 'unknown';
}

/** The JSON type of a value; missing has one of its own. */
function jsonType(value: Json | undefined): string {
  if (value === undefined || value === null) return 'missing';
  return isList(value) ? 'array' : typeof value;
}

function deepEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((element, i) => deepEqual(element, right[i]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && deepEqual(left[key], right[key]))
  );
}
