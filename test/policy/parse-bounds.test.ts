import { describe, expect, it } from 'vitest';
import { problemsOf } from './support.ts';

const EMPTY = '1:1 error empty expected a policy; begin with `default: deny`';
const TOO_LARGE = '1:1 error too_large expected at most 1 MiB';
const MIB = 1024 * 1024;

const nested = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
const sized = (bytes: number, filler: string) =>
  `default: deny\n# ${filler.repeat((bytes - 16) / filler.length)}`;
const inValue = (value: string) =>
  `default: deny\ntools: { "*": { rules: [conditions: [{ path: identity.claims.x, op: eq, value: ${value} }]] } }`;
const inGroup = (levels: number) =>
  `default: deny\ntools: { "*": { rules: [conditions: [${'{ not: '.repeat(levels)}{ path: call.kind, op: eq, value: x }${' }'.repeat(levels)}]] } }`;
const inSchema = (levels: number) =>
  `default: deny\ntools: { "*": { arguments: ${'{ not: '.repeat(levels)}{}${' }'.repeat(levels)} } }`;

const texts: readonly (readonly [sentence: string, text: string, problems: readonly string[]])[] = [
  ['an empty file is no policy', '', [EMPTY]],
  ['a byte-order mark alone is no policy', '\uFEFF', [EMPTY]],
  ['blank lines are no policy', '\n\n  \n', [EMPTY]],
  ['1 MiB is accepted', sized(MIB, 'x'), []],
  ['a byte more than 1 MiB is not', sized(MIB + 1, 'x'), [TOO_LARGE]],
  ['bytes are counted, not characters', sized(MIB + 2, 'é'), [TOO_LARGE]],
];

const deep: readonly (readonly [sentence: string, text: (levels: number) => string])[] = [
  ['lists', (levels) => nested('[', ']', levels)],
  ['mappings', (levels) => nested('{a: ', '}', levels)],
  ['unclosed lists', (levels) => '['.repeat(levels)],
  ['unclosed mappings', (levels) => '{a: '.repeat(levels)],
  ['block lists', (levels) => '- '.repeat(levels)],
  ['lists in a value', (levels) => inValue(nested('[', ']', levels))],
  ['mappings in a value', (levels) => inValue(nested('{a: ', '}', levels))],
  ['groups', inGroup],
  ['schemas', inSchema],
];

describe('a file at its bounds', () => {
  for (const [sentence, text, problems] of texts) {
    it(sentence, () => expect(problemsOf(text)).toEqual(problems));
  }
  it('well-formed Unicode is asked for', () => {
    expect(problemsOf('default: deny\ndescription: "\\uD800"')).toEqual([
      '2:14 error text expected well-formed Unicode',
    ]);
  });
  it('200 levels are read and 201 are not', () => {
    expect(problemsOf(nested('[', ']', 200).replace('[]', '[x]'))).not.toContainEqual(
      expect.stringContaining('too_deep'),
    );
    expect(problemsOf(nested('[', ']', 200))).toEqual([
      '1:1 error wrong_type expected a policy, a mapping; found a list',
    ]);
    expect(problemsOf(nested('[', ']', 201))).toEqual([
      '1:201 error too_deep expected at most 200 levels of nesting',
    ]);
  });
  it('100 000 brackets are refused without a crash', () => {
    expect(problemsOf(nested('[', ']', 100_000))).toEqual([
      '1:201 error too_deep expected at most 200 levels of nesting',
    ]);
  });
  for (const [what, text] of deep) {
    it(`190 levels of ${what} are read`, () => {
      expect(problemsOf(text(190)).some((problem) => problem.includes('too_deep'))).toBe(false);
    });
    it(`20 000 levels of ${what} are refused without a crash`, () => {
      expect(problemsOf(text(20_000))).toEqual([expect.stringMatching(/ error (too_deep|yaml) /)]);
    });
  }
});
