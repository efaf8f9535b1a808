import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRaw } from './doors/support.ts';
import { type Running, start } from './support/cli.ts';

const text = readFileSync(resolve(import.meta.dirname, '../docs/protocol.md'), 'utf8');
const exchanges = Array.from(text.matchAll(/^```http\n([\s\S]*?)^```$/gm), ([, block = '']) => {
  const [request = '', answer = ''] = block.split(/\n(?=HTTP\/1\.1 )/);
  return [request.trim(), answer.trim()] as const;
});

let proxy: Running;
let port = 0;
beforeAll(async () => {
  proxy = start(['serve', '--sandbox', '--audit', 'off', '--http', '0']);
  const [, found] = await proxy.says(/ on http:\S+:(\d+)\/mcp/);
  port = Number(found);
});
afterAll(() => proxy.stop());

it('the document of the protocol has exchanges', () => {
  expect(exchanges.length).toBeGreaterThan(1);
});

it.each(exchanges)('%s is answered as it says', async (request, answer) => {
  const [head = '', body = ''] = request.split('\n\n');
  const [expectedHead = '', expectedBody = ''] = answer.split('\n\n');
  const lines = [...head.split('\n'), `Content-Length: ${Buffer.byteLength(body)}`, 'Host: localhost'];
  const client = await openRaw(port);
  client.socket.write(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
  await client.ended();
  const [got = '', gotBody = ''] = client.heard().split('\r\n\r\n');
  expect(got.split('\r\n')[0]).toBe(expectedHead.split('\n')[0]);
  expect(JSON.parse(gotBody)).toMatchObject(JSON.parse(expectedBody));
});
