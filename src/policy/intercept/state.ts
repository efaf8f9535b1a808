import type { AmountLimit, Position } from '../../model/index.ts';
import { type Fields, readFields, readInteger, readText, readWord } from '../fields.ts';
import { clip, type Located, type Report } from '../located.ts';
import { CALENDAR_MS } from '../windows.ts';
import type { SourceCondition } from './condition.ts';
import type { Findings, Refusal } from './findings.ts';
import { findPath, type Place } from './places.ts';

const WINDOWS = ['minute', 'hour', 'day'] as const;

/** A counter, and the condition of its rule that bounds it. */
export interface TranslatedState {
  /** null: it counts nothing, in Intercept neither. */
  readonly amountLimit: AmountLimit | null;
  readonly bounds: SourceCondition | null;
}

function scopeOf({ source }: Place): string {
  return source === '*' ? '_global' : source;
}

/** `state` and its bound; the counter is everybody's, in calendar windows, as in Intercept. */
export function translateState(
  node: Located,
  conditions: readonly SourceCondition[],
  place: Place,
  findings: Findings,
): TranslatedState | Refusal | null {
  const { report } = findings;
  const fields = readFields(node, '`state`', ['counter', 'window', 'increment', 'increment_from'], report);
  if (fields === null) return null;
  const state = readState(fields, report);
  if (state === null) return null;
  const path = `state.${scopeOf(place)}.${state.counter}`;
  const bounds = conditions.filter((each) => each.path === path);
  const [bound] = bounds;
  if (bound === undefined) {
    findings.add(
      'same',
      fields.at,
      'unbounded',
      'a `state` without a bound in its rule counts nothing in Intercept; left out',
    );
    return { amountLimit: null, bounds: null };
  }
  if (bounds.length > 1 || (bound.op !== 'lt' && bound.op !== 'lte') || typeof bound.value !== 'number')
    return {
      refused: 'a counter has exactly one bound here, a number with `lt` or `lte`',
      code: 'state',
      at: bound.at,
    };
  const limit = effectiveBound(bound.op, bound.value);
  if (limit === null)
    return { refused: 'a counter that may hold nothing denies every call', code: 'state', at: bound.at };
  const increment = incrementOf(fields, place, findings);
  if ('refused' in increment) return increment;
  tellOfCounters(fields, increment, findings);
  const window = { kind: 'calendar', ms: CALENDAR_MS[state.window] ?? 0 } as const;
  const counter = state.counter.replaceAll(/[.[\]]/g, '_');
  return { amountLimit: { counter, window, per: 'everyone', increment, bound: limit }, bounds: bound };
}

function readState(fields: Fields, report: Report) {
  for (const key of ['counter', 'window']) {
    if (!fields.has(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in \`state\``);
  }
  const [counterNode, windowNode] = [fields.get('counter'), fields.get('window')];
  if (counterNode === undefined || windowNode === undefined) return null;
  const counter = readText(counterNode, '`counter`', report);
  const window = readWord(windowNode, WINDOWS, report);
  return counter === null || window === null ? null : { counter, window };
}

/** Intercept cuts bounds to whole numbers; null where nothing can be counted. */
function effectiveBound(op: 'lt' | 'lte', value: number): AmountLimit['bound'] | null {
  if (Number.isInteger(value)) return value > 0 && value < Number.MAX_SAFE_INTEGER ? { op, value } : null;
  const most = Math.trunc(value) - (op === 'lt' ? 1 : 0);
  return most > 0 ? { op: 'lte', value: most } : null;
}

function incrementOf(
  fields: Fields,
  { tools }: Place,
  { report }: Findings,
): AmountLimit['increment'] | Refusal {
  const from = fields.get('increment_from');
  const fixed = fields.get('increment');
  if (from !== undefined && !(from.kind === 'scalar' && (from.value === null || from.value === ''))) {
    const path = readText(from, '`increment_from`', report) ?? '';
    const found = path.startsWith('args.') ? findPath(path, tools) : null;
    const [here] = found?.ok === true ? found.paths : [];
    if (here !== undefined) return { from: here };
    return {
      refused: `there is no argument \`${clip(path)}\` here to count by`,
      code: 'unknown_path',
      at: from.at,
    };
  }
  const amount =
    fixed === undefined ? 1 : readInteger(fixed, { what: '`increment`', min: 0, max: 1e9 }, report);
  return { fixed: amount || 1 };
}

function tellOfCounters(fields: Fields, increment: AmountLimit['increment'], findings: Findings): void {
  const at: Position = fields.at;
  findings.add(
    'same',
    at,
    'per_everyone',
    'Intercept counts for everybody together; kept as `per: everyone`',
  );
  findings.tellOfFailedCalls(at);
  if ('from' in increment)
    findings.once(
      'differs',
      at,
      'amounts',
      'an amount is never negative here, and not cut to a whole number: it counts to six decimals, rounded up',
    );
}
