import { RE2JS } from 're2js';
import type { Condition, Json, JsonObject, Path } from '../model/index.ts';
import { clip } from './located.ts';
import { isList, parsePath } from './paths.ts';
import type { ProblemCode } from './problem-codes.ts';

type Single = Extract<Condition, { path: string }>;

/** What is odd about a text, and of which member of the condition. */
export interface Odd {
  readonly of: 'path' | 'value';
  readonly code: ProblemCode;
  readonly message: string;
}

/**
 * What is legal in the texts of a condition and hardly meant, whatever they are compared with.
 *
 * @param schemas what may stand at its path, as far as that is known.
 */
export function oddTexts(condition: Single, schemas: readonly JsonObject[]): readonly Odd[] {
  const isOfLists = schemas.length > 0 && schemas.every(({ type }) => type === 'array');
  return [...oddPath(condition.path), ...oddValue(condition, isOfLists)];
}

/** Roots below which a name may be anything, so that a wrong one is not told otherwise, and how many names are known. */
const OPEN: readonly (readonly [root: string, ...known: string[]])[] = [
  ['args'],
  ['jwt'],
  ['identity', 'claims'],
];

function oddPath(text: string): readonly Odd[] {
  const { root, path } = parsePath(text) ?? { root: '', path: [] };
  const open = OPEN.find(([name, ...known]) => name === root && known.every((step, i) => step === path[i]));
  if (open === undefined) return [];
  const why = whyOddName(path, root);
  return why === null ? [] : [{ of: 'path', code: 'odd_name', message: `\`${clip(text)}\`: ${why}` }];
}

function whyOddName(path: Path, root: string): string | null {
  for (const step of path) {
    if (typeof step === 'number') continue;
    const name = `\`${clip(step)}\``;
    if (step.includes('://')) {
      const instead = root === 'args' ? '; `arguments` can speak of it' : '';
      return `a name ends at a dot, so this looks for ${name} and then within it; a name with a dot cannot be written in a path${instead}`;
    }
    if (step === '*') return `${name} is a name like any other, and means no run of elements`;
    if (/^[0-9]+$/.test(step))
      return `${name} is the name of a member; an element of a list is \`[${step}]\``;
    if (step.trim() !== step) return `the blanks at an end of ${name} belong to the name`;
    const unseen = unseenIn(step);
    if (unseen !== null) return unseen;
  }
  return null;
}

function oddValue({ op, value }: Single, isOfLists: boolean): readonly Odd[] {
  if (!isOfLists && matchesEveryText(op, value)) {
    const all = op === 'not_contains' ? 'no text meets this' : 'every text meets this';
    return [{ of: 'value', code: 'every_text', message: `${all}; \`exists\` asks whether there is a value` }];
  }
  const mixed =
    isList(value) && (op === 'in' || op === 'not_in' || op === 'subset_of') ? mixedIn(value) : undefined;
  if (mixed !== undefined) {
    const message = `\`${mixed}\` is a number among texts, and never equal to the text \`${mixed}\`; put it in quotes`;
    return [{ of: 'value', code: 'mixed_list', message }];
  }
  const texts = (isList(value) ? value : [value]).filter((each) => typeof each === 'string');
  for (const text of texts) {
    // In a set of a pattern, characters that are not seen are what is looked for.
    const message = op === 'regex' && text.includes('[') ? endOf(text) : unseenIn(text);
    if (message !== null) return [{ of: 'value', code: 'unseen_character', message }];
  }
  return [];
}

/** A number among texts, that is not there as a text too. */
function mixedIn(list: readonly Json[]): Json | undefined {
  const texts = new Set(list.filter((each) => typeof each === 'string'));
  if (texts.size === 0) return undefined;
  return list.find((each) => typeof each === 'number' && !texts.has(String(each)));
}

const UNSEEN = /[\p{Cf}\p{Cc}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u115f\u1160\u3164\uffa0]/u;

/** What joins letters and emoji is a part of how they are written. */
const JOINED = /(?<=\P{ASCII})[\u200c\u200d](?=\P{ASCII})/gu;

/** What of a text nobody sees, in words; null where there is nothing, or nothing else. */
export function unseenIn(text: string): string | null {
  const rest = text.replaceAll(new RegExp(`${UNSEEN.source}|\\s`, 'gu'), '');
  if (rest === '') return null;
  const end = endOf(text);
  if (end !== null) return end;
  const [found] = UNSEEN.exec(text.replaceAll(JOINED, '')) ?? [];
  if (found === undefined || /[\t\n\r]/.test(found)) return null;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `there is a U+${code} in this text, which is not seen`;
}

function endOf(text: string): string | null {
  if (!text.endsWith('\n') || text.trim() === '') return null;
  return 'this text ends in a line break; `|-` and `>-` leave it out, and so does a text on one line';
}

/** Whether a condition holds of whatever text it sees. */
function matchesEveryText(op: Single['op'], value: Json): boolean {
  if (op === 'regex') return typeof value === 'string' && matchesEverywhere(value);
  const isPart = op === 'starts_with' || op === 'ends_with' || op === 'contains' || op === 'not_contains';
  return isPart && value === '';
}

/** A pattern that matches nothing at the start of a text, and does not ask what comes after, matches every text. */
function matchesEverywhere(pattern: string): boolean {
  return !/\$|\\[zbB]/.test(pattern) && RE2JS.compile(pattern).matcher('').find();
}
