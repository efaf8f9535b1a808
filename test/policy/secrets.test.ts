import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { blotted, looksSecret } from '../../src/policy/secrets.ts';

const rows: readonly (readonly [text: string, isSecret: boolean])[] = [
  ['kJ8sQ2mVx7LpTz4RbNw6YcHd1GfE3aUo', true],
  ['Bearer kJ8sQ2mVx7LpTz4RbNw6YcHd1GfE3aUo', true],
  // Random, and by chance without a digit.
  ['kJhsQrmVxwLpTzkRbNwtYcHdqGfEpaUo', true],
  ['dGhpcyBpcyBub-QgYSBzZWNyZXQ-_kJhsQrmVxwLpTzkRbNw', true],
  ['https://a.example/?token=kJhsQrmVxwLpTzkRbNwtYcHdqGfEpaUo', true],
  ['eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.', true],
  ['3c219e58-ed0e-4b18-ad48-f4f92793ae32', false],
  ['exchangeRefreshTokenForJWTWithId', false],
  ['Anns-MacBook-Pro-in-the-living-room-upstairs', false],
  ['a-policy-that-has-a-rather-long-name-of-its-own', false],
  ['The quick brown fox jumps over the lazy dog', false],
];

test.each(rows)('%s looks like a secret: %s', (text, isSecret) => {
  expect(looksSecret(text)).toBe(isSecret);
  expect(blotted(text) !== text).toBe(isSecret);
});

test('of random texts hardly one is taken for something else, and no name of the catalog for a secret', () => {
  const texts = Array.from({ length: 100_000 }, () => randomBytes(24).toString('base64url'));
  expect(texts.filter((text) => !looksSecret(text)).length).toBeLessThan(100);
  const names = operations.flatMap(({ name, operationId, path, title }) => [name, operationId, path, title]);
  expect(names.filter(looksSecret)).toEqual([]);
});
