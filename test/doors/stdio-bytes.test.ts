import { expect, test } from 'vitest';
import { echo, error, INIT, line, PING, talk, testRows } from './stdio-talk.ts';
import { call } from './support.ts';

const MIB = 1024 * 1024;

testRows([
  { name: 'text that is not JSON is a parse error', send: 'nonsense\n', get: [error(null, -32700)] },
  { name: 'truncated JSON is a parse error', send: '{"jsonrpc":"2.0"\n', get: [error(null, -32700)] },
  {
    name: 'invalid UTF-8 is a parse error',
    send: Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    get: [error(null, -32700)],
  },
  { name: 'a byte-order mark is a parse error', send: `\uFEFF${PING}\n`, get: [error(null, -32700)] },
  {
    name: 'UTF-16 is a parse error',
    send: Buffer.concat([Buffer.from(`\uFEFF${PING}`, 'utf16le'), Buffer.from('\n')]),
    get: [error(null, -32700)],
  },
  { name: 'blank lines are passed over', send: '\n\r\n', get: [] },
  {
    name: 'a carriage return before the line feed is tolerated',
    send: echo('{}').replace('\n', '\r\n'),
    get: [{ id: 1 }],
    calls: 1,
  },
  {
    name: 'arguments past 1 MiB in a frame that fits are a violation',
    send: echo(`{"a":"${'x'.repeat(MIB)}"}`),
    get: [{ id: 1 }],
    calls: 1,
  },
  {
    name: 'a frame of 1 MiB + 64 KiB is read',
    send: `${PING.replace('}', `,"x":"${'x'.repeat(MIB + 64 * 1024 - PING.length - 7)}"}`)}\n`.replace(
      '"after"',
      '"aftex"',
    ),
    get: [{ id: 'aftex' }],
  },
  {
    name: 'a frame one byte longer is dropped',
    send: `${PING.replace('}', `,"x":"${'x'.repeat(MIB + 64 * 1024 - PING.length - 6)}"}`)}\n`,
    get: [error(null, -32700)],
  },
  { name: 'a frame of 20 MiB is dropped', send: `${'x'.repeat(20 * MIB)}\n`, get: [error(null, -32700)] },
]);

test('stdio: frames that arrive byte by byte are the same frames', async () => {
  const bytes = Buffer.from(`${INIT}\n${line(call('é', 'echo', { arguments: { a: '😀' } }))}`);
  const { answers } = await talk(...[...bytes].map((byte) => Buffer.from([byte])));
  expect(answers[1]?.id).toBe('é');
  expect(answers[1]?.result?.structuredContent?.said).toEqual({ a: '😀' });
});

test('stdio: a last frame without a line end is a frame', async () => {
  const { answers } = await talk(`${INIT}\n${JSON.stringify(call(1, 'echo'))}`);
  expect(answers.map((answer) => answer.id)).toEqual(['init', 1]);
});
