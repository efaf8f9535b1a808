import type { AuditRecord, Json, JsonObject } from '../model/index.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { isList, isObject } from '../policy/paths.ts';
import { auditLineReader, CODES, TIME } from './audit-line.ts';
import { type OnBytes, textLines } from './text-lines.ts';

/** One line of an audit: a record (also one with `intent`), or why the line is none. Lines are numbered from 1. */
export type Recorded = { readonly file: string; readonly line: number } & (
  | { readonly record: AuditRecord }
  | { readonly problem: string }
);

/**
 * The records of audit files, in the order of the lines: oldest file first, plain or gzip, `-` for stdin.
 * A line is checked for its form, not for its hash: `verify-audit` does that. Memory does not grow with the files.
 */
export async function* recordedCalls(files: readonly string[], onBytes?: OnBytes): AsyncGenerator<Recorded> {
  for await (const lines of textLines(files, onBytes)) {
    for (const each of lines) {
      const { file, line } = each;
      const read = 'problem' in each ? each : readRecord(each.text);
      if (!('about' in read)) yield { file, line, ...read };
    }
  }
}

/** The text of one line -> its record, or why it is none. */
export function readRecord(text: string): ReadRecord {
  const record = readAuditLine(text);
  if (record !== null) return { record };
  const value = readObject(text);
  return typeof value === 'string' ? { problem: value } : asRecord(value);
}

/** A record, or why there is none; or a line of the audit that is about no call. */
export type ReadRecord =
  | { readonly record: AuditRecord }
  | { readonly problem: string }
  | { readonly about: 'a token' };

/** The record of a line as the proxy writes it; null: it has to be looked at. */
export const readAuditLine = auditLineReader(parseQuickly);

/**
 * The object that a text is, each key in it once; else what is wrong with the text.
 *
 * `JSON.parse` hides a key that is there twice, and our own parser, which does not, takes several times as long. But a
 * text without backslashes has two quotes for each name and each text in it, so where the value needs as many quotes
 * as the line has, no member was dropped: that is exact, and nearly every line that the proxy writes is such a line.
 * Any other goes through our own parser, which tells what is wrong, or that nothing is.
 */
export function readObject(text: string): JsonObject | string {
  const value = parseQuickly(text);
  return isObject(value) ? value : parseStrictly(text);
}

/** An object -> the record that it is, or why it is none. */
export function asRecord(value: JsonObject): ReadRecord {
  if (isTokenLine(value)) return { about: 'a token' };
  if (isLoss(value)) return { problem: `${value.lost} records were lost here, as the audit itself says` };
  const wrong = wrongMember(value);
  // Each member that is relied upon was looked at.
  return wrong === null ? { record: value as unknown as AuditRecord } : { problem: wrong };
}

/** The value of a text in which no key is there twice; undefined where that is not certain. */
function parseQuickly(text: string): Json | undefined {
  if (text.includes('\\')) return undefined;
  try {
    const value: Json = JSON.parse(text);
    return quotesOf(value) === quotesIn(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

function quotesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}

/** Not a number where a number in it was too large for a double. */
function quotesOf(value: Json): number {
  if (typeof value === 'string') return 2;
  if (typeof value === 'number') return value - value;
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (isList(value)) for (const element of value) count += quotesOf(element);
  else for (const name of Object.keys(value)) count += 2 + quotesOf(value[name] ?? null);
  return count;
}

function parseStrictly(text: string): JsonObject | string {
  const parsed = parseJson(text);
  if (!parsed.ok) return `not JSON: ${parsed.why}`;
  const [fault] = parsed.faults;
  if (fault !== undefined) return `expected each key once and plain values (${fault.why})`;
  return isObject(parsed.value) ? parsed.value : 'expected a record, a JSON object';
}

/** What the audit writes where its file could not be written for long (docs/audit.md, "Lost lines"). */
function isLoss(value: JsonObject): value is { readonly lost: number } {
  return typeof value['lost'] === 'number' && !Object.hasOwn(value, 'id');
}

/** A line of the token service: about a token, not a call (docs/audit.md, "Tokens"). */
function isTokenLine({ event }: JsonObject): boolean {
  return event === 'token_issued' || event === 'token_refused';
}

type Check = (value: Json | undefined) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isTextOrNull: Check = (value) => value === null || typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value);

const IS_CODE: ReadonlySet<string> = new Set(CODES);
const IS_TIME = new RegExp(`^${TIME}$`);

/** The members of a record that replaying it relies on (docs/audit.md, "A record"), and what they have to be. */
const MEMBERS: Readonly<Record<string, readonly [check: Check, expected: string]>> = {
  id: [isText, 'a text'],
  at: [
    (value) => typeof value === 'string' && IS_TIME.test(value),
    'a time such as 2026-01-01T00:00:00.000Z',
  ],
  intent: [(value) => value === undefined || value === true, '`true`, or no such member'],
  tool: [isText, 'a text'],
  operation: [isTextOrNull, 'a text or null'],
  transport: [oneOf('stdio', 'http', 'rest'), 'one of `stdio`, `http`, `rest`'],
  caller: [isCaller, '`sub`, `client_id`, `tenant` and `session`, each a text or null'],
  verdict: [oneOf('allow', 'deny'), '`allow` or `deny`'],
  code: [(value) => typeof value === 'string' && IS_CODE.has(value), 'a code of a decision'],
  rule: [isTextOrNull, 'a text or null'],
  policy: [isText, 'a text'],
  mode: [oneOf('enforce', 'observe'), '`enforce` or `observe`'],
  would: [(value) => value === null || isWould(value), '`code` and `rule`, or null'],
  args: [(value) => typeof value === 'string' || isObject(value), 'an object, or the fingerprint of one'],
  upstream: [(value) => value === null || isObject(value), 'an object or null'],
  ms: [isNumber, 'a number'],
  note: [(value) => value === undefined || typeof value === 'string', 'a text, or no such member'],
};
const CHECKS = Object.entries(MEMBERS);

function wrongMember(record: JsonObject): string | null {
  for (const [name, [check, expected]] of CHECKS) {
    if (!check(record[name])) return `expected a record of the audit: \`${name}\` is to be ${expected}`;
  }
  return null;
}

function isCaller(value: Json | undefined): boolean {
  return (
    isObject(value) &&
    isTextOrNull(value['sub']) &&
    isTextOrNull(value['client_id']) &&
    isTextOrNull(value['tenant']) &&
    isTextOrNull(value['session'])
  );
}

function isWould(value: Json | undefined): boolean {
  return isObject(value) && isText(value['code']) && isTextOrNull(value['rule']);
}
