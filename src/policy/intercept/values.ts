import type { Json, Operation } from '../../model/index.ts';
import { isList, isObject } from '../paths.ts';
import { schemasAt } from '../vocabulary.ts';

type Scalar = 'string' | 'number' | 'boolean';

/** The one type that single values have at a path; null where it is not known, or there are several. */
export function scalarAt(path: string, tools: readonly Operation[] | null): Scalar | null {
  const types = new Set(schemasAt(path, tools ?? []).map(({ type }) => type));
  const [only] = types;
  if (types.size !== 1 || tools === null) return null;
  if (only === 'integer' || only === 'number') return 'number';
  return only === 'string' || only === 'boolean' ? only : null;
}

/** A value as another type, where Intercept takes the two for equal because they are written alike; else undefined. */
export function asType(value: Json, type: Scalar): Json | undefined {
  if (typeof value === type) return value;
  if (isList(value) || isObject(value) || value === null) return undefined;
  if (type === 'string') return String(value);
  const twin = type === 'number' ? Number(value) : value === 'true';
  return typeof value === 'string' && String(twin) === value ? twin : undefined;
}

/** A list with every value that Intercept takes for equal to one of its members. */
export function withTwins(list: readonly Json[]): readonly Json[] {
  const types: readonly Scalar[] = ['string', 'number', 'boolean'];
  const all = list.flatMap((item) => [item, ...types.flatMap((type) => asType(item, type) ?? [])]);
  const seen = new Set<string>();
  return all.filter((item) => !seen.has(JSON.stringify(item)) && seen.add(JSON.stringify(item)));
}

/** Whether a value has a null or an empty list somewhere in it, neither of which the language compares. */
export function isIncomparable(value: Json): boolean {
  if (isList(value)) return value.length === 0 || value.some(isIncomparable);
  return isObject(value) ? Object.values(value).some(isIncomparable) : value === null;
}
