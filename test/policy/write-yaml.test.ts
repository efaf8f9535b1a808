import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/model/index.ts';
import { Report, toJson } from '../../src/policy/located.ts';
import { readYaml } from '../../src/policy/parse.ts';
import { commentAt, writeYaml } from '../../src/policy/write-yaml.ts';

function read(text: string): Json | string {
  const report = new Report();
  const root = readYaml(text, report);
  return root === null || report.errors > 0 ? JSON.stringify(report.problems) : toJson(root, report);
}

const special = fc.constantFrom(
  ...[
    '# x',
    'a: b',
    'a:',
    ' a',
    'a ',
    '- a',
    '"',
    "'",
    'a\nb',
    'ü',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u007f',
    '~',
    'null',
    'Yes',
    '1',
    '1.0',
    '0x1',
    '.5',
  ],
  ...[
    '{',
    '[a',
    'a, b',
    'a]',
    '*a',
    '&a',
    '!a',
    '%a',
    '@a',
    '`',
    '|',
    '>',
    '?',
    '---',
    '...',
    '',
    '2026-01-01',
    '<<',
    '=',
    'a #b',
    '\t',
    '\u0000',
    '\u{1f600}',
  ],
);
const text = fc.oneof(
  special,
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }).filter((each) => each.isWellFormed()),
);
const value = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('any'),
      { maxKeys: 3 },
    ),
  ),
})).any;
const map = fc.dictionary(
  fc.oneof(
    fc.constantFrom('tools', 'rules', 'cases', 'grants'),
    text.filter((key) => key !== '__proto__'),
  ),
  value,
  { minKeys: 1, maxKeys: 3 },
) as fc.Arbitrary<JsonObject>;

describe('YAML for people', () => {
  it('reads as the value that was written, whatever its names and texts, and its comments', () => {
    fc.assert(
      fc.property(map, fc.array(text, { maxLength: 2 }), (object, comment) => {
        const [key = ''] = Object.keys(object);
        const comments = new Map([
          [commentAt([]), comment],
          [commentAt([key]), comment],
          [commentAt([key, 0]), comment],
          [commentAt(['rules', 0]), comment],
        ]);
        expect(read(writeYaml(object, comments))).toEqual(object);
      }),
      { seed: 20261125, numRuns: 500 },
    );
  });

  it('stands as people write it', () => {
    const document = {
      default: 'deny',
      tools: {
        a: {},
        b: {
          rules: [
            { name: 'x y', rate_limit: { max: 5, window: 60 } },
            { action: 'deny', on_deny: 'No: never.' },
          ],
        },
      },
    };
    const comments = new Map([
      [commentAt([]), ['What it is.']],
      [commentAt(['tools', 'b', 'rules', 1]), ['Why', '', 'not']],
    ]);
    expect(writeYaml(document, comments)).toBe(
      [
        '# What it is.',
        'default: deny',
        '',
        'tools:',
        '  a: {}',
        '',
        '  b:',
        '    rules:',
        '      - name: x y',
        '        rate_limit: { max: 5, window: 60 }',
        '      # Why',
        '      #',
        '      # not',
        '      - action: deny',
        '        on_deny: "No: never."',
        '',
      ].join('\n'),
    );
  });
});
