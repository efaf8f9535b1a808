import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { link } from '../../src/adapters/audit/chain.ts';
import { auditLineReader, CODES } from '../../src/cli/audit-line.ts';
import { asRecord, readAuditLine, readObject } from '../../src/cli/recorded-calls.ts';
import type { AuditRecord, Json } from '../../src/model/index.ts';
import { type Closing, closeRecord, type Opening } from '../../src/pipeline/audit-record.ts';

const text = fc.string({ unit: fc.constantFrom(...'ab:,{} é𝄞"\\\n'), maxLength: 12 });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const ms = fc.nat(9_999_999).map((each) => each / 1000);
const code = fc.constantFrom(...(CODES as readonly AuditRecord['code'][]));
const opening: fc.Arbitrary<Opening> = fc.record({
  id: fc.uuid(),
  at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((at) => at.toISOString()),
  tool: text,
  operation: orNull(text),
  transport: fc.constantFrom('stdio', 'http', 'rest'),
  caller: fc.record({
    sub: orNull(text),
    client_id: orNull(text),
    tenant: orNull(text),
    session: orNull(text),
  }),
  policy: text,
  mode: fc.constantFrom('enforce', 'observe'),
  args: fc.oneof(text, fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }))) as fc.Arbitrary<Json>,
});
const closing: fc.Arbitrary<Closing> = fc.record({
  verdict: fc.constantFrom('allow', 'deny'),
  code,
  rule: orNull(text),
  would: orNull(fc.record({ code: fc.constantFrom('denied_by_rule', 'rate_limited'), rule: orNull(text) })),
  upstream: orNull(fc.record({ status: orNull(fc.integer({ min: 100, max: 599 })), ms })),
  note: orNull(text),
});
const records = fc
  .tuple(opening, closing, ms, fc.boolean())
  .map(([opened, closed, took, isIntent]): AuditRecord => {
    const record = closeRecord(opened, closed, took);
    return isIntent ? { ...record, intent: true } : record;
  });

const lineOf = (record: AuditRecord) => link(JSON.stringify(record), 'a'.repeat(64)).line.trimEnd();

/** The record of a line as it is read where its form is not known. */
function readSlowly(line: string): AuditRecord | null {
  const value = readObject(line);
  if (typeof value === 'string') return null;
  const read = asRecord(value);
  if (!('record' in read)) return null;
  const { prev: _, hash: __, ...record } = value;
  return record as unknown as AuditRecord;
}

describe('a line as the proxy writes it', () => {
  it('is read at once where no text in it needs an escape, and as it was written', () => {
    fc.assert(
      fc.property(records, (record) => {
        const line = lineOf(record);
        const needsEscape = line.includes('\\');
        expect(readAuditLine(line)).toEqual(needsEscape ? null : record);
      }),
      { numRuns: 500 },
    );
  });

  it('is left to be looked at, or is what looking at it finds, whatever became of it', () => {
    const piece = fc.tuple(fc.nat(2000), fc.nat(80));
    fc.assert(
      fc.property(
        records,
        piece,
        piece,
        fc.string({ unit: fc.constantFrom(...'",:{}[]0-e'), maxLength: 2 }),
        (record, from, to, put) => {
          const line = lineOf(record);
          const at = to[0] % line.length;
          const copied = from[1] % 3 === 0 ? '' : line.slice(from[0] % line.length).slice(0, from[1]);
          const changed = line.slice(0, at) + put + copied + line.slice(at + (to[1] % 4 === 0 ? to[1] : 0));
          const read = readAuditLine(changed);
          if (read !== null) expect(readSlowly(changed)).toEqual(read);
        },
      ),
      { numRuns: 3000 },
    );
  });

  const [first = '', second = ''] = ['"x":1', '"x":{"upstream":null,"ms":1}'].map(
    (member) => `{${member},"y":{"x":2}}`,
  );
  const plain = lineOf({ ...closeRecord(openingOf(), closingOf(), 1), args: {} });
  const doubtful = [
    ['a member twice among the arguments', plain.replace('"args":{}', '"args":{"x":1,"x":2}')],
    ['a member twice', plain.replace('"ms":1,', '"ms":1,"ms":1,')],
    ['members in another order', plain.replace(/"rule":null,("policy":"p")/, '$1,"rule":null')],
    ['a code that nobody knows', plain.replace('"code":"allowed"', '"code":"toString"')],
    ['arguments that are no JSON', plain.replace('"args":{}', '"args":{"x":}')],
    ['arguments with a number that is lost', plain.replace('"args":{}', '"args":{"x":1e999}')],
    ['a time that is none', plain.replace('2026-01-01', '2026-13-01')],
  ] as const;
  it.each(doubtful)('is left to be looked at: %s', (_name, line) => {
    expect(line).not.toBe(plain);
    expect([readAuditLine(plain), readAuditLine(line)]).toEqual([expect.anything(), null]);
  });

  it.each([first, second])('may have arguments that look like what is behind them: %s', (args) => {
    expect(readAuditLine(plain.replace('"args":{}', `"args":${args}`))?.args).toEqual(JSON.parse(args));
  });

  it('shares its caller with other lines of the same', () => {
    const read = auditLineReader((each) => JSON.parse(each));
    expect(read(plain)?.caller).toBe(read(plain.replace('"ms":1', '"ms":2'))?.caller);
  });
});

function openingOf(): Opening {
  return {
    id: 'i',
    at: '2026-01-01T00:00:00.000Z',
    tool: 't',
    operation: null,
    transport: 'http',
    caller: { sub: 'ann', client_id: null, tenant: null, session: null },
    policy: 'p',
    mode: 'enforce',
    args: {},
  };
}

function closingOf(): Closing {
  return { verdict: 'allow', code: 'allowed', rule: null, would: null, upstream: null, note: null };
}
