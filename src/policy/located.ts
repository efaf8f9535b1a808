import type { Json, Position, Problem } from '../model/index.ts';
import type { ProblemCode } from './problem-codes.ts';
import { blotted } from './secrets.ts';

/** A YAML value that remembers where it stands. */
export type Located =
  | { readonly kind: 'map'; readonly at: Position; readonly entries: readonly Entry[] }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly Located[] }
  | {
      readonly kind: 'scalar';
      readonly at: Position;
      readonly value: string | number | boolean | null;
      /** The text as written, quotes taken off: `1.0` and `1` are the same number and not the same text. */
      readonly source: string;
    };
export type LocatedMap = Extract<Located, { kind: 'map' }>;

export interface Entry {
  readonly key: string;
  readonly at: Position;
  readonly value: Located;
}

/** The place of what stands nowhere in the file: 1:1. */
export const START: Position = { line: 1, column: 1 };

/** What a problem says; a function where finding the words takes long, and nobody may read them. */
export type Words = string | (() => string);
/** Further ones are only counted. */
const MAX_PROBLEMS = 1000;

/** Collects the problems of one file, and where the parts of its value stand. */
export class Report<Own extends string = never> {
  /** The first thousand errors, and the first thousand warnings. */
  readonly problems: Problem[] = [];
  private readonly counts = { error: 0, warning: 0 };
  private readonly places = new WeakMap<object, Map<string | number, Position>>();
  /** Values of which a part was wrong: what is missing from them was not left out by the author. */
  readonly broken = new WeakSet<object>();
  /** Values of conditions as they were written. */
  readonly written = new WeakMap<object, Located>();
  private readonly unread = new Set<string>();
  private readonly wrong = new Set<string>();
  private readonly told = new Set<string>();

  /** How many errors there are, also those that are only counted. */
  get errors(): number {
    return this.counts.error;
  }

  error(at: Position, code: ProblemCode | Own, words: Words): void {
    if (this.unread.has(placeText(at))) return;
    this.wrong.add(placeText(at));
    this.add('error', { code, at }, words);
  }

  /** An error of the text itself, the only one at its place: what it says there is not known. */
  unreadable(at: Position, code: ProblemCode | Own, words: Words): void {
    this.error(at, code, words);
    this.unread.add(placeText(at));
  }

  warn(at: Position, code: ProblemCode | Own, words: Words): void {
    this.add('warning', { code, at }, words);
  }

  hasErrorAt(at: Position): boolean {
    return this.wrong.has(placeText(at));
  }

  /** What is told twice, in the same words at the same place, counts once. */
  private add(
    severity: Problem['severity'],
    about: { readonly code: ProblemCode | Own; readonly at: Position },
    words: Words,
  ): void {
    const isShown = this.counts[severity] < MAX_PROBLEMS;
    if (isShown || typeof words === 'string') {
      const message = typeof words === 'string' ? words : words();
      const telling = `${placeText(about.at)} ${message}`;
      if (this.told.has(telling)) return;
      this.told.add(telling);
      if (isShown) this.problems.push({ severity, code: about.code, message, at: about.at });
    }
    this.counts[severity]++;
  }

  /** Remembers where a member of a value stands. */
  note(owner: object, member: string | number, at: Position): void {
    const members = this.places.get(owner) ?? new Map<string | number, Position>();
    members.set(member, at);
    this.places.set(owner, members);
  }

  /** Whether a member was remembered: of what may be left out, only what was written. */
  knows(owner: object, member: string | number): boolean {
    return this.places.get(owner)?.has(member) ?? false;
  }

  placeOf(owner: object, member: string | number): Position {
    return this.places.get(owner)?.get(member) ?? START;
  }

  /** At most a thousand problems in reading order, errors before all others; a last one tells how many more there are. */
  inOrder(): Problem[] {
    const errors = this.problems.filter(({ severity }) => severity === 'error');
    const warnings = this.problems.filter(({ severity }) => severity === 'warning');
    const shown = [...errors, ...warnings.slice(0, MAX_PROBLEMS - errors.length)].toSorted(
      (a, b) => a.at.line - b.at.line || a.at.column - b.at.column,
    );
    const hidden = this.counts.error + this.counts.warning - shown.length;
    const last = shown.at(-1);
    if (hidden === 0 || last === undefined) return shown;
    const moreErrors = this.counts.error - errors.length;
    const message = `not shown: ${moreErrors} more errors and ${hidden - moreErrors} more warnings`;
    const code: ProblemCode = 'more';
    return [...shown, { severity: moreErrors > 0 ? 'error' : 'warning', code, message, at: last.at }];
  }
}

function placeText({ line, column }: Position): string {
  return `${line}:${column}`;
}

/** What a located value is, for messages. */
export function describe(node: Located): string {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  return `the ${typeof node.value === 'string' ? 'text' : typeof node.value} \`${clip(node.source)}\``;
}

/** Whether something in a value could not be read: another value stands for it. */
export function hasErrorIn(node: Located, report: Report): boolean {
  if (report.hasErrorAt(node.at)) return true;
  if (node.kind === 'list') return node.items.some((item) => hasErrorIn(item, report));
  return node.kind === 'map' && node.entries.some(({ value }) => hasErrorIn(value, report));
}

/** Where a mapping is spoken of as a whole: at its first key. */
export function placeOf({ entries, at }: LocatedMap): Position {
  return entries[0]?.at ?? at;
}

/** A located value as JSON; the places of all members are noted. */
export function toJson(node: Located, report: Report): Json {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') {
    const list = node.items.map((item) => toJson(item, report));
    node.items.forEach((item, i) => {
      report.note(list, i, item.at);
    });
    return list;
  }
  const object: Record<string, Json> = {};
  for (const { key, at, value } of node.entries) {
    object[key] = toJson(value, report);
    report.note(object, key, at);
  }
  return object;
}

/** What was written, as one line of at most 60 characters, for messages; a secret is not even shortened in it. */
export function clip(text: string, max = 60): string {
  const line = blotted(text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' '));
  return line.length > max ? `${line.slice(0, max)}…` : line;
}

/** `, did you mean …?` where a candidate is near enough, else nothing. */
export function suggestion(word: string, candidates: readonly string[]): string {
  return didYouMean(nearest(word, candidates));
}

/** `, did you mean …?`, or nothing where nobody knows. */
export function didYouMean(meant: string | null): string {
  return meant === null ? '' : `; did you mean \`${meant}\`?`;
}

/** What was meant by a text that is longer nobody guesses: no name comes near it, and looking takes long. */
export const MAX_WORD = 100;

/**
 * The candidate that a word begins, else the one with the fewest edits from it, at most a third of its letters.
 * A `*` in the word stands for any run of characters.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > MAX_WORD) return null;
  const small = word.toLowerCase();
  const begun = word.length < 3 ? [] : candidates.filter((each) => each.toLowerCase().startsWith(small));
  if (begun.length === 1) return begun[0] ?? null;
  let best: string | null = null;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate.length > MAX_WORD) continue;
    const edits = editDistance(small, candidate.toLowerCase(), fewest);
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best;
}

function editDistance(a: string, b: string, atMost: number): number {
  if (!a.includes('*') && Math.abs(a.length - b.length) >= atMost) return atMost;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const isAnyRun = a[i - 1] === '*';
    const next = [isAnyRun ? (row[0] ?? 0) : (row[0] ?? 0) + 1];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const [above = 0, before = 0] = [row[j], next[j - 1]];
      next.push(isAnyRun ? Math.min(above, before) : Math.min(change, above + 1, before + 1));
    }
    row = next;
  }
  return row[b.length] ?? atMost;
}
