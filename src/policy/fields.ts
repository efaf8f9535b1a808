import type { Position } from '../model/index.ts';
import { clip, describe, type Entry, type Located, placeOf, type Report, suggestion } from './located.ts';

/** Reading of a mapping with known keys: every key that is not known is an error, none is silently ignored. */
export interface Fields {
  readonly at: Position;
  /** Whether there is a key that is not known, which was told: perhaps it stands for one that is missing. */
  readonly hasUnknown: boolean;
  has(key: string): boolean;
  /** The value under a key; undefined where it is left out. */
  get(key: string): Located | undefined;
  /** Where the key stands, or the mapping's first key where it is left out. */
  placeOf(key: string): Position;
}

/**
 * A located value as a mapping with these keys and no other; null, with an error, where it is none.
 *
 * @param what the thing as messages call it, for example `a rule`.
 * @param hints extra words for keys that people put in the wrong place.
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
  for (const entry of node.entries) {
    if (keys.includes(entry.key)) entries.set(entry.key, entry);
    else unknownKey(entry, what, keys, report, hints);
  }
  const at = placeOf(node);
  return {
    at,
    hasUnknown: entries.size < node.entries.length,
    has: (key) => entries.has(key),
    get: (key) => entries.get(key)?.value,
    placeOf: (key) => entries.get(key)?.at ?? at,
  };
}

function unknownKey(
  { key, at }: Entry,
  what: string,
  keys: readonly string[],
  report: Report,
  hints: Readonly<Record<string, string>>,
): void {
  const hint = Object.hasOwn(hints, key) ? `; ${hints[key]}` : suggestion(key, keys);
  const expected = keys.map((name) => `\`${name}\``).join(', ');
  report.error(
    at,
    'unknown_key',
    `unknown key \`${clip(key)}\` in ${what}; expected one of ${expected}${hint}`,
  );
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
  const word = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : null;
  const meant = meanings.get(word?.toLowerCase() ?? '');
  const near =
    meant === undefined ? (word === null ? '' : suggestion(word, words)) : `; did you mean \`${meant}\`?`;
  report.error(node.at, 'wrong_value', `expected one of ${expected}; found ${describe(node)}${near}`);
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
    `expected ${what}, an integer from ${min} to ${max}; found ${describe(node)}`,
  );
  return null;
}

/** The items of a list; null, with an error, where it is none or empty and must not be. */
export function readList(
  node: Located,
  what: string,
  empty: 'may be empty' | 'not empty',
  report: Report,
): readonly Located[] | null {
  if (node.kind !== 'list') {
    report.error(node.at, 'wrong_type', `expected ${what}, a list; found ${describe(node)}`);
    return null;
  }
  if (node.items.length === 0 && empty === 'not empty') {
    report.error(node.at, 'empty_list', `expected ${what}, a list that is not empty`);
    return null;
  }
  return node.items;
}
