import type { Json, JsonObject, Path } from '../model/index.ts';
import { isList, isObject } from './paths.ts';

/** Comment lines to stand above members of a value, by the place of the member (`commentAt`); of the whole at `[]`. */
export type Comments = ReadonlyMap<string, readonly string[]>;

/** The key of a place in `Comments`. */
export function commentAt(path: Path): string {
  return JSON.stringify(path);
}

/** A line of the file is about this long; texts are never broken. */
const WIDTH = 110;
/** Lists that are written with a line for each member, even where they are short. */
const TALL_LISTS: ReadonlySet<string | number | undefined> = new Set(['rules', 'cases', 'grants']);

/**
 * A value as YAML 1.2 that people like to read: blocks, what is short on one line, comments above their members.
 * Reading it gives an equal value, whatever its texts and names hold.
 */
export function writeYaml(value: JsonObject, comments: Comments = new Map()): string {
  const writer: Writer = { comments, commented: [...comments.keys()].map((key) => key.slice(0, -1)) };
  const head = commentLines([], WIDTH, writer);
  return `${[...head, ...blockOf(value, [], writer)].join('\n')}\n`;
}

interface Writer {
  readonly comments: Comments;
  /** The places of all comments, as the beginnings of the texts of what stands below them. */
  readonly commented: readonly string[];
}

type Block = JsonObject | readonly Json[];

function blockOf(value: Block, path: Path, writer: Writer): readonly string[] {
  return isList(value) ? listLines(value, path, writer) : mapLines(value, path, writer);
}

function mapLines(map: JsonObject, path: Path, writer: Writer): readonly string[] {
  return Object.entries(map).flatMap(([key, member], i) => {
    const at = [...path, key];
    const name = `${scalar(key, 'block')}:`;
    const short = onOneLine(member, at, writer, name.length);
    const lines =
      short === null ? [name, ...indented(blockOf(member as Block, at, writer))] : [`${name} ${short}`];
    const above = commentLines(at, WIDTH - 2 * path.length, writer);
    const isApart = i > 0 && (short === null || above.length > 0) && path.length < 2;
    return [...(isApart ? [''] : []), ...above, ...lines];
  });
}

function listLines(list: readonly Json[], path: Path, writer: Writer): readonly string[] {
  return list.flatMap((item, i) => {
    const at = [...path, i];
    const short = onOneLine(item, at, writer, 2);
    const lines = short === null ? blockOf(item as Block, at, writer) : [short];
    const above = commentLines(at, WIDTH - 2 * path.length, writer);
    return [...above, ...lines.map((line, nth) => (nth === 0 ? `- ${line}` : indent(line)))];
  });
}

/** A value as it stands on the line of its key; null where it takes lines of its own. */
function onOneLine(value: Json, path: Path, writer: Writer, before: number): string | null {
  if (!isList(value) && !isObject(value)) return scalar(value, 'block');
  if (isList(value) ? value.length === 0 : Object.keys(value).length === 0) return flow(value);
  if (isTall(value, path) || hasComments(path, writer)) return null;
  const text = flow(value);
  return text.length + before + 2 * path.length <= WIDTH ? text : null;
}

function isTall(value: Block, path: Path): boolean {
  const last = path[path.length - 1];
  if (isList(value)) return TALL_LISTS.has(last) && value.some(isObject);
  if (typeof last === 'number') return TALL_LISTS.has(path[path.length - 2]);
  return path.length < 3 && path[0] === 'tools';
}

function hasComments(path: Path, { commented }: Writer): boolean {
  const below = commentAt(path).slice(0, -1);
  return commented.some((each) => each.startsWith(`${below},`));
}

function flow(value: Json): string {
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  if (!isObject(value)) return scalar(value, 'flow');
  const members = Object.entries(value).map(([key, member]) => `${scalar(key, 'flow')}: ${flow(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** Texts that no reader of YAML, 1.1 or 1.2, takes for anything else: they begin with a letter, and hold nothing special. */
const PLAIN = {
  block: /^[A-Za-z](?:[A-Za-z0-9_.,;()' -]*[A-Za-z0-9_.;)])?$/,
  flow: /^[A-Za-z][A-Za-z0-9_.-]*$/,
};
const WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** What may not stand in a YAML stream as it is, or ends a line for some readers. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function scalar(value: Exclude<Json, Block>, where: keyof typeof PLAIN): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (PLAIN[where].test(value) && !WORDS.test(value)) return value;
  return JSON.stringify(value).replaceAll(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function commentLines(path: Path, width: number, { comments }: Writer): readonly string[] {
  const lines = comments.get(commentAt(path)) ?? [];
  return lines.flatMap((line) => wrapped(line, width - 2)).map((line) => (line === '' ? '#' : `# ${line}`));
}

/** A comment ends with its line, so nothing in it may end the line. */
function wrapped(text: string, width: number): readonly string[] {
  const words = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .split(' ');
  const lines = [''];
  for (const word of words) {
    const line = lines[lines.length - 1] ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map(indent);
}

function indent(line: string): string {
  return line === '' ? '' : `  ${line}`;
}
