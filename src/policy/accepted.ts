import type { Instant, Json, Operator, Violation } from '../model/index.ts';
import type { LookedAt, SingleCondition } from './conditions.ts';
import { isList } from './paths.ts';

/** What would have been accepted: something at a place, another time, all of several things or any one of them. */
export type Accepted =
  | { readonly path: string; readonly expected: string; readonly max?: number }
  /** ISO 8601, UTC: the same call from then on, where nothing else is counted before. */
  | { readonly from: string; readonly wait_s: number }
  /** The same call in the hour that begins then, the first that passes. */
  | { readonly at: string; readonly wait_s: number }
  | { readonly all: readonly Accepted[] }
  | { readonly any: readonly Accepted[] };

/** What must be as well; null where one of them cannot be. */
export function allOf(parts: readonly (Accepted | null)[]): Accepted | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  const flat = distinct(known.flatMap((part) => ('all' in part ? part.all : part)));
  const times = flat.flatMap((part) => ('from' in part ? part : []));
  const [latest] = times.toSorted((a, b) => b.wait_s - a.wait_s);
  const rest = flat.filter((part) => !('from' in part));
  return one(latest === undefined ? rest : [...rest, latest], (all) => ({ all }));
}

/** What is enough by itself; null where there is no such thing. */
export function anyOf(parts: readonly (Accepted | null)[]): Accepted | null {
  const known = parts.filter((part) => part !== null);
  return one(distinct(known.flatMap((part) => ('any' in part ? part.any : part))), (any) => ({ any }));
}

function one(parts: readonly Accepted[], join: (parts: readonly Accepted[]) => Accepted): Accepted | null {
  const [first] = parts;
  return first === undefined || parts.length === 1 ? (first ?? null) : join(parts);
}

function distinct(parts: readonly Accepted[]): readonly Accepted[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
}

/** The same call, once a limit has room for it. */
export function laterFrom(from: Instant, now: Instant): Accepted {
  return { from: new Date(from).toISOString(), wait_s: secondsTo(from, now) };
}

/** The same call in a later hour. */
export function laterAt(at: Instant, now: Instant): Accepted {
  return { at: new Date(at).toISOString(), wait_s: secondsTo(at, now) };
}

function secondsTo(then: Instant, now: Instant): number {
  return Math.ceil((then - now) / 1000);
}

/** What a violation says is accepted. */
export function acceptedOf({ path, expected }: Violation): Accepted {
  return { path, expected };
}

/** What makes a condition hold, or not hold: unknown is neither. */
export function wanted(looked: LookedAt, want: 'yes' | 'no'): Accepted | null {
  if (!('group' in looked)) return { path: looked.path, expected: expectedBy(looked, want) };
  if (looked.group === 'not') {
    return allOf(looked.members.map((member) => wanted(member, want === 'yes' ? 'no' : 'yes')));
  }
  const needsAll = (looked.group === 'all') === (want === 'yes');
  if (needsAll) return wantedTogether(looked.members, want);
  return anyOf(looked.members.map((member) => wanted(member, want)));
}

/** What makes all of them so: what is not so yet, and what is so now and looks at the same places. */
export function wantedTogether(conditions: readonly LookedAt[], want: 'yes' | 'no'): Accepted | null {
  const open = conditions.filter(({ held }) => held !== want);
  const places = new Set(open.flatMap(placesOf));
  const parts = conditions.filter(
    (each) => each.held !== want || open.length === 0 || placesOf(each).some((place) => places.has(place)),
  );
  return allOf(parts.map((part) => wanted(part, want)));
}

function placesOf(looked: LookedAt): readonly string[] {
  return 'group' in looked ? looked.members.flatMap(placesOf) : [looked.path];
}

type Words = (value: Json) => string;
interface Expectation {
  readonly yes: Words;
  readonly no: Words;
}

const MAX_VALUES_SHOWN = 20;

/** One row an operator: what makes it hold, and what makes it not hold. */
const EXPECTED: Readonly<Record<Operator, Expectation>> = {
  eq: { yes: exactly, no: otherThan },
  neq: { yes: otherThan, no: exactly },
  in: { yes: oneOf, no: noneOf },
  not_in: { yes: noneOf, no: oneOf },
  lt: { yes: (value) => `a number below ${value}`, no: (value) => `a number of at least ${value}` },
  lte: { yes: (value) => `a number of at most ${value}`, no: (value) => `a number above ${value}` },
  gt: { yes: (value) => `a number above ${value}`, no: (value) => `a number of at most ${value}` },
  gte: { yes: (value) => `a number of at least ${value}`, no: (value) => `a number below ${value}` },
  regex: pair('a text that matches', 'a text that does not match', (value) => `\`${value}\``),
  contains: { yes: holding, no: without },
  not_contains: { yes: without, no: holding },
  starts_with: pair('a text that starts with', 'a text that does not start with', text),
  ends_with: pair('a text that ends with', 'a text that does not end with', text),
  subset_of: {
    yes: (value) => (isEmpty(value) ? 'an empty list' : `a list of nothing but ${texts(value)}`),
    no: (value) =>
      isEmpty(value) ? 'a list that is not empty' : `a list with more in it than ${texts(value)}`,
  },
  exists: {
    yes: (value) => (value === true ? 'a value' : 'no value'),
    no: (value) => (value === true ? 'no value' : 'a value'),
  },
};

function expectedBy({ op, value }: SingleCondition, want: 'yes' | 'no'): string {
  return EXPECTED[op][want](value);
}

function pair(yes: string, no: string, show: Words): Expectation {
  return { yes: (value) => `${yes} ${show(value)}`, no: (value) => `${no} ${show(value)}` };
}

function exactly(value: Json): string {
  return text(value);
}

function otherThan(value: Json): string {
  if (typeof value === 'boolean') return String(!value);
  return `${typeWord(value)} other than ${text(value)}`;
}

function oneOf(value: Json): string {
  return isList(value) && value.length === 1 ? texts(value) : `one of ${texts(value)}`;
}

function noneOf(value: Json): string {
  const types = new Set((isList(value) ? value : []).map(typeWord));
  return `${[...types].join(' or ')} that is none of ${texts(value)}`;
}

function holding(value: Json): string {
  return `${container(value)} with ${text(value)} in it`;
}

function without(value: Json): string {
  return `${container(value)} without ${text(value)}`;
}

/** A text can only hold a text. */
function container(value: Json): string {
  return typeof value === 'string' ? 'a text or a list' : 'a list';
}

function isEmpty(value: Json): boolean {
  return isList(value) && value.length === 0;
}

function typeWord(value: Json): string {
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return '`true` or `false`';
  return isList(value) ? 'a list' : 'an object';
}

function text(value: Json): string {
  return JSON.stringify(value);
}

function texts(value: Json): string {
  const all = isList(value) ? value : [value];
  const shown = all.slice(0, MAX_VALUES_SHOWN).map(text).join(', ');
  return all.length > MAX_VALUES_SHOWN ? `${shown} and ${all.length - MAX_VALUES_SHOWN} more` : shown;
}
