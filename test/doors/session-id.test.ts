import { expect, test } from 'vitest';
import { mintSessionId, verifySessionId } from '../../src/doors/session-id.ts';

const SECRET = Buffer.alloc(32, 1);
const NOW = Date.UTC(2026, 10, 1);
const id = mintSessionId(SECRET, 'anna', NOW);
const [random = '', issued = '', signature = ''] = id.split('.');
const flip = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

/** 32 bytes leave two bits of the last of 43 letters unused, so a genuine last letter always has a next one. */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const nextLetter = (letter: string) => LETTERS[LETTERS.indexOf(letter) + 1];

const forgeries: readonly (readonly [name: string, id: string])[] = [
  ['nothing', ''],
  ['another random part', `${flip(random, 3)}.${issued}.${signature}`],
  ['another time', `${random}.${flip(issued, 2).toLowerCase()}.${signature}`],
  ['a time with a zero in front', `${random}.0${issued}.${signature}`],
  ['another signature', `${random}.${issued}.${flip(signature, 5)}`],
  ['a last character that differs in unused bits', `${id.slice(0, -1)}${nextLetter(id.slice(-1))}`],
  ['no signature', `${random}.${issued}`],
  ['an empty signature', `${random}.${issued}.`],
  ['a longer signature', `${id}A`],
  ['a space in front', ` ${id}`],
  ['a line feed behind', `${id}\n`],
  ['two ids', `${id}, ${id}`],
  ['letters outside ASCII', `${'é'.repeat(22)}.${issued}.${signature}`],
];

test('an id is visible ASCII and says when it was minted', () => {
  expect(id).toMatch(/^[\x21-\x7e]+$/);
  expect(verifySessionId(SECRET, 'anna', id)).toEqual({ random, issuedAt: NOW });
});

test('no two ids have a random part in common', () => {
  const randoms = Array.from({ length: 1000 }, () => mintSessionId(SECRET, 'anna', NOW).split('.')[0]);
  expect(new Set(randoms).size).toBe(1000);
});

test('an id is bound to its identity', () => {
  expect(verifySessionId(SECRET, 'ben', id)).toBeNull();
});

test('an id is bound to the secret', () => {
  expect(verifySessionId(Buffer.alloc(32, 2), 'anna', id)).toBeNull();
});

for (const [name, forged] of forgeries) {
  test(`an id with ${name} is not genuine`, () => {
    expect(verifySessionId(SECRET, 'anna', forged)).toBeNull();
  });
}
