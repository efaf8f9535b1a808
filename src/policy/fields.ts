import type { Position } from '../model/index.ts';
import {
  clip,
  describe,
  didYouMean,
  type Entry,
  type Located,
  nearest,
  placeOf,
  type Report,
} from './located.ts';

/** Reading of a mapping with known keys: every key that is not known is an error, none is silently ignored. */
export interface Fields {
  readonly at: Position;
  /** Whether there is a key that is not known, which was told: perhaps it stands for one that is missing. */
  readonly hasUnknown: boolean;
  has(key: string): boolean;
  /** Whether it is left out, and no key that is not known was told to mean it. */
  lacks(key: string): boolean;
  /** The value under a key; undefined where it is left out. */
  get(key: string): Located | undefined;
  /** Where the key stands, or the mapping's first key where it is left out. */
  placeOf(key: string): Position;
}

/**
 * A located value as a mapping with these keys and no other; null, with an error, where it is none.
 *
 * @param what the thing as messages call it, for example `a rule`.
 * @param hints of keys that people put in the wrong place what to do, and of those that other tools have which it is here.
 */
export function readFields(
  node: Located,
  what: string,
  keys: readonly string[],
  report: Report,
  hints: Readonly<Record<string, string>> = {},
): Fields | null {
  if (node.kind !== 'map') {
    report.error(node.at, 'wrong_type', `expected ${what}, a mapping; found ${describe(node)}`);
    return null;
  }
  const entries = new Map<string, Entry>();
  const meant = new Set<string>();
  for (const entry of node.entries) {
    if (keys.includes(entry.key)) entries.set(entry.key, entry);
    else meant.add(unknownKey(entry, { what, keys, hints }, report) ?? '');
  }
  const at = placeOf(node);
  return {
    at,
    hasUnknown: entries.size < node.entries.length,
    has: (key) => entries.has(key),
    lacks: (key) => !entries.has(key) && !meant.has(key),
    get: (key) => entries.get(key)?.value,
    placeOf: (key) => entries.get(key)?.at ?? at,
  };
}

/** Reports a key that is not known. Answers the key that it was told to mean, or to write as `KEY: …`, if any. */
function unknownKey(
  { key, at }: Entry,
  {
    what,
    keys,
    hints,
  }: {
    readonly what: string;
    readonly keys: readonly string[];
    readonly hints: Readonly<Record<string, string>>;
  },
  report: Report,
): string | null {
  const hint = Object.hasOwn(hints, key) ? (hints[key] ?? '') : null;
  const meant = hint === null ? nearest(key, keys) : keys.includes(hint) ? hint : null;
  const expected = keys.map((name) => `\`${name}\``).join(', ');
  const end = meant === null && hint !== null ? `; ${hint}` : didYouMean(meant);
  report.error(
    at,
    'unknown_key',
    `unknown key \`${clip(key)}\` in ${what}; expected one of ${expected}${end}`,
  );
  return meant ?? keys.find((name) => hint?.includes(`\`${name}: `)) ?? null;
}

/** A text that is not empty; null, with an error, where it is none. */
export function readText(node: Located, what: string, report: Report): string | null {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') return node.value;
  report.error(node.at, 'wrong_type', `expected ${what}, a text that is not empty; found ${describe(node)}`);
  return null;
}

/**
 * One of a few words; null, with an error, where it is none of them.
 *
 * @param meanings words of other languages, in lower case, and what they are called here.
 */
export function readWord<T extends string>(
  node: Located,
  words: readonly T[],
  report: Report,
  meanings: ReadonlyMap<string, T> = new Map(),
): T | null {
  const found = node.kind === 'scalar' ? words.find((word) => word === node.value) : undefined;
  if (found !== undefined) return found;
  const expected = words.map((word) => `\`${word}\``).join(', ');
  const value = node.kind === 'scalar' ? node.value : null;
  const near = typeof value === 'string' ? nearest(value, words) : null;
  const meant = (value === null ? null : meanings.get(String(value).toLowerCase())) ?? near;
  report.error(
    node.at,
    'wrong_value',
    `expected one of ${expected}; found ${describe(node)}${didYouMean(meant)}`,
  );
  return null;
}

/** A whole number between two bounds, both allowed; null, with an error, where it is none. */
export function readInteger(
  node: Located,
  { what, min, max }: { readonly what: string; readonly min: number; readonly max: number },
  report: Report,
): number | null {
  const value = node.kind === 'scalar' ? node.value : null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  report.error(
    node.at,
    'wrong_value',
    `expected ${what}, an integer from ${min} to ${max}; found ${describe(node)}${meantInteger(value, max)}`,
  );
  return null;
}

/** A number that stands in quotes, or with separators, as YAML 1.1 has them. */
function meantInteger(value: unknown, max: number): string {
  if (typeof value !== 'string' || !/^[1-9][0-9]*(?:[_,][0-9]+)*$/.test(value)) return '';
  const digits = value.replaceAll(/[_,]/g, '');
  return Number(digits) > max ? '' : `; did you mean the number \`${digits}\`?`;
}

/** The items of a list; null, with an error, where it is none or empty and must not be. */
export function readList(
  node: Located,
  what: string,
  empty: 'may be empty' | 'not empty',
  report: Report,
): readonly Located[] | null {
  if (node.kind !== 'list') {
    const isOne = node.kind === 'map' || node.value !== null;
    const hint = isOne ? '; a single one also stands in `[ ]`' : '';
    report.error(node.at, 'wrong_type', `expected ${what}, a list; found ${describe(node)}${hint}`);
    return null;
  }
  if (node.items.length === 0 && empty === 'not empty') {
    report.error(node.at, 'empty_list', `expected ${what}, a list that is not empty`);
    return null;
  }
  return node.items;
}
