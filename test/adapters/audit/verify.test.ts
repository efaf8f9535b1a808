import { describe, expect, it } from 'vitest';
import { link } from '../../../src/adapters/audit/chain.ts';
import { record, verify, ZEROS } from './files.ts';

/** Lines that follow each other, after `prev`. */
function chain(prev: string, ...names: string[]): { lines: string[]; last: string } {
  const lines: string[] = [];
  let last = prev;
  for (const name of names) {
    const { line, hash } = link(JSON.stringify(record(name)), last);
    lines.push(line.slice(0, -1));
    last = hash;
  }
  return { lines, last };
}

const { lines: whole, last } = chain(ZEROS, 'a', 'b', 'c', 'd');
const [a = '', b = '', c = '', d = ''] = whole;
const { lines: other } = chain(ZEROS, 'x', 'y');
const [x = '', y = ''] = other;
const forkOfB = chain(JSON.parse(b).hash, 'e').lines;
const later = chain(last, 'f', 'g').lines;
const tampered = b.replace('"verdict":"allow"', '"verdict":"deny"');

const fine = (count: number, more: object = {}) => ({
  ok: true,
  count,
  from: ZEROS,
  chains: 1,
  torn: 0,
  ...more,
});
const missing = (line: number) => ({ ok: false, line, why: 'the line before it, by its `prev`, is missing' });

const rows: readonly (readonly [name: string, lines: readonly string[], verified: unknown])[] = [
  ['nothing', [], fine(0, { chains: 0 })],
  ['one chain', whole, fine(4)],
  ['two processes that began together', [a, x, b, y, c, d], fine(6, { chains: 2 })],
  ['a process that began while another wrote', [a, b, ...forkOfB, c, d], fine(5, { chains: 2 })],
  ['the end of it, which only the one who knows the last hash misses', [a, b], fine(2)],
  ['a newer file alone', later, fine(2, { from: last })],
  ['an older file and a newer one', [...whole, ...later], fine(6)],
  [
    'a newer file before an older one',
    [...later, ...whole],
    { ok: false, line: 6, why: 'a file before this one continues it; expected the oldest file first' },
  ],
  ['a line that was left unfinished', [a, b, c.slice(0, 50), c, d], fine(4, { torn: 1 })],
  ['empty lines', [a, '', b], fine(2)],
  ['a changed line', [a, tampered, c], { ok: false, line: 2, why: 'the line is not what was written' }],
  ['a changed line with a hash to match', [a, ...chain(JSON.parse(a).hash, 'B').lines, c], missing(3)],
  ['a line that was taken out', [a, c, d], missing(2)],
  ['a line that was broken', [a, b.slice(0, -1), c], missing(3)],
  ['lines that changed places', [a, c, b], missing(2)],
  ['a beginning that was taken out, before another chain', [x, c, d], missing(2)],
  ['a line twice', [a, b, b], { ok: false, line: 3, why: 'the same line was there before' }],
  [
    'a changed `prev`',
    [a, b.replace(JSON.parse(b).prev, ZEROS)],
    { ok: false, line: 2, why: 'the line is not what was written' },
  ],
];

describe('verifying', () => {
  for (const [name, lines, verified] of rows) {
    it(name, async () => {
      expect(await verify(...lines)).toEqual(verified);
    });
  }
});
