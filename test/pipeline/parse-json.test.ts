import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LEVELS, parseJson } from '../../src/pipeline/parse-json.ts';

const values = [
  ['null', null],
  [' true ', true],
  ['-0.5e-3', -0.5e-3],
  ['"\\u00e9\\n\\/\\"\\ud83d\\ude00"', 'é\n/"😀'],
  ['[]', []],
  ['{ "a" : [ 1 , { } ] }', { a: [1, {}] }],
  ['{"":0}', { '': 0 }],
] as const;

const refused = [
  ['', 'expected a value'],
  ['{', 'expected a key in double quotes'],
  ["{'a':1}", 'expected a key in double quotes'],
  ['{"a" 1}', 'expected `:` after a key'],
  ['{"a":1,}', 'expected a key in double quotes'],
  ['{"a":1', 'expected `,` or `}`'],
  ['[1,]', 'expected a value'],
  ['[1 2]', 'expected `,` or `]`'],
  ['01', 'expected the end of the text'],
  ['+1', 'expected a value'],
  ['1.', 'expected the end of the text'],
  ['.5', 'expected a value'],
  ['NaN', 'expected a value'],
  ['nul', 'expected a value'],
  ['truefalse', 'expected the end of the text'],
  ['"a', 'expected a string without control characters, ended by `"`'],
  ['"\t"', 'expected a string without control characters, ended by `"`'],
  ['"\\x"', 'expected an escape that JSON knows'],
  ['"\\u12g4"', 'expected four hex digits after `\\u`'],
  ['\uFEFF1', 'expected a value'],
  ['1 // no', 'expected the end of the text'],
  [`${'['.repeat(400)}}`, 'expected brackets that match'],
  ['['.repeat(20_000), 'expected the end of an object or list'],
] as const;

const faulty = [
  ['a key that stands twice: the first counts', '{"a":1,"a":2}', { a: 1 }, [['duplicate_key', 'a']]],
  ['a key that is written in two ways', '{"a":1,"\\u0061":2}', { a: 1 }, [['duplicate_key', 'a']]],
  [
    'a key that stands twice deep down',
    '{"a":[{"b":1,"b":{"c":1,"c":2}}]}',
    { a: [{ b: 1 }] },
    [
      ['duplicate_key', 'a', 0, 'b'],
      ['duplicate_key', 'a', 0, 'b', 'c'],
    ],
  ],
  ['__proto__', '{"__proto__":{"x":1}}', {}, [['forbidden_key', '__proto__']]],
  [
    'constructor and prototype',
    '{"constructor":{"prototype":1}}',
    {},
    [
      ['forbidden_key', 'constructor'],
      ['forbidden_key', 'constructor', 'prototype'],
    ],
  ],
  [
    'a number that no double holds',
    '[1e400,-1e999]',
    [0, 0],
    [
      ['number_out_of_range', 0],
      ['number_out_of_range', 1],
    ],
  ],
  [
    'a whole number that a double rounds',
    '[9007199254740993,-9007199254740993,90071992547409930e-1,123456789012345678901,9007199254740992.0]',
    [9007199254740992, -9007199254740992, 9007199254740992, 123456789012345680000, 9007199254740992],
    [
      ['number_out_of_range', 0],
      ['number_out_of_range', 1],
      ['number_out_of_range', 2],
      ['number_out_of_range', 3],
    ],
  ],
  [
    'a lone surrogate in a value and in a key',
    '{"\\ud800":"\\udc00"}',
    { '\ud800': '\udc00' },
    [
      ['not_unicode', '\ud800'],
      ['not_unicode', '\ud800'],
    ],
  ],
] as const;

function nested(levels: number): string {
  return `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
}

describe('parseJson', () => {
  it.each(values)('reads %s', (text, value) => {
    expect(parseJson(text)).toEqual({
      ok: true,
      value,
      faults: [],
      watchedBytes: Buffer.byteLength(text.trim()),
    });
  });

  it.each(refused)('refuses %s', (text, why) => {
    expect(parseJson(text)).toMatchObject({ ok: false, why });
  });

  it.each(faulty)('reports %s', (_name, text, value, faults) => {
    expect(parseJson(text)).toMatchObject({
      ok: true,
      value,
      faults: faults.map(([why, ...path]) => ({ why, path })),
    });
  });

  it('lists a hundred faults and no more', () => {
    const parsed = parseJson(`{${Array(1000).fill('"a":1').join(',')}}`);
    expect(parsed.ok && parsed.faults.length).toBe(100);
  });

  it(`allows ${MAX_LEVELS} levels, the watched value being the first`, () => {
    expect(parseJson(nested(MAX_LEVELS))).toMatchObject({ ok: true, faults: [] });
    expect(parseJson(nested(MAX_LEVELS + 1))).toMatchObject({ faults: [{ why: 'too_deep' }] });
    expect(parseJson(`{"p":{"q":${nested(MAX_LEVELS)}}}`, ['p', 'q'])).toMatchObject({
      ok: true,
      faults: [],
    });
    expect(parseJson(`{"p":{"q":${nested(MAX_LEVELS + 1)}}}`, ['p', 'q'])).toMatchObject({
      faults: [{ why: 'too_deep' }],
    });
  });

  it('passes over 20,000 levels without building them', () => {
    const text = `{"a":${'['.repeat(20_000)}"]}\\""${']'.repeat(20_000)},"b":1}`;
    expect(parseJson(text)).toMatchObject({ ok: true, value: { b: 1 }, faults: [{ why: 'too_deep' }] });
  });

  it('measures the watched value in UTF-8 bytes', () => {
    expect(parseJson('{"params":{"arguments": {"é":"😀"} }}', ['params', 'arguments'])).toMatchObject({
      watchedBytes: 13,
    });
  });

  it('agrees with JSON.parse on every value that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const parsed = parseJson(text);
        const plain: unknown = JSON.parse(text);
        const isOdd = !parsed.ok || parsed.faults.length > 0;
        return isOdd || JSON.stringify(parsed.value) === JSON.stringify(plain);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('agrees with JSON.parse on which mangled texts are JSON', () => {
    const mangled = fc
      .tuple(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('"', '{', ']', ',', ':', '\\', '0', 'e', ' ', '\u0000', '-'),
      )
      .map(([value, at, put]) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + put + text.slice(cut + 1);
      });
    fc.assert(
      fc.property(mangled, (text) => parseJson(text).ok === isJson(text)),
      { seed: 2, numRuns: 5000 },
    );
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
