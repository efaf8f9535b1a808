import type { Condition, Json, Operator, Position } from '../../model/index.ts';
import { type Fields, readFields, readText, readWord } from '../fields.ts';
import { clip, type Located, type Report, toJson } from '../located.ts';
import { isList, isObject } from '../paths.ts';
import { type Findings, isRefusal, type Refusal } from './findings.ts';
import { bodyMoves, findPath, type Place } from './places.ts';
import { asType, isIncomparable, scalarAt, withTwins } from './values.ts';

/** The operators of Intercept; each is one here as well. */
const OPERATORS = [
  'eq',
  'neq',
  'in',
  'not_in',
  'lt',
  'lte',
  'gt',
  'gte',
  'regex',
  'contains',
  'exists',
] as const;
type SourceOperator = (typeof OPERATORS)[number] & Operator;

/** One condition as written, its path not yet followed. */
export interface SourceCondition {
  readonly path: string;
  readonly op: SourceOperator;
  /** null also where it is left out. */
  readonly value: Json;
  readonly at: Position;
}

export type LocatedCondition = SourceCondition & { readonly node: Located };

/** A condition of Intercept; null, with its errors, where it is none. */
export function readSourceCondition(node: Located, report: Report): LocatedCondition | null {
  const fields = readFields(node, 'a condition', ['path', 'op', 'value'], report);
  if (fields === null) return null;
  for (const key of ['path', 'op']) {
    if (!fields.has(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in a condition`);
  }
  const path = textOf(fields, 'path', report);
  const op = fields.get('op');
  const word = op === undefined ? null : readWord(op, OPERATORS, report);
  if (path === null || word === null) return null;
  if (!/^(?:args|state)\../.test(path)) {
    report.error(
      fields.placeOf('path'),
      'unknown_path',
      'expected a path that begins with `args.` or `state.`',
    );
    return null;
  }
  const value = fields.get('value');
  return {
    path,
    op: word,
    value: value === undefined ? null : toJson(value, report),
    at: fields.placeOf('path'),
    node: value ?? node,
  };
}

function textOf(fields: Fields, key: string, report: Report): string | null {
  const node = fields.get(key);
  return node === undefined ? null : readText(node, `\`${key}\``, report);
}

/** A condition on arguments -> what says the same here, or why nothing does. */
export function translateCondition(
  source: LocatedCondition,
  place: Place,
  findings: Findings,
): readonly Condition[] | Refusal {
  const { path, op, at } = source;
  const misread = misreadNumber(source.node);
  if (misread !== null) return { refused: misread, code: 'number', at: source.node.at };
  tellOfBareTexts(source.node, findings);
  const found = findPath(path, place.tools);
  if (!found.ok) {
    const why = typeof found.why === 'string' ? found.why : found.why();
    return { refused: `there is no such argument here: ${why}`, code: 'unknown_path', at };
  }
  if (op === 'exists' && source.value === false) return absent(source, found.paths, place);
  const [here = path] = found.paths;
  if (here !== path) findings.add('same', at, 'path', `\`${clip(path)}\` is \`${here}\` here`);
  const value = translateValue(source, scalarAt(here, place.tools), findings);
  return isRefusal(value) ? value : [{ path: here, ...value }];
}

/** What has to be absent has to be so by each of its names: otherwise more would be permitted. */
function absent(
  { path, at }: SourceCondition,
  paths: readonly string[],
  { tools }: Place,
): readonly Condition[] | Refusal {
  if (bodyMoves(path, tools)) {
    const refused = 'an absent `body` says nothing here: its members may be given at the top level as well';
    return { refused: `${refused}; name them one by one`, code: 'body', at };
  }
  return paths.map((each) => ({ path: each, op: 'exists', value: false }));
}

/** Go reads numbers that YAML 1.2 reads otherwise. */
function misreadNumber(node: Located): string | null {
  if (node.kind === 'list') return node.items.map(misreadNumber).find((each) => each !== null) ?? null;
  if (node.kind !== 'scalar' || typeof node.value !== 'number' || !/^[-+]?0[0-9]/.test(node.source))
    return null;
  return 'a number with a leading zero is octal in Intercept; write it without the zero';
}

/** Where these stand without quotes, which can no longer be told, Go reads a date, which equals no text, or a number. */
const BARE = /^(?:\d{4}-\d{1,2}-\d{1,2}(?:[Tt ].*)?|[-+]?(?:0b)?[0-9][0-9_]*_[0-9_]*|0b[01]+)$/;

function tellOfBareTexts(node: Located, findings: Findings): void {
  if (node.kind === 'list') for (const item of node.items) tellOfBareTexts(item, findings);
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || !BARE.test(node.value)) return;
  const words = 'without quotes, this is a date or a number in Intercept; here it is this text';
  findings.add('differs', node.at, 'bare_text', words);
}

type Compared = { readonly op: Operator; readonly value: Json };
const LISTS: ReadonlySet<SourceOperator> = new Set(['in', 'not_in']);
const NUMBERS: ReadonlySet<SourceOperator> = new Set(['lt', 'lte', 'gt', 'gte']);
const PRESENT: Compared = { op: 'exists', value: true };

function translateValue(
  source: SourceCondition,
  type: ReturnType<typeof scalarAt>,
  findings: Findings,
): Compared | Refusal {
  const { op, value, at } = source;
  const refuse = (refused: string): Refusal => ({ refused, code: 'value', at });
  if (op === 'exists')
    return value === true ? PRESENT : refuse('expected `true` or `false` as value of `exists`');
  if (NUMBERS.has(op))
    return typeof value === 'number' ? { op, value } : refuse(`expected a number as value of \`${op}\``);
  if (op === 'regex')
    return typeof value === 'string' ? { op, value } : refuse('expected a text as value of `regex`');
  if (LISTS.has(op))
    return isList(value)
      ? translateList(source, value, type, findings)
      : refuse(`expected a list as value of \`${op}\``);
  if (op === 'neq' && value === null) return PRESENT;
  if (isIncomparable(value)) return refuse('null counts as missing here, and cannot be compared');
  if (isList(value) || isObject(value)) {
    if (op === 'neq')
      return refuse(
        'Intercept compares lists and mappings by how they are printed; here they are compared deep',
      );
    findings.add(
      'differs',
      at,
      'deep',
      'lists and mappings are compared deep here, not by how they are printed',
    );
    return { op, value };
  }
  if (op === 'contains') return { op, value };
  return translateScalar(source, value, type, findings);
}

function translateScalar(
  { op, at }: SourceCondition,
  value: Json,
  type: ReturnType<typeof scalarAt>,
  findings: Findings,
): Compared | Refusal {
  if (type === null) {
    tellOfTypes(at, findings);
    return { op, value };
  }
  const typed = asType(value, type);
  if (typed === undefined) {
    if (op === 'neq') return PRESENT;
    return { refused: `there is a ${type} here, which never equals this value`, code: 'value', at };
  }
  if (typed !== value)
    findings.add('same', at, 'type', `the value is written as the ${type} that stands here`);
  return { op, value: typed };
}

function tellOfTypes(at: Position, findings: Findings): void {
  const words = 'scalars compare by type here: `"5"` is not 5, and a value of another type is denied';
  findings.once('differs', at, 'types', words);
}

function translateList(
  { op, at }: SourceCondition,
  list: readonly Json[],
  type: ReturnType<typeof scalarAt>,
  findings: Findings,
): Compared | Refusal {
  const members = list.filter((item) => item !== null);
  if (members.some((item) => isList(item) || isObject(item)))
    return {
      refused: 'lists and mappings in a list are compared by how they are printed in Intercept',
      code: 'value',
      at,
    };
  if (members.length < list.length)
    findings.add('same', at, 'null', 'null counts as missing here, so it is left out of the list');
  if (type === null) tellOfTypes(at, findings);
  const value = type === null ? withTwins(members) : members.flatMap((item) => asType(item, type) ?? []);
  if (value.length > 0) return { op, value };
  return op === 'not_in'
    ? PRESENT
    : { refused: 'no value that can stand here is in the list', code: 'value', at };
}
