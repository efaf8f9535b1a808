import type { Condition, Json } from '../model/index.ts';
import { isList } from './paths.ts';

type Single = Extract<Condition, { path: string }>;

/**
 * Whether one condition never fails where another does not: where `a` holds, `b` holds, and where `a` is unknown, `b`
 * is not false. Answers yes only where that is certain, and looks into no group.
 */
export function implies(a: Condition, b: Condition): boolean {
  if (a === b) return true;
  if (!('path' in a) || !('path' in b)) return JSON.stringify(a) === JSON.stringify(b);
  if (a.path !== b.path) return false;
  if (a.op === b.op && textOf(a.value) === textOf(b.value)) return true;
  return boundImplies(a, b) || elementImplies(a, b) || partImplies(a, b);
}

/** Whether every condition of a list is implied by one of another list: what passes `a` passes `b`. */
export function allImply(a: readonly Condition[], b: readonly Condition[]): boolean {
  return b.every((needed) => a.some((given) => implies(given, needed)));
}

/** Numbers: all of these are unknown of exactly what is no number. */
function boundImplies(a: Single, b: Single): boolean {
  if (typeof a.value !== 'number' || typeof b.value !== 'number') return false;
  const [x, y] = [a.value, b.value];
  switch (b.op) {
    case 'lt':
      return (a.op === 'lt' && x <= y) || ((a.op === 'lte' || a.op === 'eq') && x < y);
    case 'lte':
      return (a.op === 'lt' || a.op === 'lte' || a.op === 'eq') && x <= y;
    case 'gt':
      return (a.op === 'gt' && x >= y) || ((a.op === 'gte' || a.op === 'eq') && x > y);
    case 'gte':
      return (a.op === 'gt' || a.op === 'gte' || a.op === 'eq') && x >= y;
    default:
      return false;
  }
}

/** Elements of lists, all of one type: so both are unknown of the same values. */
function elementImplies(a: Single, b: Single): boolean {
  if ((a.op !== 'eq' && a.op !== 'in') || b.op !== 'in' || !isList(b.value)) return false;
  const few = a.op === 'in' && isList(a.value) ? a.value : [a.value];
  const types = new Set([...few, ...b.value].map(typeOf));
  const many = new Set(b.value.map(textOf));
  return types.size === 1 && few.every((value) => many.has(textOf(value)));
}

/** A longer beginning has the shorter one; both are unknown of what is no text. */
function partImplies(a: Single, b: Single): boolean {
  const [long, short] = [a.value, b.value];
  if (a.op !== b.op || typeof long !== 'string' || typeof short !== 'string') return false;
  return a.op === 'starts_with' ? long.startsWith(short) : a.op === 'ends_with' && long.endsWith(short);
}

function typeOf(value: Json): string {
  return isList(value) ? 'list' : typeof value;
}

function textOf(value: Json): string {
  return JSON.stringify(value);
}
