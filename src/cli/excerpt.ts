import type { Position } from '../model/index.ts';
import { clip } from '../policy/located.ts';
import { blotted } from '../policy/secrets.ts';

/** Longer lines are shown in part. */
const MAX_COLUMNS = 100;
/** What is shown before the place, where the whole line does not fit. */
const BEFORE = 60;
const TAB = '    ';

/**
 * The line that a problem stands on, with a caret below the place; nothing where the line is blank or not there. Each
 * begins with two spaces, so that it is never taken for the line of a problem.
 *
 * @param source the text of the file.
 */
export function excerpt(source: string, { line, column }: Position): readonly string[] {
  const written = blotted(lineOf(source, line));
  if (written.trim() === '') return [];
  const at = boundary(written, Math.min(column - 1, written.length));
  const from = written.length > MAX_COLUMNS ? boundary(written, Math.max(at - BEFORE, 0)) : 0;
  const to = boundary(written, Math.min(from + MAX_COLUMNS, written.length));
  const before = `${from > 0 ? '…' : ''}${printable(written.slice(from, at))}`;
  const after = `${printable(written.slice(at, to))}${to < written.length ? '…' : ''}`;
  const gutter = ' '.repeat(String(line).length);
  return [`  ${line} | ${before}${after}`.trimEnd(), `  ${gutter} | ${' '.repeat(columnsOf(before))}^`];
}

/** A line of a text by its number, as YAML counts them, without what ends it. */
function lineOf(source: string, line: number): string {
  let start = source.startsWith('\uFEFF') ? 1 : 0;
  for (let n = 1; n < line; n++) {
    const end = source.indexOf('\n', start);
    if (end === -1) return '';
    start = end + 1;
  }
  const end = source.indexOf('\n', start);
  return source.slice(start, end === -1 ? undefined : end).replace(/\r$/, '');
}

/** The index, or the one before it where that would cut a character in two. */
function boundary(text: string, index: number): number {
  return /[\uDC00-\uDFFF]/.test(text[index] ?? '') ? index - 1 : index;
}

/** A text of a person's own in a message: short, nothing that a terminal obeys, nothing that looks like a credential. */
export function shown(text: string): string {
  return printable(clip(text));
}

/** A text that a terminal shows and does not obey: whatever has no picture of its own becomes a point. */
export function printable(text: string): string {
  return text.replaceAll('\t', TAB).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '·');
}

const WIDE =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6]/u;
const NARROW = /[\uFF61-\uFFDC]/;
const JOINED = /\p{M}/u;

/** How many columns of a terminal a text takes. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (JOINED.test(character)) continue;
    columns += WIDE.test(character) && !NARROW.test(character) ? 2 : 1;
  }
  return columns;
}
