import { RE2JS } from 're2js';
import type { Condition, Json, JsonObject, Operator } from '../model/index.ts';
import { type Fields, readFields, readList, readText, readWord } from './fields.ts';
import {
  clip,
  describe,
  type Entry,
  hasErrorIn,
  type Located,
  nearest,
  type Report,
  toJson,
} from './located.ts';

/** What a value can be, in words, as a test, and as a JSON Schema. */
interface Form {
  readonly expected: string;
  readonly fits: (value: Json) => boolean;
  readonly schema: JsonObject;
}

const NUMBER: Form = { expected: 'a number', fits: isNumber, schema: { type: 'number' } };
const TEXT: Form = { expected: 'a text', fits: isText, schema: { type: 'string' } };
const LIST: Form = { expected: 'a list', fits: Array.isArray, schema: { type: 'array' } };
const REGEX: Form = { ...TEXT, expected: 'a regular expression in RE2 syntax, a text' };
const FLAG: Form = {
  expected: '`true` or `false`',
  fits: (value) => typeof value === 'boolean',
  schema: { type: 'boolean' },
};

/** What each operator's `value` must be; null where anything but null will do. */
export const VALUES: Readonly<Record<Operator, Form | null>> = {
  eq: null,
  neq: null,
  in: LIST,
  not_in: LIST,
  lt: NUMBER,
  lte: NUMBER,
  gt: NUMBER,
  gte: NUMBER,
  regex: REGEX,
  contains: null,
  not_contains: null,
  starts_with: TEXT,
  ends_with: TEXT,
  subset_of: LIST,
  exists: FLAG,
};

/** The keys of a condition on one path; all are needed. */
export const CONDITION_KEYS = ['path', 'op', 'value'] as const;
/** The operators of the language, in the order of its table. */
export const OPERATORS = Object.keys(VALUES) as readonly Operator[];

/** What other languages call them. */
const ELSEWHERE: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    eq: '= == === equals equal is',
    neq: '!= !== <> ne not_equals not_equal is_not',
    in: 'one_of any_of oneof',
    not_in: 'none_of nin notin',
    lt: '< less_than before',
    lte: '<= le max at_most',
    gt: '> greater_than after',
    gte: '>= ge min at_least',
    regex: '=~ ~ match matches pattern like',
    contains: 'includes include has',
    not_contains: 'excludes',
    starts_with: 'prefix startswith begins_with',
    ends_with: 'suffix endswith',
    subset_of: 'subset all_in',
    exists: 'present is_set defined exist not_exists is_null null missing absent',
  } satisfies Readonly<Record<Operator, string>>).flatMap(([op, words]) =>
    words.split(' ').map((word) => [word, op as Operator] as const),
  ),
);

/** What other languages call the keys of a condition. */
const HINTS = {
  ...{ field: 'path', attribute: 'path', arg: 'path', argument: 'path', key: 'path', property: 'path' },
  ...{ operator: 'op', operation: 'op', comparator: 'op', cmp: 'op', values: 'value', val: 'value' },
};

/** The operator by its name here or elsewhere. */
function opCalled(word: string): Operator | undefined {
  return OPERATORS.find((op) => op === word) ?? ELSEWHERE.get(word.toLowerCase());
}

function missingHint(key: string, fields: Fields): string {
  const op = fields.get('op');
  const isExists = key === 'value' && op?.kind === 'scalar' && opCalled(String(op.value)) === 'exists';
  return isExists ? '; `exists` takes `true`, or `false` for what has to be missing' : '';
}

/** The keys of groups of conditions; a group has one. */
const GROUPS = ['any', 'all', 'not'] as const;
type Group = (typeof GROUPS)[number];

/** What other languages call them. */
const GROUPS_ELSEWHERE: ReadonlyMap<string, Group> = new Map(
  Object.entries({
    any: 'or anyof any_of some should',
    all: 'and allof all_of every must',
    not: 'nor none none_of noneof must_not unless',
  } satisfies Readonly<Record<Group, string>>).flatMap(([group, words]) =>
    words.split(' ').map((word) => [word, group as Group] as const),
  ),
);

/** A list of conditions that is not empty; those that are wrong are reported and left out. */
export function readConditions(node: Located, what: string, report: Report): readonly Condition[] {
  const items = readList(node, what, 'not empty', report) ?? [];
  return items.flatMap((item) => readCondition(item, report) ?? []);
}

function readCondition(node: Located, report: Report): Condition | null {
  const entries = node.kind === 'map' ? node.entries : [];
  for (const { key, value } of entries) {
    const group = GROUPS.find((each) => each === key);
    if (group === undefined) continue;
    readFields(node, `${group === 'not' ? 'a' : 'an'} \`${group}\` group`, [group], report);
    return readGroup(group, value, report);
  }
  const [only] = entries;
  const meant = only === undefined || entries.length > 1 ? null : groupMeant(only.key);
  return only === undefined || meant === null ? readSingle(node, report) : notAGroup(only, meant, report);
}

function readGroup(group: Group, value: Located, report: Report): Condition | null {
  if (group === 'not') {
    const not = readCondition(value, report);
    return not === null ? null : { not };
  }
  const conditions = readConditions(value, `\`${group}\``, report);
  return group === 'any' ? { any: conditions } : { all: conditions };
}

/** The group that a key which is none was meant to be; null where it is as near to a key of a single condition. */
function groupMeant(key: string): Group | null {
  const words = [...CONDITION_KEYS, ...GROUPS];
  const near = GROUPS_ELSEWHERE.get(key.toLowerCase()) ?? nearest(key, words);
  return GROUPS.find((each) => each === near) ?? null;
}

/** Reports a key that is no group, and what is wrong within it. */
function notAGroup({ key, value, at }: Entry, meant: Group, report: Report): null {
  const [single, groups] = [CONDITION_KEYS, GROUPS].map((words) =>
    words.map((each) => `\`${each}\``).join(', '),
  );
  const expected = `expected one of ${single}, or one of ${groups}; did you mean \`${meant}\`?`;
  report.error(at, 'unknown_key', `unknown key \`${clip(key)}\` in a condition; ${expected}`);
  readGroup(meant, value, report);
  return null;
}

function readSingle(node: Located, report: Report): Condition | null {
  if (node.kind !== 'map') {
    const expected = 'expected a condition such as `{ path: identity.roles, op: contains, value: admin }`';
    report.error(node.at, 'wrong_type', `${expected}; found ${describe(node)}`);
    return null;
  }
  const opKey = node.entries.find(({ key }) => opCalled(key) !== undefined);
  const fields = readFields(node, 'a condition', CONDITION_KEYS, report, {
    ...HINTS,
    ...(opKey && { [opKey.key]: `write \`op: ${opCalled(opKey.key)}\`, and \`value\` beside it` }),
  });
  if (fields === null) return null;
  for (const key of CONDITION_KEYS) {
    // An operator as key stands for the two that it was told to be.
    if (fields.lacks(key) && (opKey === undefined || key === 'path')) {
      report.error(fields.at, 'missing_key', `expected \`${key}\` in a condition${missingHint(key, fields)}`);
    }
  }
  const pathNode = fields.get('path');
  const opNode = fields.get('op');
  const valueNode = fields.get('value');
  const path = pathNode === undefined ? null : readText(pathNode, '`path`', report);
  const op = opNode === undefined ? null : readOperator(opNode, valueNode, report);
  const value = valueNode === undefined || op === null ? undefined : readValue(valueNode, op, report);
  if (path === null) return null;
  const condition: Condition = { path, op: op ?? 'exists', value: value ?? true };
  const isUnread = valueNode !== undefined && hasErrorIn(valueNode, report);
  if (op === null || value === undefined || isUnread) report.broken.add(condition);
  if (pathNode !== undefined) report.note(condition, 'path', pathNode.at);
  if (valueNode !== undefined) {
    report.note(condition, 'value', valueNode.at);
    report.written.set(condition, valueNode);
  }
  report.note(condition, 'op', fields.placeOf('op'));
  return condition;
}

/** What asks elsewhere whether nothing is there; `exists` with the same value would ask the opposite. */
const ABSENT: ReadonlySet<string> = new Set(['not_exists', 'is_null', 'null', 'missing', 'absent']);

function readOperator(node: Located, value: Located | undefined, report: Report): Operator | null {
  const word = node.kind === 'scalar' && typeof node.value === 'string' ? node.value.toLowerCase() : '';
  if (!ABSENT.has(word)) return readWord(node, OPERATORS, report, ELSEWHERE);
  const isThere = value?.kind === 'scalar' && value.value === false;
  const message = `expected an operator; found ${describe(node)}; did you mean \`op: exists, value: ${isThere}\`?`;
  report.error(node.at, 'wrong_value', message);
  return null;
}

function readValue(node: Located, op: Operator, report: Report): Json | undefined {
  if (node.kind === 'scalar' && node.value === null) {
    const message = 'expected a value other than null; `op: exists` asks whether there is one';
    report.error(node.at, 'null_value', message);
    return undefined;
  }
  const before = report.problems.length;
  checkLists(node, op === 'subset_of' ? 'may be empty' : 'not empty', report);
  if (report.problems.length > before) return undefined;
  const value = toJson(node, report);
  const row = VALUES[op];
  if (row !== null && !row.fits(value)) {
    report.error(
      node.at,
      'wrong_value',
      `expected ${row.expected} as value of \`${op}\`; found ${describe(node)}${meantValue(row, value)}`,
    );
    return undefined;
  }
  return op === 'regex' && !compiles(String(value), node, report) ? undefined : value;
}

/** What stands in quotes, is a word of YAML 1.1, or a list of one, and is fine without. */
function meantValue(row: Form, value: Json): string {
  if (row === LIST && typeof value !== 'object') return '; a single one also stands in `[ ]`';
  if (typeof value !== 'string') return '';
  if (row === NUMBER && /^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$/.test(value)) {
    return `; did you mean the number \`${value}\`?`;
  }
  const flag = row === FLAG ? FLAGS.get(value.toLowerCase()) : undefined;
  return flag === undefined ? '' : `; did you mean \`${flag}\`, without quotes?`;
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'yes', 'on', 'y'].map((word) => [word, true] as const),
  ...['false', 'no', 'off', 'n'].map((word) => [word, false] as const),
]);

function checkLists(node: Located, empty: 'may be empty' | 'not empty', report: Report): void {
  if (node.kind === 'scalar') return;
  if (node.kind === 'map') {
    for (const entry of node.entries) checkLists(entry.value, 'not empty', report);
    return;
  }
  if (node.items.length === 0 && empty === 'not empty') {
    report.error(node.at, 'empty_list', 'expected a list that is not empty');
  }
  for (const item of node.items) {
    if (item.kind === 'scalar' && item.value === null) {
      report.error(item.at, 'null_value', 'expected no null in a list');
    } else checkLists(item, 'not empty', report);
  }
}

function compiles(pattern: string, node: Located, report: Report): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch (error) {
    const why = error instanceof Error ? clip(error.message, 200) : 'it does not compile';
    report.error(
      node.at,
      'bad_regex',
      `expected a regular expression in RE2 syntax, without look-around and back-references: ${why}`,
    );
    return false;
  }
}

function isNumber(value: Json): boolean {
  return typeof value === 'number';
}

function isText(value: Json): boolean {
  return typeof value === 'string';
}
