import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { JsonObject, ListedTool } from '../../src/model/index.ts';
import { createGate } from './fake-gate.ts';
import { modern, postModern } from './modern-support.ts';
import { collect, open, write } from './stdio-pipes.ts';
import { INITIALIZE, openSession, post, startHttp, until } from './support.ts';

/** Tools that count how often they were written as JSON. */
function countingTools(count: number) {
  const [first] = createGate().list({ identity: {}, session: null });
  if (first === undefined) throw new Error('expected a tool');
  const written = Array.from({ length: count }, () => 0);
  const tools = written.map((_, i): ListedTool => {
    const tool = { ...first, name: `tool-${i}`, description: `says "${i}"\n` };
    return Object.defineProperty(tool, 'title', {
      enumerable: true,
      get() {
        written[i] = (written[i] ?? 0) + 1;
        return 'Title';
      },
    });
  });
  return { tools, written, plain: JSON.parse(JSON.stringify(tools)) as JsonObject[] };
}

const ask = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'tools/list' });
const LISTED = { resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' };

test('tools/list is put together from tools that were written as JSON once, in both eras and at both doors', async () => {
  const { tools, written, plain } = countingTools(3);
  written.fill(0);
  const door = await startHttp({ gate: { ...createGate(), list: () => tools } });
  const session = await openSession(door.url);
  for (const id of [1, 'a "quoted" id']) {
    const legacy = await post(door.url, ask(id), session);
    expect(JSON.parse(legacy.text)).toEqual({ jsonrpc: '2.0', id, result: { tools: plain } });
    const now = await postModern(door.url, modern(id, 'tools/list'));
    expect(JSON.parse(now.text)).toEqual({
      jsonrpc: '2.0',
      id,
      result: { ...LISTED, tools: plain, _meta: expect.anything() },
    });
  }
  await door.close();
  for (const [sent, result] of [
    [[INITIALIZE, ask(2)], { tools: plain }],
    [[modern(2, 'tools/list')], { ...LISTED, tools: plain, _meta: expect.anything() }],
  ] as const) {
    const pipes = open(new PassThrough(), { ...createGate(), list: () => tools });
    const frames = collect(pipes.output);
    write(pipes.input, ...sent);
    await until(() => frames.some(({ id }) => id === 2), 'the list');
    expect(frames.at(-1)).toEqual({ jsonrpc: '2.0', id: 2, result });
    pipes.input.end();
    await pipes.done;
  }
  expect(written).toEqual([1, 1, 1]);
});

test('what is listed is what the gate shows at that time, in its order, also nothing', async () => {
  const { plain, tools } = countingTools(3);
  let shown: readonly number[] = [0, 1, 2];
  const list = () => tools.filter((_, i) => shown.includes(i));
  const door = await startHttp({ gate: { ...createGate(), list } });
  const session = await openSession(door.url);
  for (shown of [[0, 1, 2], [2, 0], [], [1]]) {
    const expected = plain.filter((_, i) => shown.includes(i));
    const answers = [
      await post(door.url, ask(1), session),
      await postModern(door.url, modern(1, 'tools/list')),
    ];
    expect(answers.map(({ text }) => JSON.parse(text).result.tools)).toEqual([expected, expected]);
  }
  await door.close();
});
