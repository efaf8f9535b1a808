import { describe, expect, it } from 'vitest';
import { Peaks } from '../../../src/cli/init/peaks.ts';

const rows: readonly { name: string; calls: readonly [subject: string, seconds: number][]; max: number }[] = [
  { name: 'nobody', calls: [], max: 0 },
  {
    name: 'calls exactly one window apart are in two',
    calls: [
      ['a', 0],
      ['a', 60],
    ],
    max: 1,
  },
  {
    name: 'calls just within one window are in one',
    calls: [
      ['a', 0],
      ['a', 59.999],
    ],
    max: 2,
  },
  {
    name: 'a call is held as long as its sixtieth',
    calls: [
      ['a', 0.001],
      ['a', 60.9],
    ],
    max: 2,
  },
  {
    name: 'and no longer',
    calls: [
      ['a', 0.001],
      ['a', 61],
    ],
    max: 1,
  },
  {
    name: 'subjects are counted apart',
    calls: [
      ['a', 0],
      ['b', 1],
      ['b', 2],
    ],
    max: 2,
  },
  {
    name: 'the order of calls does not matter',
    calls: [
      ['a', 50],
      ['a', 0],
      ['a', 200],
      ['a', 10],
    ],
    max: 3,
  },
];

describe('the most calls in any minute', () => {
  it.each(rows)('$name', ({ calls, max }) => {
    const peaks = new Peaks(60_000);
    for (const [subject, seconds] of calls) peaks.add(subject, Date.UTC(2026, 0, 1) + seconds * 1000);
    expect(peaks.peak().max).toBe(max);
  });
});
