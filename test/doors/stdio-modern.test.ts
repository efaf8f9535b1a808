import { PassThrough, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { META, modern, modernCall, postModern } from './modern-support.ts';
import { cancel, collect, open, write } from './stdio-pipes.ts';
import { line, talk } from './stdio-talk.ts';
import { call, INITIALIZE, startHttp, until } from './support.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const discover = modern('d', 'server/discover');
const ask = (id: unknown, method: string) => ({ jsonrpc: '2.0', id, method });

/** What a connection says, and what it is answered: `ok`, or the code of an error; and who called in which era. */
const ROWS: readonly {
  readonly name: string;
  readonly sent: readonly unknown[];
  readonly got: readonly unknown[];
  readonly calls?: readonly ('modern' | 'legacy')[];
}[] = [
  {
    name: 'requests that stand for themselves need no initialize',
    sent: [discover, modern(1, 'tools/list'), modernCall(2, 'echo')],
    got: ['ok', 'ok', 'ok'],
    calls: ['modern'],
  },
  {
    name: 'a client that asked what is spoken may still initialize',
    sent: [discover, INITIALIZE, call(1, 'echo')],
    got: ['ok', 'ok', 'ok'],
    calls: ['legacy'],
  },
  {
    name: 'after initialize nothing of the other era is taken',
    sent: [INITIALIZE, modernCall(1, 'echo'), modern(2, 'tools/list'), discover, call(3, 'echo')],
    got: ['ok', -32600, -32600, -32600, 'ok'],
    calls: ['legacy'],
  },
  {
    name: 'after a request that stands for itself there is no initialize, and no request without metadata',
    sent: [modernCall(1, 'echo'), INITIALIZE, call(2, 'echo'), ask(3, 'ping'), modernCall(4, 'echo')],
    got: ['ok', -32602, -32602, -32602, 'ok'],
    calls: ['modern', 'modern'],
  },
  {
    name: 'metadata with a fault decides for the modern era, and is refused there',
    sent: [
      modernCall(1, 'echo', { _meta: { 'io.modelcontextprotocol/clientCapabilities': {} } }),
      modernCall(2, 'echo', { _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } }),
      INITIALIZE,
    ],
    got: [-32602, -32022, -32602],
  },
  {
    name: 'a question what is spoken that lacks its metadata is one of the legacy era',
    sent: [ask(1, 'server/discover'), INITIALIZE, call(2, 'echo')],
    got: [-32600, 'ok', 'ok'],
    calls: ['legacy'],
  },
  {
    name: 'what the modern era does not have is not found there',
    sent: [modern(1, 'ping'), modern(2, 'logging/setLevel'), modern(3, 'initialize'), modern(4, 'no/such')],
    got: [-32601, -32601, -32601, -32601],
  },
];

for (const { name, sent, got, calls = [] } of ROWS) {
  test(`stdio eras: ${name}`, async () => {
    const { answers, gate } = await talk(...sent.map(line));
    const found = sent.map((message) => answers.find(({ id }) => id === Object(message).id));
    expect(found.map((answer) => answer?.error?.code ?? (answer?.result && 'ok'))).toEqual(got);
    expect(answers.length).toBe(sent.length);
    expect(gate.calls.map(({ caller }) => (caller.session === null ? 'modern' : 'legacy'))).toEqual(calls);
  });
}

test('stdio: requests are answered to the letter as they are over HTTP', async () => {
  const door = await startHttp();
  const messages = [
    discover,
    modern(1, 'tools/list'),
    modernCall(2, 'echo', { arguments: { a: 1 } }),
    modernCall(3, 'none'),
    modern(4, 'no/such'),
    modern(5, 'tools/list', { _meta: { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } }),
    modern(6, 'subscriptions/listen', { notifications: 5 }),
  ];
  const { answers } = await talk(...messages.map(line));
  const overHttp = messages.map(async (message) => {
    const { _meta } = message.params;
    const version = String(Object(_meta)['io.modelcontextprotocol/protocolVersion']);
    return JSON.parse((await postModern(door.url, message, { 'mcp-protocol-version': version })).text);
  });
  const byId = (id: unknown) => answers.find((answer) => answer.id === id);
  expect(messages.map(({ id }) => byId(id))).toEqual(await Promise.all(overHttp));
  await door.close();
});

test('stdio: a call of the modern era is of the identity, without a session', async () => {
  const { gate } = await talk(line(modernCall(1, 'echo')), line(modernCall(2, 'echo')));
  expect(gate.calls.map(({ caller, transport }) => ({ ...caller, transport }))).toEqual(
    Array.from({ length: 2 }, () => ({ identity: { sub: 'anna' }, session: null, transport: 'stdio' })),
  );
});

for (const id of [0, 1, 'a', '']) {
  test(`stdio: a cancelled modern call of id ${JSON.stringify(id)} is aborted and not answered`, async () => {
    const output = new PassThrough();
    const { gate, input, done } = open(output);
    const frames = collect(output);
    write(input, modernCall(id, 'slow'));
    await until(() => gate.calls.length === 1, 'the call');
    write(input, cancel(id), modernCall('last', 'echo'));
    await until(() => frames.length === 1, 'the answer to the last');
    expect(gate.ended).toContain('aborted');
    input.end();
    await done;
    expect(frames.map((frame) => frame.id)).toEqual(['last']);
  });
}

test('stdio: a second request with the id of one that runs is refused, and the first is answered', async () => {
  const output = new PassThrough();
  const { gate, input, done } = open(output);
  const frames = collect(output);
  write(input, modernCall(1, 'slow'), modernCall(1, 'echo'));
  await until(() => frames.length === 1, 'the refusal');
  gate.release();
  input.end();
  await done;
  expect(frames).toMatchObject([
    { id: 1, error: { code: -32600 } },
    { id: 1, result: {} },
  ]);
  expect(gate.calls.length).toBe(1);
});

test('stdio: subscriptions are told of changes by their ids, until they are cancelled or the input ends', async () => {
  const output = new PassThrough();
  const { gate, input, done } = open(output);
  const frames = collect(output);
  const subscribe = (id: string) =>
    modern(id, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  write(input, subscribe('a'), subscribe('b'));
  await until(() => frames.length === 2, 'both acknowledgements');
  gate.changeTools();
  await until(() => frames.length === 4, 'the change');
  write(input, cancel('a'), discover);
  await until(() => frames.length === 5, 'the answer after the cancellation');
  gate.changeTools();
  await until(() => frames.length === 6, 'the second change');
  input.end();
  await done;
  const told = (id: string, method: string) => ({ method, params: { _meta: { [SUBSCRIPTION]: id } } });
  expect(frames).toMatchObject([
    told('a', 'notifications/subscriptions/acknowledged'),
    told('b', 'notifications/subscriptions/acknowledged'),
    told('a', 'notifications/tools/list_changed'),
    told('b', 'notifications/tools/list_changed'),
    { id: 'd', result: {} },
    told('b', 'notifications/tools/list_changed'),
    { id: 'b', result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: 'b' } } },
  ]);
  expect(gate.listening()).toBe(0);
});

test('stdio: a connection has at most 16 subscriptions', async () => {
  const many = Array.from({ length: 17 }, (_, i) => modern(i, 'subscriptions/listen', { notifications: {} }));
  const { answers } = await talk(...many.map(line));
  expect(answers.filter(({ error }) => error !== undefined)).toMatchObject([
    { id: 16, error: { code: -32600 } },
  ]);
});

test('stdio: changes that a client does not read wait as one', async () => {
  const taken: string[] = [];
  let take: (() => void) | null = null;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk, _encoding, callback) {
      taken.push(String(chunk));
      take = callback;
    },
  });
  const { gate, input, close } = open(slow);
  write(input, INITIALIZE);
  await until(() => taken.length === 1, 'the answer to initialize');
  for (let i = 0; i < 1000; i++) gate.changeTools();
  expect(slow.writableLength).toBeLessThan(2000);
  const takeOne = (): void => {
    const callback = take;
    take = null;
    callback?.();
  };
  takeOne();
  await until(() => taken.length === 2, 'the change');
  takeOne();
  const closed = close();
  slow.destroy();
  await closed;
  expect(taken.slice(1)).toEqual(['{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n']);
});
