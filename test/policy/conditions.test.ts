import { describe, expect, it } from 'vitest';
import type { Condition, Json, Operator } from '../../src/model/index.ts';
import { leavesOf, prepareCondition, type Roots } from '../../src/policy/conditions.ts';
import type { Truth } from '../../src/policy/operators.ts';

const MISSING = undefined;

type Row = readonly [op: Operator, value: Json, seen: Json | undefined, held: Truth];

/** From the table of operators, cell by cell. */
const rows: readonly Row[] = [
  ['eq', 'a', 'a', 'yes'],
  ['eq', 'a', 'b', 'no'],
  ['eq', 'a', 'A', 'no'],
  ['eq', 5, '5', 'unknown'],
  ['eq', '5', 5, 'unknown'],
  ['eq', 1, true, 'unknown'],
  ['eq', 'true', true, 'unknown'],
  ['eq', 1, 1.0, 'yes'],
  ['eq', false, false, 'yes'],
  ['eq', false, true, 'no'],
  ['eq', 'a', null, 'unknown'],
  ['eq', 'a', MISSING, 'unknown'],
  ['eq', ['a'], 'a', 'unknown'],
  ['eq', ['a', 'b'], ['a', 'b'], 'yes'],
  ['eq', ['a', 'b'], ['b', 'a'], 'no'],
  ['eq', ['a'], ['a', 'a'], 'no'],
  ['eq', ['a'], [], 'no'],
  ['eq', { a: 1, b: [{ c: 2 }] }, { b: [{ c: 2 }], a: 1 }, 'yes'],
  ['eq', { a: 1 }, { a: 1, b: 2 }, 'no'],
  ['eq', { a: 1, b: 2 }, { a: 1 }, 'no'],
  ['eq', { a: 1, b: 2 }, { a: 1, c: 2 }, 'no'],
  ['eq', { a: 1 }, { a: '1' }, 'no'],
  ['eq', { a: null }, { a: null }, 'yes'],
  ['eq', { a: null }, {}, 'no'],
  ['eq', { a: {} }, { a: [] }, 'no'],
  ['eq', {}, [], 'unknown'],
  ['eq', {}, {}, 'yes'],
  ['neq', 'a', 'b', 'yes'],
  ['neq', 'a', 'a', 'no'],
  ['neq', 5, '5', 'unknown'],
  ['neq', 'a', null, 'unknown'],
  ['neq', 'a', MISSING, 'unknown'],
  ['neq', ['a'], ['b'], 'yes'],
  ['neq', ['a'], ['a'], 'no'],
  ['neq', { a: 1 }, ['a'], 'unknown'],
  ['in', ['a', 'b'], 'b', 'yes'],
  ['in', ['a', 'b'], 'c', 'no'],
  ['in', ['a', 5], 5, 'yes'],
  ['in', ['a', 5], 6, 'no'],
  ['in', ['a', 'b'], 5, 'unknown'],
  ['in', ['5'], 5, 'unknown'],
  ['in', ['a'], ['a'], 'unknown'],
  ['in', [['a'], 'b'], ['a'], 'yes'],
  ['in', [['a'], 'b'], ['b'], 'no'],
  ['in', [{ a: 1 }], { a: 1 }, 'yes'],
  ['in', ['a'], MISSING, 'unknown'],
  ['in', ['a'], null, 'unknown'],
  ['not_in', ['a', 'b'], 'c', 'yes'],
  ['not_in', ['a', 'b'], 'b', 'no'],
  ['not_in', ['a', 'b'], 5, 'unknown'],
  ['not_in', ['a', 5], 6, 'yes'],
  ['not_in', ['a'], MISSING, 'unknown'],
  ['lt', 5, 4, 'yes'],
  ['lt', 5, 5, 'no'],
  ['lt', 5, '4', 'unknown'],
  ['lt', 5, MISSING, 'unknown'],
  ['lte', 5, 5, 'yes'],
  ['lte', 5, 5.000001, 'no'],
  ['lte', 5, null, 'unknown'],
  ['gt', 5, 6, 'yes'],
  ['gt', 5, 5, 'no'],
  ['gt', 0, true, 'unknown'],
  ['gte', 5, 5, 'yes'],
  ['gte', 5, 4.9, 'no'],
  ['gte', 5, [6], 'unknown'],
  ['regex', 'b', 'abc', 'yes'],
  ['regex', '^b', 'abc', 'no'],
  ['regex', '(?i)B', 'abc', 'yes'],
  ['regex', '^a.c$', 'a\nc', 'no'],
  ['regex', '', '', 'yes'],
  ['regex', '5', 5, 'unknown'],
  ['regex', 'a', ['a'], 'unknown'],
  ['regex', 'a', MISSING, 'unknown'],
  ['contains', 'b', 'abc', 'yes'],
  ['contains', 'd', 'abc', 'no'],
  ['contains', '', 'abc', 'yes'],
  ['contains', 5, '5', 'unknown'],
  ['contains', 'a', ['a', 'b'], 'yes'],
  ['contains', 'c', ['a', 'b'], 'no'],
  ['contains', 'a', ['abc'], 'no'],
  ['contains', 5, ['5'], 'no'],
  ['contains', { a: 1 }, [{ a: 1 }], 'yes'],
  ['contains', 'a', [], 'no'],
  ['contains', 'a', { a: 1 }, 'unknown'],
  ['contains', 5, 5, 'unknown'],
  ['contains', 'a', MISSING, 'unknown'],
  ['not_contains', 'd', 'abc', 'yes'],
  ['not_contains', 'b', 'abc', 'no'],
  ['not_contains', 5, '5', 'unknown'],
  ['not_contains', 'c', ['a', 'b'], 'yes'],
  ['not_contains', 'a', ['a', 'b'], 'no'],
  ['not_contains', 'a', [], 'yes'],
  ['not_contains', 'a', { b: 1 }, 'unknown'],
  ['not_contains', 'a', MISSING, 'unknown'],
  ['not_contains', 'a', null, 'unknown'],
  ['starts_with', 'a', 'abc', 'yes'],
  ['starts_with', 'b', 'abc', 'no'],
  ['starts_with', 'a', ['a'], 'unknown'],
  ['starts_with', 'a', MISSING, 'unknown'],
  ['ends_with', 'c', 'abc', 'yes'],
  ['ends_with', 'b', 'abc', 'no'],
  ['ends_with', '5', 5, 'unknown'],
  ['ends_with', 'c', MISSING, 'unknown'],
  ['subset_of', ['a', 'b'], ['a'], 'yes'],
  ['subset_of', ['a', 'b'], ['b', 'a', 'a'], 'yes'],
  ['subset_of', ['a', 'b'], ['a', 'c'], 'no'],
  ['subset_of', ['a'], [], 'yes'],
  ['subset_of', [], [], 'yes'],
  ['subset_of', [], ['a'], 'no'],
  ['subset_of', ['5'], [5], 'no'],
  ['subset_of', ['a'], [null], 'no'],
  ['subset_of', ['a'], 'a', 'unknown'],
  ['subset_of', ['a'], MISSING, 'unknown'],
  ['exists', true, 'a', 'yes'],
  ['exists', true, false, 'yes'],
  ['exists', true, 0, 'yes'],
  ['exists', true, [], 'yes'],
  ['exists', true, '', 'yes'],
  ['exists', true, null, 'no'],
  ['exists', true, MISSING, 'no'],
  ['exists', false, 'a', 'no'],
  ['exists', false, null, 'yes'],
  ['exists', false, MISSING, 'yes'],
];

function seeing(x: Json | undefined): Roots {
  return {
    args: { list: ['zero', ['one']], nothing: null, '': 'no name' },
    identity: { claims: x === undefined ? {} : { x } },
    call: { tool: 't', transport: 'stdio', kind: null },
    jwt: null,
    time: { hour: 5, weekday: 'mon' },
  };
}

const held = (condition: Condition, x?: Json) => prepareCondition(condition).test(seeing(x));
const text = (value: Json | undefined) => (value === MISSING ? 'what is missing' : JSON.stringify(value));

describe('an operator', () => {
  for (const [op, value, seen, truth] of rows) {
    it(`${op} ${text(value)} says ${truth} of ${text(seen)}`, () => {
      expect(held({ path: 'identity.claims.x', op, value }, seen)).toBe(truth);
    });
  }
});

const YES: Condition = { path: 'time.hour', op: 'eq', value: 5 };
const NO: Condition = { path: 'time.hour', op: 'eq', value: 6 };
const UNKNOWN: Condition = { path: 'identity.sub', op: 'eq', value: 'a' };

const groups: readonly (readonly [sentence: string, group: Condition, truth: Truth])[] = [
  ['not of yes is no', { not: YES }, 'no'],
  ['not of no is yes', { not: NO }, 'yes'],
  ['not of unknown is unknown', { not: UNKNOWN }, 'unknown'],
  ['not of not of unknown is unknown', { not: { not: UNKNOWN } }, 'unknown'],
  ['any with one that is true is true', { any: [NO, UNKNOWN, YES] }, 'yes'],
  ['any with none true and one unknown is unknown', { any: [NO, UNKNOWN, NO] }, 'unknown'],
  ['any of nothing but false is false', { any: [NO, NO] }, 'no'],
  ['any of one is that one', { any: [UNKNOWN] }, 'unknown'],
  ['all with one that is false is false', { all: [YES, UNKNOWN, NO] }, 'no'],
  ['all with none false and one unknown is unknown', { all: [YES, UNKNOWN, YES] }, 'unknown'],
  ['all of nothing but true is true', { all: [YES, YES] }, 'yes'],
  ['groups nest', { all: [{ any: [NO, { not: NO }] }, { not: { all: [YES, NO] } }] }, 'yes'],
];

describe('a group', () => {
  for (const [sentence, group, truth] of groups) it(sentence, () => expect(held(group)).toBe(truth));
});

const paths: readonly (readonly [path: string, value: Json | undefined])[] = [
  ['args.list[0]', 'zero'],
  ['args.list[1][0]', 'one'],
  ['args.list[2]', MISSING],
  ['args.list.length', MISSING],
  ['args.list.0', MISSING],
  ['args.nothing', MISSING],
  ['args.nothing.at.all', MISSING],
  ['args.list[0].x', MISSING],
  ['args.toString', MISSING],
  ['args.__proto__', MISSING],
  ['args[0]', MISSING],
  ['call.kind', MISSING],
  ['jwt.sub', MISSING],
  ['time.weekday', 'mon'],
];

describe('a path', () => {
  for (const [path, value] of paths) {
    it(`${path} sees ${text(value)}`, () => {
      const condition = prepareCondition({ path, op: 'exists', value: true });
      const [seen] = leavesOf(condition.look(seeing('x'), (_, __, shown) => shown));
      expect(seen?.seen).toEqual(value);
      expect(seen?.held).toBe(value === MISSING ? 'no' : 'yes');
    });
  }
  it('that is none is a bug, since conditions are checked before', () => {
    expect(() => prepareCondition({ path: 'args', op: 'exists', value: true })).toThrow('was not checked');
  });
});
