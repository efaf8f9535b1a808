import type { Identity, Instant, Problem } from '../model/index.ts';
import type { Case, CaseFile } from './cases.ts';
import { type Fields, readFields, readList, readText } from './fields.ts';
import { clip, describe, type Located, type Report, toJson } from './located.ts';
import { type CaseScope, type CaseWords, readCall, readTimeOf } from './read-call.ts';
import { readExpected } from './read-expected.ts';
import { readGiven } from './read-given.ts';
import { readCaseYaml } from './short-given.ts';

export type ParsedCases =
  | { readonly ok: true; readonly file: CaseFile }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** The policy that the file is for, where that much can be read: its problems can be told as well. */
      readonly policy: string | null;
    };

export const FILE_KEYS = ['policy', 'at', 'callers', 'cases'] as const;
const HINTS = { name: '`name` belongs into a case', call: '`call` belongs into a case' };
/** The clock of cases that set none. */
const NEW_YEAR: Instant = Date.UTC(2026, 0, 1);

/** The text of a test file -> its cases, or every problem at once. Never throws. */
export function parseCases(text: string, words: CaseWords): ParsedCases {
  const { root, report } = readCaseYaml(text.replace(/^\uFEFF/, ''));
  const file = root === null ? null : readFile(root, words, report);
  if (file !== null && report.problems.length === 0) return { ok: true, file };
  return { ok: false, problems: report.inOrder().map(ofTests), policy: file?.policy || null };
}

/** An empty file is told of in the words of a test file. */
function ofTests(problem: Problem): Problem {
  return problem.code === 'empty'
    ? { ...problem, message: 'expected a test file, with `policy` and `cases`' }
    : problem;
}

function readFile(root: Located, words: CaseWords, report: Report): CaseFile | null {
  const fields = readFields(root, 'a test file', FILE_KEYS, report, HINTS);
  if (fields === null) return null;
  requireKeys(fields, ['policy', 'cases'], 'a test file', report);
  const policy = fields.get('policy');
  const file = policy && readText(policy, '`policy`, the file to test', report);
  const scope = { words, report, callers: readCallers(fields.get('callers'), words, report) };
  const at = readTimeOf(fields, 'at', NEW_YEAR, scope);
  const list = fields.get('cases');
  const items = (list && readList(list, '`cases`', 'not empty', report)) ?? [];
  const cases = items.flatMap((item) => readCase(item, at, scope) ?? []);
  checkNames(cases, report);
  return { policy: file ?? '', cases };
}

function requireKeys(fields: Fields, keys: readonly string[], what: string, report: Report): void {
  for (const key of keys) {
    if (!fields.has(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in ${what}`);
  }
}

function readCallers(
  node: Located | undefined,
  words: CaseWords,
  report: Report,
): ReadonlyMap<string, Identity> {
  const callers = new Map<string, Identity>();
  if (node === undefined) return callers;
  if (node.kind !== 'map') {
    report.error(node.at, 'wrong_type', `expected \`callers\`, a mapping of names; found ${describe(node)}`);
    return callers;
  }
  for (const { key, value } of node.entries) callers.set(key, readCaller(value, words, report));
  return callers;
}

/** Each member is read alone, so that each is told of where it stands. */
function readCaller(node: Located, words: CaseWords, report: Report): Identity {
  if (node.kind !== 'map') {
    report.error(node.at, 'wrong_type', `expected a caller, a mapping; found ${describe(node)}`);
    return {};
  }
  let identity: Identity = {};
  for (const { key, at, value } of node.entries) {
    const read = words.identity({ [key]: toJson(value, report) });
    if (read.ok) identity = { ...identity, ...read.value };
    else report.error(at, 'identity', read.error);
  }
  return identity;
}

export const CASE_KEYS = [
  'name',
  'caller',
  'session',
  'transport',
  'given',
  'call',
  'args',
  'at',
  'expect',
] as const;
const CASE_HINTS = {
  outcome: '`outcome` belongs to a call in `given`: a case ends with its decision',
  settled_at: '`settled_at` belongs to a call in `given`: a case ends with its decision',
};

function readCase(node: Located, at: Instant, scope: CaseScope): Case | null {
  const { report } = scope;
  const fields = readFields(node, 'a case', CASE_KEYS, report, CASE_HINTS);
  if (fields === null) return null;
  requireKeys(fields, ['name', 'call', 'expect'], 'a case', report);
  const [name, expected, given] = ['name', 'expect', 'given'].map((key) => fields.get(key));
  const base = { tool: '', args: {}, identity: {}, session: 'test', transport: 'stdio', at } as const;
  const call = readCall(fields, base, scope);
  return {
    name: (name && readText(name, '`name`', report)) ?? '',
    place: fields.placeOf('name'),
    call,
    given: given === undefined ? [] : readGiven(given, call, scope),
    expect: (expected && readExpected(expected, report)) ?? {},
  };
}

function checkNames(cases: readonly Case[], report: Report): void {
  const seen = new Set<string>();
  for (const { name, place } of cases) {
    if (name !== '' && seen.has(name)) {
      report.error(place, 'duplicate_name', `two cases are named \`${clip(name)}\`; expected each name once`);
    }
    seen.add(name);
  }
}
