import type { Condition, Json, JsonObject, Policy } from '../model/index.ts';
import { isList, isObject, writePath } from './paths.ts';

/** What two policies compare with, by the path that they look at: values around which they may differ. */
export interface Constants {
  /** `args.`, `identity.` and `jwt.` paths with what stands at them in calls that are worth a look. */
  readonly values: ReadonlyMap<string, readonly Json[]>;
  /** Patterns, for texts that match them. */
  readonly patterns: ReadonlyMap<string, readonly string[]>;
  /** How many calls fill a limit. */
  readonly counts: readonly number[];
  /** Windows in milliseconds. */
  readonly windows: readonly number[];
}

/** The constants of policies, each with its neighbours. */
export function constantsOf(policies: readonly Policy[]): Constants {
  const gathered = { values: new Map<string, Json[]>(), patterns: new Map<string, string[]>() };
  const counts = new Set<number>();
  const windows = new Set<number>();
  for (const { grants, tools, sessionCeiling } of policies) {
    for (const { to } of grants ?? []) for (const each of to) gather(each, gathered);
    for (const { arguments: schema, rules } of tools) {
      if (schema !== null) gatherSchema(schema, 'args', gathered.values);
      for (const { when, conditions, rateLimit, amountLimit } of rules) {
        for (const each of [...when, ...conditions]) gather(each, gathered);
        if (rateLimit !== null) {
          for (const max of [rateLimit.max, rateLimit.max * sessionCeiling]) counts.add(max).add(max + 1);
          windows.add(rateLimit.window.ms);
        }
        if (amountLimit === null) continue;
        const { increment, bound, window } = amountLimit;
        windows.add(window.ms);
        if ('from' in increment) push(gathered.values, increment.from, near(bound.value), [bound.value / 2]);
        else for (const each of near(bound.value / increment.fixed)) counts.add(Math.ceil(each));
      }
    }
  }
  return { ...gathered, counts: [...counts], windows: [...windows] };
}

type Gathered = { readonly values: Map<string, Json[]>; readonly patterns: Map<string, string[]> };

function gather(condition: Condition, gathered: Gathered): void {
  if ('any' in condition) for (const each of condition.any) gather(each, gathered);
  else if ('all' in condition) for (const each of condition.all) gather(each, gathered);
  else if ('not' in condition) gather(condition.not, gathered);
  else if (condition.op === 'regex') push(gathered.patterns, condition.path, [String(condition.value)]);
  else if (condition.op === 'exists') push(gathered.values, condition.path, ['x']);
  else push(gathered.values, condition.path, around(condition.value));
}

/** A value, those beside it, and the lists and elements that it makes. */
function around(value: Json): readonly Json[] {
  if (typeof value === 'number') return near(value);
  if (typeof value === 'string') return [value, `${value}x`, `x${value}`, [value]];
  if (typeof value === 'boolean') return [value, !value];
  if (isList(value)) return [value, ...value.flatMap(around)];
  return [value];
}

function near(value: number): readonly number[] {
  return [value - 1, value, value + 1];
}

function gatherSchema(schema: JsonObject, at: string, values: Map<string, Json[]>): void {
  for (const keyword of [
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'const',
    'multipleOf',
  ]) {
    const value = schema[keyword];
    if (value !== undefined) push(values, at, around(value));
  }
  const { minLength, maxLength, properties } = schema;
  for (const length of [minLength, maxLength]) {
    if (typeof length === 'number' && length < 1000)
      push(
        values,
        at,
        near(length).map((n) => 'x'.repeat(Math.max(n, 0))),
      );
  }
  if (isList(schema['enum'])) push(values, at, schema['enum'].flatMap(around));
  if (isObject(properties)) {
    for (const [name, member] of Object.entries(properties)) {
      if (isObject(member)) gatherSchema(member, writePath(at, [name]), values);
    }
  }
}

function push<T>(map: Map<string, T[]>, path: string, ...lists: readonly (readonly T[])[]): void {
  map.set(path, [...(map.get(path) ?? []), ...lists.flat()]);
}
