import {
  Composer,
  CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type YAMLMap,
} from 'yaml';
import type { Policy, Position, Problem, Tool } from '../model/index.ts';
import { checkPolicy } from './check.ts';
import { clip, type Entry, type Located, Report, START } from './located.ts';
import { isExact } from './numbers.ts';
import { readPolicy } from './read-policy.ts';
import { mistakesOf } from './yaml-mistakes.ts';
import { yamlHint } from './yaml-hints.ts';

/** A policy file that may be used, or why it may not. Problems stand in reading order. */
export type ParsedPolicy =
  | {
      readonly ok: true;
      readonly policy: Policy;
      readonly warnings: readonly Problem[];
      /** Where parts of the policy stand in the file. */
      readonly placeOf: (owner: object, member: string | number) => Position;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const MAX_BYTES = 1024 * 1024;
/** More than arguments may have, so that a value can equal any of them. */
const MAX_LEVELS = 200;
/** What YAML allows for keys without a `?`. */
const MAX_KEY = 1024;

/**
 * The text of a policy file -> a checked policy, or every problem at once (policy-language.md).
 *
 * @param tools what the policy may speak of; null switches the knowledge of tools off (`--tools any`). Never throws.
 */
export function parsePolicy(text: string, tools: readonly Tool[] | null): ParsedPolicy {
  const report = new Report();
  const root = readYaml(text.replace(/^\uFEFF/, ''), report);
  if (root !== null) {
    const policy = readPolicy(root, tools, report);
    if (policy !== null) {
      checkPolicy(policy, tools, report);
      const problems = report.inOrder();
      if (!problems.some((problem) => problem.severity === 'error')) {
        return { ok: true, policy, warnings: problems, placeOf: report.placeOf.bind(report) };
      }
    }
  }
  return { ok: false, problems: report.inOrder() };
}

/** YAML text -> its one value with the place of each part; null where it cannot be read. What no file may hold is reported. */
export function readYaml(text: string, report: Report): Located | null {
  if (new TextEncoder().encode(text).length > MAX_BYTES) {
    report.error(START, 'too_large', 'expected at most 1 MiB');
    return null;
  }
  const lines = new LineCounter();
  const placeAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const tokens: CST.Token[] = [];
  const deep = readTokens(text, tokens, lines);
  if (deep !== null) {
    report.error(placeAt(deep), 'too_deep', `expected at most ${MAX_LEVELS} levels of nesting`);
    return null;
  }
  checkLineBreaks(text, placeAt, report);
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false, merge: false });
  const documents = withoutStacks(() => [...composer.compose(tokens)]);
  const root = readDocument(documents, { text, placeAt }, report);
  if (root !== null) checkDirectives(text, placeAt, report);
  return root;
}

/**
 * Reads a text into tokens, no further than where they are nested too deeply, which is the result, else null: all
 * that reads the tokens later may recurse.
 */
function readTokens(text: string, tokens: CST.Token[], lines: LineCounter): number | null {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The first that is open is the document.
    const deepest = parser.stack[MAX_LEVELS + 1];
    if (CST.isCollection(deepest)) return deepest.offset;
  }
  for (const token of parser.end()) tokens.push(token);
  return null;
}

/** A mistake of the text is an Error in `yaml`; a million stacks, which nobody sees, would take a gigabyte. */
function withoutStacks<T>(compose: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return compose();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function nothing(report: Report): null {
  report.error(START, 'empty', 'expected a policy; begin with `default: deny`');
  return null;
}

function readDocument(
  documents: readonly Document.Parsed[],
  { text, placeAt }: { readonly text: string; readonly placeAt: (offset: number) => Position },
  report: Report,
): Located | null {
  const [document, second] = documents;
  if (document === undefined) return nothing(report);
  for (const { pos, message, sequels } of mistakesOf(documents)) {
    report.error(placeAt(pos[0]), 'yaml', () => {
      const behind = sequels === 0 ? '' : `; ${sequels} more behind it, which may follow from these`;
      return `not valid YAML: ${clip(message, 200)}${yamlHint(message, text, pos[0])}${behind}`;
    });
  }
  if (report.errors > 0) return null;
  if (second !== undefined) {
    report.error(placeAt(second.range[0]), 'second_document', 'expected one document a file');
  }
  return document.contents === null ? nothing(report) : locate(document.contents, placeAt, report);
}

/**
 * A carriage return alone is a line break of YAML and of editors, and none to the parser: what stands behind it on a
 * line of its own would be the rest of a comment.
 */
function checkLineBreaks(text: string, placeAt: (offset: number) => Position, report: Report): void {
  const index = text.search(/\r(?!\n)/);
  if (index !== -1) {
    report.error(placeAt(index), 'line_break', 'expected LF or CR LF as line break; found CR alone');
  }
}

/** Directives that change how a file is read; they stand before the first line of a document. */
function checkDirectives(text: string, placeAt: (offset: number) => Position, report: Report): void {
  // Not `^`, to which more than YAML's line breaks begin a line.
  const [head = ''] = text.split(/(?<![^\n])[^%#\s]/, 1);
  for (const { 0: directive, index } of head.matchAll(
    /(?<![^\n])%(?:TAG|YAML(?![ \t]+1\.2(?![0-9.])))\b.*/g,
  )) {
    const expected = directive.startsWith('%TAG') ? 'no `%TAG` directive' : 'YAML 1.2';
    report.error(placeAt(index), 'directive', `expected ${expected}; found \`${clip(directive)}\``);
  }
}

function locate(node: Node, placeAt: (offset: number) => Position, report: Report): Located {
  const at = placeAt(node.range?.[0] ?? 0);
  if (isAlias(node)) {
    const star = `\`"*${clip(node.source)}"\``;
    report.unreadable(
      at,
      'alias',
      `expected no alias; write the value out, or put a text in quotes: ${star}`,
    );
    return { kind: 'scalar', at, value: null, source: '' };
  }
  if (node.anchor !== undefined)
    report.error(at, 'anchor', 'expected no anchor; write values out where they belong');
  if (node.tag !== undefined) report.unreadable(at, 'tag', `expected no tag; found \`${clip(node.tag)}\``);
  if (isMap(node)) return { kind: 'map', at, entries: locateEntries(node, placeAt, report) };
  if (isSeq(node)) {
    return { kind: 'list', at, items: node.items.map((item) => locateItem(item, at, placeAt, report)) };
  }
  return isScalar(node)
    ? locateScalar(node.value, node.source ?? '', at, report)
    : { kind: 'scalar', at, value: null, source: '' };
}

function locateItem(
  item: unknown,
  at: Position,
  placeAt: (offset: number) => Position,
  report: Report,
): Located {
  return isNode(item) ? locate(item, placeAt, report) : { kind: 'scalar', at, value: null, source: '' };
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function locateEntries(
  map: YAMLMap,
  placeAt: (offset: number) => Position,
  report: Report,
): readonly Entry[] {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const pair of map.items as readonly Pair[]) {
    const keyAt = isNode(pair.key) ? placeAt(pair.key.range?.[0] ?? 0) : placeAt(map.range?.[0] ?? 0);
    const key = isScalar(pair.key) ? pair.key.value : null;
    if (isNode(pair.key)) locate(pair.key, placeAt, report);
    if (isAlias(pair.key)) continue;
    if (typeof key !== 'string') {
      report.error(keyAt, 'key', 'expected a text as key; quote it if it is one');
    } else if (key.length > MAX_KEY) {
      report.error(keyAt, 'key', `expected a key of at most ${MAX_KEY} characters`);
    } else if (key === '__proto__') {
      report.error(keyAt, 'key', 'expected a key other than `__proto__`');
    } else if (seen.has(key)) {
      report.error(keyAt, 'duplicate_key', `duplicate key \`${clip(key)}\`; expected each key once`);
    } else {
      seen.add(key);
      entries.push({ key, at: keyAt, value: locateItem(pair.value, keyAt, placeAt, report) });
    }
  }
  return entries;
}

function locateScalar(value: unknown, source: string, at: Position, report: Report): Located {
  if (typeof value === 'number' && !isExact(value, source)) {
    const expected = 'expected a finite number that a double holds exactly';
    report.unreadable(at, 'number', `${expected}; found \`${clip(source)}\``);
    return { kind: 'scalar', at, value: 0, source };
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    report.error(at, 'text', 'expected well-formed Unicode');
  }
  const known =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', at, value: known, source };
}
