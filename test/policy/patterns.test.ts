import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/policy/patterns.ts';

/** Pieces of patterns, plain and not, so that they run into each other. */
const piece = fc.constantFrom(
  ...[
    '^',
    '$',
    'a',
    'b',
    '-',
    '.',
    '\\.',
    '\\d',
    '\\w',
    '\\s',
    '\\-',
    '\\n',
    '\\b',
    '|',
    '(',
    ')',
    '(?i)',
    '(?:',
  ],
  ...[
    '[a-c]',
    '[a-z0-9_]',
    '[ab-]',
    '[^a]',
    '[b.]',
    '[\\d-]',
    '[a-c-e]',
    '[[:alpha:]]',
    '[\\w.]',
    '[+-.]',
    '[',
    ']',
  ],
  ...[
    '*',
    '+',
    '?',
    '{2}',
    '{0,2}',
    '{1,}',
    '{0}',
    '{00}',
    '{2,1}',
    '{',
    '}',
    '*?',
    ' ',
    '/',
    'é',
    '\u{10400}',
  ],
);
const pattern = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''));
const text = fc.string({
  unit: fc.constantFrom(...'aabbc1-. _\n\r\u2028éA/\u{10400}', '\ud801', '\udc00'),
  maxLength: 9,
});

describe('a pattern', () => {
  it('matches the texts that RE2 says it matches, and is none where RE2 says so', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
        const re2 = compiled(() => RE2JS.compile(source));
        const ours = compiled(() => compilePattern(source));
        expect(ours === null).toBe(re2 === null);
        for (const each of texts) expect(ours?.(each)).toBe(re2?.test(each));
      }),
      { numRuns: 20_000 },
    );
  });

  const endless = 'a'.repeat(500_000);
  it.each(['^a+a+a+$', '^[a-z]+\\w+$', 'a+b', '^a{1,999}a?a+$', '^a*a*a*-'])(
    'takes no longer with a text that %s almost matches',
    (source) => {
      // Backtracking would take hours.
      expect(compilePattern(source)(`${endless}!`)).toBe(false);
    },
  );
});

function compiled<T>(compile: () => T): T | null {
  try {
    return compile();
  } catch {
    return null;
  }
}
