import type { AmountLimit, Condition, Per, RateLimit, Tool, Window } from '../model/index.ts';
import { hasSixDecimals } from './amounts.ts';
import { type Fields, readFields, readInteger, readText, readWord } from './fields.ts';
import { clip, describe, didYouMean, type Located, type Report } from './located.ts';
import { meantLimit, meantWindow } from './meant-window.ts';
import { SECOND, UNITS } from './units.ts';
import { incrementProblem } from './vocabulary.ts';
import { CALENDAR_MS } from './windows.ts';

/** The most calls that a limit can admit. */
export const MAX_COUNT = 1_000_000_000;
export const MAX_WINDOW_MS = 366 * 86_400 * SECOND;
export const LIMIT_KEYS = ['max', 'window', 'per'] as const;
export const STATE_KEYS = ['counter', 'window', 'increment', 'increment_from', 'per'] as const;
/** A counter's name. */
export const COUNTER = /^[^.[\]]+$/;
export const PERS: readonly Per[] = ['session', 'identity', 'tenant', 'everyone'];
/** What other tools call these keys. */
const LIMIT_MEANINGS = {
  ...{ limit: 'max', count: 'max', requests: 'max', calls: 'max', burst: 'max' },
  ...{ period: 'window', interval: 'window', duration: 'window', seconds: 'window', every: 'window' },
  ...{ scope: 'per', by: 'per', key: 'per' },
};
const STATE_MEANINGS = {
  ...{ name: 'counter', period: 'window', interval: 'window', scope: 'per', by: 'per' },
  ...{ amount: 'increment_from', from: 'increment_from', increment_by: 'increment' },
};
const MEANT_PERS: ReadonlyMap<string, Per> = new Map([
  ...['user', 'sub', 'subject', 'caller', 'client', 'agent'].map((word) => [word, 'identity'] as const),
  ...['org', 'organization'].map((word) => [word, 'tenant'] as const),
  ...['global', 'all', 'everybody', 'total'].map((word) => [word, 'everyone'] as const),
  ['connection', 'session'],
]);
const EXPECTED_WINDOW =
  'a window: `minute`, `hour`, `day`, an integer of seconds, or a duration such as `45s`, `10m`, `2h`, `1d`';

/** `rate_limit`: `N/UNIT` or `{ max, window, per }`. */
export function readRateLimit(node: Located, report: Report): RateLimit | null {
  if (node.kind === 'scalar') return readShort(node, report);
  const fields = readFields(node, '`rate_limit`', LIMIT_KEYS, report, LIMIT_MEANINGS);
  if (fields === null) return null;
  requireKeys(fields, ['max', 'window'], '`rate_limit`', report);
  const maxNode = fields.get('max');
  const max =
    maxNode === undefined ? null : readInteger(maxNode, { what: '`max`', min: 1, max: MAX_COUNT }, report);
  const window = readWindow(fields, report);
  const per = readPer(fields, report);
  return max === null || window === null || per === null ? null : { max, window, per };
}

function readShort(node: Located, report: Report): RateLimit | null {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const limit = shortOf(text);
  if (limit !== null) return limit;
  const meant = meantLimit(text);
  const hint = didYouMean(meant !== null && shortOf(meant) !== null ? meant : null);
  report.error(
    node.at,
    'bad_limit',
    `expected \`N/UNIT\` such as \`30/minute\` or \`5/10m\` (N up to ${MAX_COUNT}, at most 366 days), or \`{ max, window, per }\`; found ${describe(node)}${hint}`,
  );
  return null;
}

function shortOf(text: string): RateLimit | null {
  const [, count = '', unit = ''] = /^([1-9][0-9]*)\/(minute|hour|day|[1-9][0-9]*[smhd])$/.exec(text) ?? [];
  const window = windowOf(unit);
  return window !== null && Number(count) <= MAX_COUNT
    ? { max: Number(count), window, per: 'session' }
    : null;
}

function windowOf(text: string): Window | null {
  const calendar = Object.hasOwn(CALENDAR_MS, text) ? CALENDAR_MS[text] : undefined;
  if (calendar !== undefined) return { kind: 'calendar', ms: calendar };
  const [, count = '', unit = ''] = /^([1-9][0-9]*)([smhd])$/.exec(text) ?? [];
  return sliding(Number(count) * (UNITS[unit] ?? Number.NaN));
}

function sliding(ms: number): Window | null {
  return ms >= SECOND && ms <= MAX_WINDOW_MS ? { kind: 'sliding', ms } : null;
}

function readWindow(fields: Fields, report: Report): Window | null {
  const node = fields.get('window');
  if (node === undefined) return null;
  const value = node.kind === 'scalar' ? node.value : null;
  const window =
    typeof value === 'number' && Number.isInteger(value)
      ? sliding(value * SECOND)
      : windowOf(typeof value === 'string' ? value : '');
  if (window === null) {
    const meant = meantWindow(String(value));
    report.error(
      node.at,
      'bad_window',
      `expected ${EXPECTED_WINDOW}, at most 366 days; found ${describe(node)}${didYouMean(meant !== null && windowOf(meant) !== null ? meant : null)}`,
    );
  }
  return window;
}

function readPer(fields: Fields, report: Report): Per | null {
  const node = fields.get('per');
  return node === undefined ? 'session' : readWord(node, PERS, report, MEANT_PERS);
}

function requireKeys(fields: Fields, keys: readonly string[], what: string, report: Report): void {
  for (const key of keys) {
    if (fields.lacks(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in ${what}`);
  }
}

/** A `state` and the condition that bounds it, which is taken out of the rule's conditions. */
export interface ReadAmount {
  readonly amountLimit: AmountLimit | null;
  readonly conditions: readonly Condition[];
}

/** What a counter of amounts can be about. */
interface About {
  /** The names that may stand for the tool in `state.SCOPE.COUNTER`. */
  readonly scopes: readonly string[];
  /** The tools whose arguments can be counted; null where they are not known. */
  readonly tools: readonly Tool[] | null;
}

/** `state`: a counter of amounts (policy-language.md, "Counters of amounts"). */
export function readAmountLimit(
  node: Located,
  conditions: readonly Condition[],
  { scopes, tools }: About,
  report: Report,
): ReadAmount {
  const none = { amountLimit: null, conditions };
  const fields = readFields(node, '`state`', STATE_KEYS, report, STATE_MEANINGS);
  if (fields === null) return none;
  requireKeys(fields, ['counter', 'window'], '`state`', report);
  const counter = readCounter(fields, report);
  const window = readWindow(fields, report);
  const per = readPer(fields, report);
  const increment = readIncrement(fields, tools, report);
  if (counter === null || window === null || per === null || increment === null) return none;
  const bounding = findBound(conditions, counter, { scopes, fields }, report);
  if (bounding === null) return none;
  const amountLimit: AmountLimit = { counter, window, per, increment, bound: bounding.bound };
  return { amountLimit, conditions: conditions.filter((condition) => condition !== bounding.condition) };
}

function readCounter(fields: Fields, report: Report): string | null {
  const node = fields.get('counter');
  const name = node === undefined ? null : readText(node, '`counter`', report);
  if (node === undefined || name === null || COUNTER.test(name)) return name;
  report.error(node.at, 'bad_state', 'expected a name without `.`, `[` and `]` as `counter`');
  return null;
}

function readIncrement(
  fields: Fields,
  tools: readonly Tool[] | null,
  report: Report,
): AmountLimit['increment'] | null {
  const from = fields.get('increment_from');
  const fixed = fields.get('increment');
  if (from !== undefined && fixed !== undefined) {
    report.error(
      fields.placeOf('increment_from'),
      'bad_state',
      'expected `increment` or `increment_from`, not both',
    );
    return null;
  }
  if (from !== undefined) {
    const path = readText(from, '`increment_from`', report);
    const problem = path === null ? null : incrementProblem(path, tools);
    if (problem !== null) report.error(from.at, 'unknown_path', problem);
    return path === null ? null : { from: path };
  }
  if (fixed === undefined) return { fixed: 1 };
  if (fixed.kind === 'scalar' && typeof fixed.value === 'number' && fixed.value > 0)
    return { fixed: fixed.value };
  report.error(fixed.at, 'bad_state', `expected a number above 0 as \`increment\`; found ${describe(fixed)}`);
  return null;
}

type Bounding = { readonly condition: Condition; readonly bound: AmountLimit['bound'] };

function findBound(
  conditions: readonly Condition[],
  counter: string,
  { scopes, fields }: { readonly scopes: readonly string[]; readonly fields: Fields },
  report: Report,
): Bounding | null {
  const paths = scopes.map((scope) => `state.${scope}.${counter}`);
  const expected = `\`${clip(paths[0] ?? '')}\``;
  const bounds = conditions.filter((condition) => 'path' in condition && condition.path.startsWith('state.'));
  const [condition, second] = bounds;
  if (condition === undefined || !('path' in condition)) {
    report.error(
      fields.placeOf('counter'),
      'unbounded_state',
      `expected exactly one condition on ${expected} at the top level of this rule's \`conditions\`, with \`lt\` or \`lte\``,
    );
    return null;
  }
  if (second !== undefined) {
    report.error(
      report.placeOf(second, 'path'),
      'bad_state',
      'expected exactly one condition on `state.` in a rule',
    );
    return null;
  }
  if (!paths.includes(condition.path)) {
    report.error(
      report.placeOf(condition, 'path'),
      'unknown_path',
      `expected ${expected}; found \`${clip(condition.path)}\``,
    );
    return null;
  }
  return checkedBound(condition, report);
}

function checkedBound(condition: Extract<Condition, { path: string }>, report: Report): Bounding | null {
  if (report.broken.has(condition)) return null;
  const { op, value } = condition;
  if (op !== 'lt' && op !== 'lte') {
    report.error(report.placeOf(condition, 'op'), 'bad_state', 'expected `lt` or `lte` on a counter');
    return null;
  }
  if (typeof value === 'number' && value > 0 && value < Number.MAX_SAFE_INTEGER && hasSixDecimals(value)) {
    return { condition, bound: { op, value } };
  }
  report.error(
    report.placeOf(condition, 'value'),
    'bad_state',
    `expected a number above 0 and up to ${Number.MAX_SAFE_INTEGER - 1} with at most six decimals as bound of a counter`,
  );
  return null;
}
