import { expect, test } from 'vitest';
import { echo, error, INIT, line, PING, talk, testRows } from './stdio-talk.ts';
import { call, INITIALIZE } from './support.ts';

testRows([
  {
    name: 'a batch is refused and nothing of it is done',
    send: line([call(1, 'echo'), call(2, 'echo')]),
    get: [error(null, -32600)],
  },
  { name: 'a scalar is an invalid request', send: '5\n', get: [error(null, -32600)] },
  {
    name: 'another JSON-RPC version is an invalid request',
    send: echo('{}', '"jsonrpc":"1.0","id":1'),
    get: [error(1, -32600)],
  },
  { name: 'no JSON-RPC version is an invalid request', send: echo('{}', '"id":1'), get: [error(1, -32600)] },
  { name: 'the id null is an invalid request', send: line(call(null, 'echo')), get: [error(null, -32600)] },
  {
    name: 'a fractional id is an invalid request',
    send: line(call(1.5, 'echo')),
    get: [error(null, -32600)],
  },
  {
    name: 'an id past 2^53 is an invalid request',
    send: echo('{}', '"jsonrpc":"2.0","id":9007199254740993'),
    get: [error(null, -32600)],
  },
  { name: 'an object as id is an invalid request', send: line(call({}, 'echo')), get: [error(null, -32600)] },
  {
    name: 'a boolean as id is an invalid request',
    send: line(call(true, 'echo')),
    get: [error(null, -32600)],
  },
  { name: 'the id 0 is an id', send: line(call(0, 'echo')), get: [{ id: 0 }], calls: 1 },
  { name: 'a negative id is an id', send: line(call(-1, 'echo')), get: [{ id: -1 }], calls: 1 },
  { name: 'an empty string is an id', send: line(call('', 'echo')), get: [{ id: '' }], calls: 1 },
  {
    name: 'the ids 1 and "1" are two',
    send:
      line(call(1, 'slow')) +
      line(call('1', 'echo')) +
      line({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
    get: [{ id: '1' }],
    calls: 2,
  },
  {
    name: 'method that is not a string is an invalid request',
    send: line({ jsonrpc: '2.0', id: 1, method: 5 }),
    get: [error(1, -32600)],
  },
  {
    name: 'a message with method and result is an invalid request',
    send: line({ ...call(1, 'echo'), result: {} }),
    get: [error(1, -32600)],
  },
  {
    name: 'a message with nothing but an id is an invalid request',
    send: line({ jsonrpc: '2.0', id: 1 }),
    get: [error(1, -32600)],
  },
  {
    name: 'a response that nobody asked for is passed over',
    send: line({ jsonrpc: '2.0', id: 1, result: {} }),
    get: [],
  },
  {
    name: 'an error that nobody asked for is passed over',
    send: line({ jsonrpc: '2.0', id: null, error: { code: 1, message: 'x' } }),
    get: [],
  },
  {
    name: 'a method in another case is not found',
    send: line({ jsonrpc: '2.0', id: 1, method: 'Tools/Call', params: { name: 'echo' } }),
    get: [error(1, -32601)],
  },
  {
    name: 'an unknown method is not found',
    send: line({ jsonrpc: '2.0', id: 1, method: 'resources/list' }),
    get: [error(1, -32601)],
  },
  {
    name: 'an unknown notification is passed over',
    send: line({ jsonrpc: '2.0', method: 'notifications/else' }),
    get: [],
  },
  {
    name: 'a ping whose _meta is a string is answered with what is wrong',
    send: line({ jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: 'x' } }),
    get: [error(1, -32602)],
  },
  {
    name: 'an envelope of 20,000 levels is an invalid request',
    send: `${'['.repeat(20_000)}${']'.repeat(20_000)}\n`,
    get: [error(null, -32600)],
  },
  {
    name: '_meta of 20,000 levels is an invalid request',
    send: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}}\n`,
    get: [error(1, -32600)],
  },
  {
    name: 'the method twice is an invalid request',
    send: echo('{}', '"jsonrpc":"2.0","id":1,"method":"ping"'),
    get: [error(1, -32600)],
  },
  {
    name: 'the id twice is an invalid request that names neither',
    send: echo('{}', '"jsonrpc":"2.0","id":1,"id":2'),
    get: [error(null, -32600)],
  },
  {
    name: 'params twice are an invalid request',
    send: echo('{}', '"jsonrpc":"2.0","id":1,"params":{"name":"none"}'),
    get: [error(1, -32600)],
  },
  {
    name: '__proto__ in the envelope is an invalid request',
    send: echo('{}', '"jsonrpc":"2.0","id":1,"__proto__":{}'),
    get: [error(1, -32600)],
  },
  {
    name: '__proto__ in params is an invalid request',
    send: echo('{},"__proto__":{}'),
    get: [error(1, -32600)],
  },
  {
    name: 'a number out of range in the envelope is an invalid request',
    send: echo('{},"x":1e999'),
    get: [error(1, -32600)],
  },
  {
    name: 'half a surrogate pair as id is an invalid request',
    send: echo('{}', '"jsonrpc":"2.0","id":"\\udc00"'),
    get: [error(null, -32600)],
  },
  { name: 'initialize comes once', send: `${INIT}\n`, get: [error('init', -32600)] },
]);

test('stdio: before initialize only ping is answered', async () => {
  const { answers, gate } = await talk(
    line(call(1, 'echo')),
    `${PING}\n`,
    line({ jsonrpc: '2.0', id: 2, method: 'tools/list' }),
  );
  expect(answers.map((answer) => [answer.id, answer.error?.code, answer.error?.message])).toEqual([
    [1, -32600, 'Invalid request: initialize first'],
    [2, -32600, 'Invalid request: initialize first'],
    ['after', undefined, undefined],
  ]);
  expect(gate.calls).toEqual([]);
});

test('stdio: an initialize that does not fit opens nothing', async () => {
  const { answers } = await talk(
    line({ ...INITIALIZE, params: { protocolVersion: 5 } }),
    line({ ...INITIALIZE, params: [] }),
    line(call(1, 'echo')),
  );
  expect(answers.map((answer) => answer.error?.code)).toEqual([-32602, -32602, -32600]);
});

test('the wish to have a request as a task is ignored, and not logged', async () => {
  const wish = { task: { ttl: 60_000 }, _meta: { 'io.modelcontextprotocol/related-task': { taskId: 'x' } } };
  const ask = (id: number, method: string) => line({ jsonrpc: '2.0', id, method, params: wish });
  const { answers, logged } = await talk(`${INIT}\n`, ask(1, 'ping'), ask(2, 'tools/list'), ask(3, 'secret'));
  expect(answers.slice(1)).toMatchObject([
    { id: 1, result: {} },
    { id: 2, result: { tools: [{ name: 'echo' }] } },
    { id: 3, error: { code: -32601 } },
  ]);
  expect(logged).toEqual([]);
});
