import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../src/model/index.ts';
import { inWords, openBench } from '../support.ts';
import { under, VALIDATE } from '../table.ts';

const one = (name: string) => under('validateJWTWithId', `{ ${name} rate_limit: { max: 1, window: 60 } }`);
const amount = (bound: number) => `default: allow
tools: { validateJWTWithId: { rules: [{ name: a, conditions: [{ path: state.validateJWTWithId.c, op: lte, value: ${bound} }], state: { counter: c, window: 60 } }] } }`;

type Row = readonly [sentence: string, before: string, after: string, ending: RegExp];
const USED = /^(rate_limited|budget_exceeded)/;
const FRESH = /^allowed$/;

/** Counters are kept by the tool's MCP name (a glob as written), the rule's name, and the window. */
const reloads: readonly Row[] = [
  ['the same policy keeps its counters', one('name: x,'), one('name: x,'), USED],
  [
    'a rule that moved keeps its counter by its name',
    one('name: x,'),
    under('validateJWTWithId', '{ action: allow }, { name: x, rate_limit: { max: 1, window: 60 } }'),
    USED,
  ],
  [
    'the other name of the tool is the same tool',
    one('name: x,'),
    one('name: x,').replace('validateJWTWithId', 'fusionauth-validatejwtwithid'),
    USED,
  ],
  [
    'an unnamed rule keeps its counter by its position',
    one(''),
    one('').replace('validateJWTWithId', 'fusionauth-validatejwtwithid'),
    USED,
  ],
  [
    'the same window in other words is the same',
    one('name: x,'),
    one('name: x,').replace('window: 60', 'window: 1m'),
    USED,
  ],
  [
    'another reason, description or mode changes nothing',
    one('name: x,'),
    `description: d\nmode: enforce\n${one('name: x, reason: r,')}`,
    USED,
  ],
  ['a counter of amounts survives', amount(1), amount(1), USED],
  ['another name is another counter', one('name: x,'), one('name: y,'), FRESH],
  [
    'another window is another counter',
    one('name: x,'),
    one('name: x,').replace('window: 60', 'window: 61'),
    FRESH,
  ],
  [
    'a calendar minute is another window than 60 s',
    one('name: x,'),
    one('name: x,').replace('window: 60', 'window: minute'),
    FRESH,
  ],
  [
    'a glob is kept as written: another is another counter',
    one('name: x,').replace('validateJWTWithId', '*'),
    one('name: x,').replace('validateJWTWithId', 'validate*'),
    FRESH,
  ],
  ['a larger max lets the rest through', one('name: x,'), one('name: x,').replace('max: 1', 'max: 2'), FRESH],
  ['a larger bound lets the rest through', amount(1), amount(2), FRESH],
];

describe('a reload', () => {
  for (const [sentence, before, after, ending] of reloads) {
    it(sentence, async () => {
      const bench = openBench(before);
      expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toBe('allowed');
      expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toMatch(USED);
      bench.reload(after);
      expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toMatch(ending);
    });
  }
});

describe('a refund', () => {
  it('gives back what the call took, once, from every counter', async () => {
    const bench = openBench(
      under(
        'validateJWTWithId',
        '{ name: two, rate_limit: { max: 2, window: 60 } }, { name: day, rate_limit: 2/day }',
      ),
    );
    await bench.call('validateJWTWithId', VALIDATE);
    const second = await bench.call('validateJWTWithId', VALIDATE);
    await bench.refund(second);
    await bench.refund(second);
    expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toBe('allowed');
    expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toBe('rate_limited by two in 43200s');
  });
  it('never reaches a later window', async () => {
    const bench = openBench(under('validateJWTWithId', '{ name: one, rate_limit: 1/minute }'));
    const early = await bench.call('validateJWTWithId', VALIDATE);
    await bench.call('validateJWTWithId', VALIDATE, { at: 60 });
    await bench.refund(early);
    expect(inWords(await bench.call('validateJWTWithId', VALIDATE, { at: 61 }))).toBe(
      'rate_limited by one in 59s',
    );
  });
});

describe('a limit store that cannot answer', () => {
  const silent: Limits = {
    reserve: async () => ({ hold: 'unknown', why: 'gone' }),
    settle: async () => {},
    ready: async () => false,
    close: async () => {},
  };
  it('denies a call that has limits, to be retried, and no other', async () => {
    const bench = openBench(
      'tools: { validateJWTWithId: { rules: [{ rate_limit: 1/minute }] } }',
      'known',
      silent,
    );
    expect(inWords(await bench.call('validateJWTWithId', VALIDATE))).toBe('limits_unavailable, later');
    expect(inWords(await bench.call('retrieveJwtPublicKey', {}))).toBe('allowed');
  });
});
