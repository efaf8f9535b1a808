import { describe, expect, it } from 'vitest';
import { excerpt, printable } from '../../src/cli/excerpt.ts';

const long = 'x'.repeat(300);
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlMTIzNDU2Nzg5MA';

/** A text, a line and a column of it, and what is shown. */
const rows = [
  ['a plain line', 'a: 1\nbb: 2\n', 2, 5, ['  2 | bb: 2', '    |     ^']],
  ['the start of a file', 'a: 1', 1, 1, ['  1 | a: 1', '    | ^']],
  ['one past the end of a line', 'ab', 1, 3, ['  1 | ab', '    |   ^']],
  ['a column that a line does not have', 'ab', 1, 99, ['  1 | ab', '    |   ^']],
  ['a file without text', '', 1, 1, []],
  ['a line that is not there', 'a: 1\n', 7, 1, []],
  ['a blank line', 'a: 1\n  \t\nb: 2\n', 2, 1, []],
  ['numbers of two digits', `${'\n'.repeat(9)}ab`, 10, 2, ['  10 | ab', '     |  ^']],
  ['a tab before the place', '\ta:\tb', 1, 5, ['  1 |     a:    b', '    |           ^']],
  ['wide characters before the place', '日本: x', 1, 5, ['  1 | 日本: x', '    |       ^']],
  ['half-width katakana, which are narrow', 'ｱｲ: x', 1, 5, ['  1 | ｱｲ: x', '    |     ^']],
  ['an emoji of two units before the place', '🔒: x', 1, 5, ['  1 | 🔒: x', '    |     ^']],
  ['a mark that joins the letter before it', 'e\u0301: x', 1, 5, ['  1 | e\u0301: x', '    |    ^']],
  ['a line that ends with CR LF', 'a: 1\r\nb: 2\r\n', 1, 4, ['  1 | a: 1', '    |    ^']],
  ['a byte-order mark, which no column counts', '\uFEFFa: 1', 1, 4, ['  1 | a: 1', '    |    ^']],
  ['control characters', 'a\u001b[31m\u0007b\rc', 1, 7, ['  1 | a·[31m·b·c', '    |       ^']],
  ['text from right to left', 'a\u202eb', 1, 3, ['  1 | a·b', '    |   ^']],
  ['half a character', 'a\ud800b', 1, 3, ['  1 | a·b', '    |   ^']],
  ['a long line, at its start', long, 1, 1, [`  1 | ${'x'.repeat(100)}…`, '    | ^']],
  ['a long line, in the middle', long, 1, 150, [`  1 | …${'x'.repeat(100)}…`, `    | ${' '.repeat(61)}^`]],
  ['a long line, at its end', long, 1, 301, [`  1 | …${'x'.repeat(60)}`, `    | ${' '.repeat(61)}^`]],
  [
    'a long line that would be cut within a character',
    '🔒'.repeat(100),
    1,
    71,
    [`  1 | …${'🔒'.repeat(50)}…`, `    | ${' '.repeat(61)}^`],
  ],
  ['a credential', `v: ${jwt} # x`, 1, 4, [`  1 | v: ${'•'.repeat(jwt.length)} # x`, '    |    ^']],
] as const;

describe('the line of a problem', () => {
  it.each(rows)('is shown for %s', (_name, source, line, column, shown) => {
    expect(excerpt(source, { line, column })).toEqual(shown);
  });

  it('is never taken for the line of a problem', () => {
    const shown = excerpt('x.yaml:1:1: error: no [no]', { line: 1, column: 1 });
    expect(shown.filter((line) => /^\S.*:\d+:\d+: (?:error|warning): /.test(line))).toEqual([]);
  });
});

describe('a message', () => {
  it('has no control characters, and is one line', () => {
    expect(printable('a\u001b[2J\nb\u2028c\u202ed')).toBe('a·[2J·b·c·d');
  });
});
