import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import type { Policy, Position, Problem, Tool } from '../model/index.ts';
import { checkPolicy } from './check.ts';
import { clip, type Entry, type Located, Report, START } from './located.ts';
import { readPolicy } from './read-policy.ts';

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

function readYaml(text: string, report: Report): Located | null {
  if (new TextEncoder().encode(text).length > MAX_BYTES) {
    report.error(START, 'too_large', 'expected at most 1 MiB');
    return null;
  }
  const lines = new LineCounter();
  const placeAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      uniqueKeys: false,
      prettyErrors: false,
      merge: false,
    });
    return Array.isArray(documents) ? readDocument(documents, placeAt, report) : nothing(report);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report.error(START, 'too_deep', 'expected fewer levels of nesting');
    return null;
  }
}

function nothing(report: Report): null {
  report.error(START, 'empty', 'expected a policy; the smallest is `{}`');
  return null;
}

function readDocument(
  documents: readonly Document.Parsed[],
  placeAt: (offset: number) => Position,
  report: Report,
): Located | null {
  const [document, second] = documents;
  if (document === undefined) return nothing(report);
  for (const { pos, message } of documents.flatMap((each) => [...each.errors, ...each.warnings])) {
    report.error(placeAt(pos[0]), 'yaml', `not valid YAML: ${clip(message)}`);
  }
  if (second !== undefined) {
    report.error(placeAt(second.range[0]), 'second_document', 'expected one document a file');
  }
  const { yaml, tags } = document.directives;
  if (yaml.explicit && yaml.version !== '1.2') {
    report.error(START, 'directive', 'expected YAML 1.2; take the `%YAML` directive out');
  }
  if (Object.keys(tags).some((handle) => handle !== '!!')) {
    report.error(START, 'directive', 'expected no `%TAG` directive');
  }
  if (report.problems.length > 0) return null;
  if (document.contents === null) return nothing(report);
  const root = locate(document.contents, placeAt, report);
  return report.problems.length > 0 ? null : root;
}

function locate(node: Node, placeAt: (offset: number) => Position, report: Report): Located {
  const at = placeAt(node.range?.[0] ?? 0);
  if (isAlias(node)) {
    report.error(at, 'alias', 'expected no alias; write the value out');
    return { kind: 'scalar', at, value: null, source: '' };
  }
  if (node.anchor !== undefined)
    report.error(at, 'anchor', 'expected no anchor; write values out where they belong');
  if (node.tag !== undefined) report.error(at, 'tag', `expected no tag, found \`${clip(node.tag)}\``);
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
    if (typeof key !== 'string') {
      report.error(keyAt, 'key', 'expected a text as key; quote it if it is one');
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
    report.error(at, 'number', `expected a number that a double holds exactly, found \`${clip(source)}\``);
    return { kind: 'scalar', at, value: 0, source };
  }
  if (typeof value === 'string' && !value.isWellFormed()) {
    report.error(at, 'text', 'expected well-formed Unicode');
  }
  const known =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', at, value: known, source };
}

function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  return !/^[-+]?[0-9]+$/.test(source) || BigInt(source.replace('+', '')) === BigInt(value);
}
