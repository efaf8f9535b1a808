import { echo, error, line, testRows, violations } from './stdio-talk.ts';
import { call } from './support.ts';

testRows([
  {
    name: 'a call without an id is never made',
    send: line({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'echo' } }),
    get: [],
  },
  {
    name: 'a call without params is told what is missing',
    send: line({ jsonrpc: '2.0', id: 1, method: 'tools/call' }),
    get: [error(1, -32602)],
  },
  {
    name: 'a call without a name is told what is missing',
    send: line({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }),
    get: [error(1, -32602)],
  },
  {
    name: 'a call whose name is a number is not made',
    send: line({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 5 } }),
    get: [error(1, -32602)],
  },
  {
    name: 'a call whose params are a list is not made',
    send: line({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: ['echo'] }),
    get: [error(1, -32602)],
  },
  {
    name: 'a call whose _meta is a list is not made',
    send: line(call(1, 'echo', { _meta: [] })),
    get: [error(1, -32602)],
  },
  {
    name: 'a call whose progress token is an object is not made',
    send: line(call(1, 'echo', { _meta: { progressToken: {} } })),
    get: [error(1, -32602)],
  },
  {
    name: 'an unknown tool is an error of the protocol',
    send: line(call(1, 'none')),
    get: [error(1, -32602)],
    calls: 1,
  },
  {
    name: 'arguments that are absent are an empty object',
    send: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}\n',
    get: [{ id: 1, said: {} }],
    calls: 1,
  },
  {
    name: 'arguments that are null are handed in as null',
    send: echo('null'),
    get: [{ id: 1, said: null }],
    calls: 1,
  },
  {
    name: 'arguments that are a list are handed in as a list',
    send: echo('[1]'),
    get: [{ id: 1, said: [1] }],
    calls: 1,
  },
  {
    name: 'a key twice in the arguments is a violation',
    send: echo('{"a":1,"a":2}'),
    get: [violations('args.a')],
    calls: 1,
  },
  {
    name: '__proto__ in the arguments is a violation',
    send: echo('{"b":{"__proto__":{}}}'),
    get: [violations('args.b.__proto__')],
    calls: 1,
  },
  {
    name: 'a number out of range in the arguments is a violation',
    send: echo('{"a":1e999}'),
    get: [violations('args.a')],
    calls: 1,
  },
  {
    name: 'half a surrogate pair in the arguments is a violation',
    send: echo('{"a":"\\ud800"}'),
    get: [violations('args.a')],
    calls: 1,
  },
  {
    name: 'arguments of 20,000 levels are a violation',
    send: echo(`{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`),
    get: [{ id: 1 }],
    calls: 1,
  },
  {
    name: 'the name of a tool twice is an invalid request',
    send: echo('{},"name":"none"'),
    get: [error(1, -32600)],
  },
  {
    name: 'arguments twice are an invalid request',
    send: echo('{},"arguments":{}'),
    get: [error(1, -32600)],
  },
  {
    name: 'half a surrogate pair as the name of a tool is an invalid request',
    send: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}\n',
    get: [error(1, -32600)],
  },
  {
    name: 'a key twice in the arguments of another method is an invalid request',
    send: '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"arguments":{"a":1,"a":2}}}\n',
    get: [error(1, -32600)],
  },
  {
    name: 'a cursor for tools/list is not valid',
    send: line({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor: 'x' } }),
    get: [error(1, -32602)],
  },
  {
    name: 'an id that still runs is refused, and the first call goes on',
    send:
      line(call(1, 'slow')) +
      line(call(1, 'echo')) +
      line({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
    get: [error(1, -32600)],
    calls: 1,
  },
  {
    name: 'an id that was answered may be used again',
    send: line(call(7, 'echo')),
    get: [{ id: 7 }],
    calls: 1,
  },
  {
    name: 'a bug behind the gate is an internal error without detail',
    send: line(call(1, 'bug')),
    get: [error(1, -32603)],
    calls: 1,
  },
  {
    name: 'cancelling what does not run is passed over',
    send: line({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } }),
    get: [],
  },
  {
    name: 'cancelling nothing is passed over',
    send: line({ jsonrpc: '2.0', method: 'notifications/cancelled' }),
    get: [],
  },
]);
