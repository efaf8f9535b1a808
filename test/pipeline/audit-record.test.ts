import { expect, test } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import type { Json, JsonObject } from '../../src/model/index.ts';
import { openRecord } from '../../src/pipeline/audit-record.ts';
import { fingerprintWith } from '../../src/policy/fingerprint.ts';
import { preparedPolicy } from '../support/line.ts';

const policy = preparedPolicy('default: allow\n');
const fingerprint = fingerprintWith(Buffer.alloc(32, 1));
const operation = operations.find(({ operationId }) => operationId === 'retrieveJwtPublicKey') ?? null;

function opened(value: Json, at = 0) {
  const raw = {
    tool: operation?.name ?? '',
    args: { value, faults: [] },
    transport: 'http',
    caller: { identity: {}, session: null },
    signal: new AbortController().signal,
  } as const;
  return openRecord(raw, operation, { id: 'id', at, policy, fingerprint });
}

/** Arguments whose JSON text has so many characters. */
function ofLength(characters: number, name: string, filling: string): JsonObject {
  const around = JSON.stringify({ [name]: '' }).length;
  const each = JSON.stringify(filling).length - 2;
  return { [name]: filling.repeat(Math.floor((characters - around) / each)).padEnd(1, 'x') };
}

const MOST = 64 * 1024;
const rows: readonly (readonly [sentence: string, args: JsonObject, byFingerprintAlone: boolean])[] = [
  ['short ones', { keyId: 'a key' }, false],
  ['ones that are exactly as long as is recorded', ofLength(MOST, 'keyId', 'x'), false],
  ['ones that are one character longer', ofLength(MOST + 1, 'keyId', 'x'), true],
  ['ones that are longer by their escapes alone', ofLength(MOST + 6, 'keyId', '\u0001'), true],
  ['ones with a long name', { ['n'.repeat(MOST)]: 1 }, true],
  ['ones with many members', Object.fromEntries(Array.from({ length: 9000 }, (_, i) => [`n${i}`, i])), true],
  ['ones that are long further in', { keyId: { in: ['x'.repeat(MOST)] } }, true],
];

test.each(rows)('arguments as recorded: %s', (_, args, byFingerprintAlone) => {
  const text = JSON.stringify(args);
  expect(text.length > MOST).toBe(byFingerprintAlone);
  const recorded = opened(args).args;
  if (byFingerprintAlone) expect(recorded).toBe(`hmac:${fingerprint(text)}`);
  else expect(recorded).toHaveProperty('keyId');
});

test('each record has the time of its own call', () => {
  const times = [0, 0, 1, 1_700_000_000_000, 0];
  expect(times.map((at) => opened({}, at).at)).toEqual(times.map((at) => new Date(at).toISOString()));
});
