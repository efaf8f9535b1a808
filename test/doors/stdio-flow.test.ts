import { PassThrough } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { deserializeMessage, serializeMessage } from '@modelcontextprotocol/sdk/shared/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { cancel, collect, open, write } from './stdio-pipes.ts';
import { call, INITIALIZE, until, VERSION } from './support.ts';

async function connectClient(input: PassThrough, output: PassThrough): Promise<Client> {
  const transport: Transport = {
    async start() {
      let rest = '';
      output.on('data', (chunk) => {
        rest += chunk;
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) transport.onmessage?.(deserializeMessage(line));
      });
    },
    async send(message) {
      input.write(serializeMessage(message));
    },
    async close() {
      input.end();
      transport.onclose?.();
    },
  };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  return client;
}

test("the SDK's client initializes, lists, calls and hears of changed tools over stdio", async () => {
  const output = new PassThrough();
  const { gate, input, done } = open(output);
  const client = await connectClient(input, output);
  let changes = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    changes++;
  });
  expect(client.getServerVersion()).toEqual({ name: 'portcullis', version: VERSION });
  expect(client.getServerCapabilities()).toEqual({ tools: { listChanged: true } });
  expect(client.getInstructions()).toContain('[POLICY DENIED]');
  expect(await client.ping()).toEqual({});
  expect((await client.listTools()).tools).toEqual(gate.list({ identity: {}, session: null }));
  const result = await client.callTool({ name: 'echo', arguments: { a: 1 } });
  expect(result.structuredContent).toMatchObject({ said: { a: 1 } });
  await expect(client.callTool({ name: 'none' })).rejects.toMatchObject({ code: -32602 });
  gate.changeTools();
  await until(() => changes === 1, 'the notification');
  const progress: unknown[] = [];
  const options = { onprogress: (one: unknown) => progress.push(one) };
  await client.callTool({ name: 'forward' }, CallToolResultSchema, options);
  expect(progress).toEqual([{ progress: 1, total: 2, message: 'Allowed by policy; waiting for FusionAuth' }]);
  await client.close();
  await done;
  expect(gate.listening()).toBe(0);
});

test('a call carries the identity, one session for the process, and the transport', async () => {
  const { gate, input, done } = open();
  write(input, INITIALIZE, call(1, 'echo'), call(2, 'echo'));
  input.end();
  await done;
  const callers = gate.calls.map((raw) => [raw.transport, raw.caller]);
  const session = gate.calls[0]?.caller.session;
  expect(session).toMatch(/^[A-Za-z0-9_-]{22}$/);
  const caller = { identity: { sub: 'anna' }, session };
  expect(callers).toEqual([
    ['stdio', caller],
    ['stdio', caller],
  ]);
});

test('nothing is said of changed tools before initialize', async () => {
  const output = new PassThrough();
  const frames = collect(output);
  const { gate, input, done } = open(output);
  gate.changeTools();
  input.end();
  await done;
  expect(frames).toEqual([]);
});

for (const id of [0, 5, 'five']) {
  test(`a cancelled call of id ${JSON.stringify(id)} is aborted and not answered`, async () => {
    const output = new PassThrough();
    const frames = collect(output);
    const { gate, input, done } = open(output);
    write(input, INITIALIZE, call(id, 'slow', { _meta: { progressToken: 'p' } }));
    await until(() => gate.calls.length === 1, 'the call');
    write(input, cancel(id), cancel(id));
    await until(() => gate.ended.length === 1, 'the end of the call');
    write(input, { jsonrpc: '2.0', id: 'after', method: 'ping' });
    input.end();
    await done;
    expect(gate.ended).toEqual(['aborted']);
    expect(frames.map((frame) => frame.id)).toEqual(['init', 'after']);
  });
}

test('calls that run when the input ends are answered before done', async () => {
  const output = new PassThrough();
  const frames = collect(output);
  const { gate, input, done } = open(output);
  write(input, INITIALIZE, call(1, 'slow'), call(2, 'slow'));
  input.end();
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  await until(() => gate.calls.length === 2, 'the calls');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isDone).toBe(false);
  gate.release();
  await done;
  expect(frames.map((frame) => frame.id)).toEqual(['init', 1, 2]);
  expect(gate.ended).toEqual(['result', 'result']);
});

test('close takes no more frames, answers what runs, and resolves', async () => {
  const output = new PassThrough();
  const frames = collect(output);
  const { gate, input, close } = open(output);
  write(input, INITIALIZE, call(1, 'slow'));
  await until(() => gate.calls.length === 1, 'the call');
  const closed = close();
  write(input, call(2, 'echo'));
  gate.release();
  await closed;
  expect(frames.map((frame) => frame.id)).toEqual(['init', 1]);
});
