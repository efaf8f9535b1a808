import { describe, expect, it } from 'vitest';
import type { Condition, Json, Operator } from '../../src/model/index.ts';
import { type Accepted, wanted } from '../../src/policy/accepted.ts';
import { type LookedAt, prepareCondition, type Roots } from '../../src/policy/conditions.ts';

type Side = readonly [words: string, sample: Json | undefined];
type Row = readonly [op: Operator, value: Json, yes: Side, no: Side];

/** What is told to make a condition hold or not hold, and a value that does what is told. */
const rows: readonly Row[] = [
  ['eq', 'a', ['"a"', 'a'], ['a text other than "a"', 'b']],
  ['eq', true, ['true', true], ['false', false]],
  ['eq', [1], ['[1]', [1]], ['a list other than [1]', []]],
  ['neq', 5, ['a number other than 5', 6], ['5', 5]],
  ['in', ['a', 'b'], ['one of "a", "b"', 'b'], ['a text that is none of "a", "b"', 'c']],
  ['in', ['a'], ['"a"', 'a'], ['a text that is none of "a"', 'c']],
  ['not_in', ['a', 5], ['a text or a number that is none of "a", 5', 6], ['one of "a", 5', 5]],
  ['lt', 5, ['a number below 5', 4], ['a number of at least 5', 5]],
  ['lte', 5, ['a number of at most 5', 5], ['a number above 5', 6]],
  ['gt', 5, ['a number above 5', 6], ['a number of at most 5', 5]],
  ['gte', 5, ['a number of at least 5', 5], ['a number below 5', 4]],
  ['regex', '^a', ['a text that matches `^a`', 'ab'], ['a text that does not match `^a`', 'ba']],
  ['contains', 'a', ['a text or a list with "a" in it', ['a']], ['a text or a list without "a"', 'b']],
  ['contains', 5, ['a list with 5 in it', [5]], ['a list without 5', []]],
  ['not_contains', 'a', ['a text or a list without "a"', []], ['a text or a list with "a" in it', 'a']],
  ['starts_with', 'a', ['a text that starts with "a"', 'ab'], ['a text that does not start with "a"', 'b']],
  ['ends_with', 'a', ['a text that ends with "a"', 'ba'], ['a text that does not end with "a"', 'b']],
  ['subset_of', ['a'], ['a list of nothing but "a"', ['a']], ['a list with more in it than "a"', ['b']]],
  ['subset_of', [], ['an empty list', []], ['a list that is not empty', [1]]],
  ['exists', true, ['a value', 1], ['no value', undefined]],
  ['exists', false, ['no value', undefined], ['a value', 1]],
];

function seeing(x: Json | undefined, y: Json = 1): Roots {
  const call = { tool: 't', transport: 'stdio', kind: null } as const;
  const args = x === undefined ? { y } : { x, y };
  return { args, identity: {}, call, jwt: null, time: { hour: 0, weekday: 'mon' } };
}

function look(condition: Condition, roots: Roots): LookedAt {
  return prepareCondition(condition).look(roots, (_root, _path, value) => value);
}

describe('what would have been accepted', () => {
  for (const [op, value, yes, no] of rows) {
    for (const [want, [words, sample]] of Object.entries({ yes, no }) as ['yes' | 'no', Side][]) {
      it(`${op} ${JSON.stringify(value)} is ${want} for ${words}`, () => {
        const condition = { path: 'args.x', op, value };
        expect(wanted(look(condition, seeing('other')), want)).toEqual({ path: 'args.x', expected: words });
        expect(prepareCondition(condition).test(seeing(sample))).toBe(want);
      });
    }
  }

  const [a, b]: readonly [Condition, Condition] = [
    { path: 'args.x', op: 'eq', value: 'a' },
    { path: 'args.y', op: 'eq', value: 2 },
  ];
  const [isA, isNotA] = [
    { path: 'args.x', expected: '"a"' },
    { path: 'args.x', expected: 'a text other than "a"' },
  ];
  const [is2, isNot2] = [
    { path: 'args.y', expected: '2' },
    { path: 'args.y', expected: 'a number other than 2' },
  ];
  const groups: readonly (readonly [string, Condition, Roots, 'yes' | 'no', Accepted])[] = [
    ['any of several, to hold: one is enough', { any: [a, b] }, seeing('x'), 'yes', { any: [isA, is2] }],
    [
      'any of several, not to hold: none may',
      { any: [a, b] },
      seeing('a', 2),
      'no',
      { all: [isNotA, isNot2] },
    ],
    ['all of several, to hold: those that do not', { all: [a, b] }, seeing('a'), 'yes', is2],
    [
      'all of several, not to hold: one is enough',
      { all: [a, b] },
      seeing('a', 2),
      'no',
      { any: [isNotA, isNot2] },
    ],
    ['not, to hold: the other way round', { not: a }, seeing('a'), 'yes', isNotA],
    ['not of a group', { not: { any: [a, b] } }, seeing('a', 2), 'yes', { all: [isNotA, isNot2] }],
    [
      'what holds and looks at the same place has to hold still',
      { all: [{ path: 'args.y', op: 'gte', value: 1 }, { path: 'args.y', op: 'lt', value: 5 }, a] },
      seeing('a', 7),
      'yes',
      {
        all: [
          { path: 'args.y', expected: 'a number of at least 1' },
          { path: 'args.y', expected: 'a number below 5' },
        ],
      },
    ],
  ];

  it.each(groups)('%s', (_name, condition, roots, want, accepted) => {
    expect(wanted(look(condition, roots), want)).toEqual(accepted);
  });
});
