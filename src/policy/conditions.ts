import { RE2JS } from 're2js';
import type {
  Condition,
  Json,
  JsonObject,
  Operator,
  Path,
  SeenCondition,
  Transport,
} from '../model/index.ts';
import { isList, isObject, parsePath, valueAt } from './paths.ts';

/** What a condition can be: it holds, does not hold, or cannot be told. Unknown never helps the caller. */
export type Truth = 'yes' | 'no' | 'unknown';

/** Everything that conditions can look at, one member a root of the language. */
export interface Roots {
  readonly args: JsonObject;
  readonly identity: JsonObject;
  readonly call: { readonly tool: string; readonly transport: Transport; readonly kind: string | null };
  readonly jwt: JsonObject | null;
  readonly time: { readonly hour: number; readonly weekday: string };
}

/** A condition made ready: regexes built, paths split. */
export interface PreparedCondition {
  test(roots: Roots): Truth;
  /** The conditions in it that look at a value, for the trace: as written, with what they see and how they hold. */
  see(roots: Roots, show: ShowValue): readonly SeenCondition[];
  /** The truths that are possible, whatever stands where nothing can be seen; maybe more, never fewer. */
  possible(roots: Roots, unseen: Unseen): ReadonlySet<Truth>;
  /** Where the conditions in it look, each as written. */
  readonly looks: readonly Look[];
}

export interface Look {
  readonly root: string;
  readonly path: Path;
  readonly condition: string;
}

/** What of a call cannot be seen: null where what stands at a path is known, else what may be there. */
export type Unseen = (root: string, path: Path) => 'text' | 'anything' | null;

/** How the trace shows a value that stands at a path of a root: secrets become fingerprints. */
export type ShowValue = (root: string, path: Path, value: Json) => Json;

/** Makes a checked condition ready to run. */
export function prepareCondition(condition: Condition): PreparedCondition {
  if ('any' in condition) return group(condition.any.map(prepareCondition), anyOf);
  if ('all' in condition) return group(condition.all.map(prepareCondition), allOf);
  if ('not' in condition)
    return group([prepareCondition(condition.not)], ([truth]) => negate(truth ?? 'unknown'));
  return single(condition);
}

const ALL_TRUTHS: ReadonlySet<Truth> = new Set<Truth>(['yes', 'no', 'unknown']);
const YES_OR_NO: ReadonlySet<Truth> = new Set<Truth>(['yes', 'no']);
const ONLY: Readonly<Record<Truth, ReadonlySet<Truth>>> = {
  yes: new Set<Truth>(['yes']),
  no: new Set<Truth>(['no']),
  unknown: new Set<Truth>(['unknown']),
};

function single(condition: Extract<Condition, { path: string }>): PreparedCondition {
  const parsed = parsePath(condition.path);
  if (parsed === null) throw new Error(`condition on \`${condition.path}\` was not checked`);
  const { root, path } = parsed;
  const judge = judges[condition.op](condition.value);
  const look = (roots: Roots) => valueAt((roots as unknown as JsonObject)[root], path);
  const test = (roots: Roots) => judge(look(roots));
  const ofSomeText = truthsOfText(condition.op, judge);
  const text = `${condition.path} ${condition.op} ${JSON.stringify(condition.value)}`;
  return {
    test,
    see(roots, show) {
      const value = look(roots);
      return [
        {
          condition: text,
          ...(value === undefined ? {} : { seen: show(root, path, value) }),
          held: judge(value),
        },
      ];
    },
    possible(roots, unseen) {
      const what = unseen(root, path);
      if (what === null) return ONLY[test(roots)];
      return what === 'text' ? ofSomeText : ALL_TRUTHS;
    },
    looks: [{ root, path, condition: text }],
  };
}

/** The truths that are possible of a text that is not known. Whether a text can be judged is the same for all. */
function truthsOfText(op: Operator, judge: Judge): ReadonlySet<Truth> {
  const ofOne = judge('text');
  return op === 'exists' || ofOne === 'unknown' ? ONLY[ofOne] : YES_OR_NO;
}

function group(
  members: readonly PreparedCondition[],
  join: (truths: readonly Truth[]) => Truth,
): PreparedCondition {
  return {
    test: (roots) => join(members.map((member) => member.test(roots))),
    see: (roots, show) => members.flatMap((member) => member.see(roots, show)),
    possible: (roots, unseen) =>
      combinations(
        members.map((member) => member.possible(roots, unseen)),
        join,
      ),
    looks: members.flatMap(({ looks }) => looks),
  };
}

/** Joins are associative enough to be folded: the possible results of `n` members, a pair at a time. */
function combinations(
  sets: readonly ReadonlySet<Truth>[],
  join: (truths: readonly Truth[]) => Truth,
): ReadonlySet<Truth> {
  const [first = ALL_TRUTHS, ...rest] = sets;
  if (rest.length === 0) return new Set(Array.from(first, (truth) => join([truth])));
  return rest.reduce<ReadonlySet<Truth>>(
    (left, right) => new Set(Array.from(left, (a) => Array.from(right, (b) => join([a, b]))).flat()),
    first,
  );
}

function anyOf(truths: readonly Truth[]): Truth {
  if (truths.includes('yes')) return 'yes';
  return truths.includes('unknown') ? 'unknown' : 'no';
}

function allOf(truths: readonly Truth[]): Truth {
  if (truths.includes('no')) return 'no';
  return truths.includes('unknown') ? 'unknown' : 'yes';
}

function negate(truth: Truth): Truth {
  if (truth === 'unknown') return 'unknown';
  return truth === 'yes' ? 'no' : 'yes';
}

type Judge = (seen: Json | undefined) => Truth;

/** One row an operator: its value -> what it says of the value seen (undefined: missing or null). */
const judges: Readonly<Record<Operator, (value: Json) => Judge>> = {
  eq: (value) => (seen) => sameType(seen, value) ?? truth(deepEqual(seen, value)),
  neq: (value) => (seen) => sameType(seen, value) ?? truth(!deepEqual(seen, value)),
  in: (value) => (seen) => elementType(seen, value) ?? truth(hasElement(value, seen)),
  not_in: (value) => (seen) => elementType(seen, value) ?? truth(!hasElement(value, seen)),
  lt: (value) => compare(value, (a, b) => a < b),
  lte: (value) => compare(value, (a, b) => a <= b),
  gt: (value) => compare(value, (a, b) => a > b),
  gte: (value) => compare(value, (a, b) => a >= b),
  regex: (value) => {
    const pattern = RE2JS.compile(String(value));
    return (seen) => (typeof seen === 'string' ? truth(pattern.matcher(seen).find()) : 'unknown');
  },
  contains: (value) => (seen) => containing(seen, value),
  not_contains: (value) => (seen) => negate(containing(seen, value)),
  starts_with: (value) => (seen) =>
    typeof seen === 'string' ? truth(seen.startsWith(String(value))) : 'unknown',
  ends_with: (value) => (seen) =>
    typeof seen === 'string' ? truth(seen.endsWith(String(value))) : 'unknown',
  subset_of: (value) => (seen) =>
    isList(seen) ? truth(seen.every((element) => hasElement(value, element))) : 'unknown',
  exists: (value) => (seen) => truth((seen !== undefined) === value),
};

function truth(holds: boolean): Truth {
  return holds ? 'yes' : 'no';
}

function sameType(seen: Json | undefined, value: Json): 'unknown' | undefined {
  return jsonType(seen) === jsonType(value) ? undefined : 'unknown';
}

function elementType(seen: Json | undefined, list: Json): 'unknown' | undefined {
  return isList(list) && list.some((element) => jsonType(element) === jsonType(seen)) ? undefined : 'unknown';
}

function hasElement(list: Json, seen: Json | undefined): boolean {
  return isList(list) && list.some((element) => deepEqual(element, seen));
}

function compare(value: Json, holds: (seen: number, bound: number) => boolean): Judge {
  const bound = Number(value);
  return (seen) => (typeof seen === 'number' ? truth(holds(seen, bound)) : 'unknown');
}

function containing(seen: Json | undefined, value: Json): Truth {
  if (isList(seen)) return truth(hasElement(seen, value));
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
