import type { JsonObject, Position } from '../model/index.ts';
import { type Located, Report, toJson } from './located.ts';
import { readYaml } from './parse.ts';
import { isObject } from './paths.ts';
import type { ProblemCode } from './problem-codes.ts';

/** `5 calls of deleteJwtRefresh { token: t }`, taken apart; null where a text is no such thing. */
export interface ShortGiven {
  readonly times: number;
  readonly tool: string;
  readonly args: JsonObject;
}

/** What follows the number of calls: the tool, and its arguments as a flow mapping. */
export const SHORT_REST = ' calls? of (\\S+)(?:\\s+(\\{[\\s\\S]*\\}))?\\s*$';
const SHORT = new RegExp(`^([1-9][0-9]{0,8})${SHORT_REST}`);

/** Reads the short form of `given`; what is wrong with its arguments is reported where it begins. */
export function readShortGiven(text: string, at: Position, report: Report): ShortGiven | null {
  const match = SHORT.exec(text);
  if (match === null) return null;
  const [, times = '', tool = '', written = '{}'] = match;
  const inner = new Report();
  const node = readYaml(written, inner);
  const args = node === null ? null : toJson(node, inner);
  // Only the reader of YAML reported here, and its codes are the policy's own.
  for (const { code, message } of inner.problems) report.error(at, code as ProblemCode, message);
  return { times: Number(times), tool, args: isObject(args) ? args : {} };
}

const UNQUOTED = /^(\s*(?:- +)?(?:given: +)?)([1-9][0-9]* calls? of \S+\s+\{.*\})(\s*(?:#.*)?)$/;

/**
 * The YAML of a test file, in which the short form may stand on its line without quotes, although YAML refuses such a
 * text or reads it as a mapping. It is read as if it had the quotes; a line that only looks like one is left alone.
 */
export function readCaseYaml(text: string): { readonly root: Located | null; readonly report: Report } {
  const written = text.split('\n');
  const lines = written.map(quoted);
  const report = new Report();
  const root = readYaml(lines.join('\n'), report);
  if (root === null) return { root, report };
  const given = new Set(givenTexts(root).map(({ line }) => line));
  const right = lines.map((line, i) => (given.has(i + 1) ? line : (written[i] ?? '')));
  if (right.every((line, i) => line === lines[i])) return { root, report };
  const again = new Report();
  return { root: readYaml(right.join('\n'), again), report: again };
}

/** A line with the short form on it in quotes; any other line as it is. */
function quoted(line: string): string {
  const match = UNQUOTED.exec(line.replace(/\r$/, ''));
  const [, before = '', short = '', rest = ''] = match ?? [];
  return match === null || before.trim() === '' ? line : `${before}'${short.replaceAll("'", "''")}'${rest}`;
}

/** Where the texts under `given`, and those in its lists, stand. */
function givenTexts(root: Located): readonly Position[] {
  const cases = under('cases', root);
  const given = cases?.kind === 'list' ? cases.items.flatMap((each) => under('given', each) ?? []) : [];
  const all = given.flatMap((each) => (each.kind === 'list' ? each.items : [each]));
  return all.filter(({ kind }) => kind === 'scalar').map(({ at }) => at);
}

function under(key: string, node: Located): Located | undefined {
  return node.kind === 'map' ? node.entries.find((entry) => entry.key === key)?.value : undefined;
}
