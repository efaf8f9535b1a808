import { call, DEEP, frame, type Row, type Summary } from './differential-rows.ts';

/** Frames on which our dispatcher and the SDK's are meant to differ. */
export interface DifferingRow extends Row {
  readonly stdio: Difference | null;
  readonly http: Difference | null;
}

/** Why they differ, and what each of them does; null above where the two agree after all. */
export interface Difference {
  readonly why: string;
  readonly ours: Summary;
  readonly sdk: Summary;
}

const KEYS = 'retrievejwtpublickey';
const NOTHING: Summary = { answers: [], records: [] };
const refusedBy = (code: number): Summary => ({ answers: [`error ${code}`], records: [] });
const denied: Summary = { answers: ['invalid_arguments'], records: ['invalid_arguments'] };
const allowed: Summary = { answers: ['result'], records: ['allowed'] };
const minted: Summary = { answers: ['result'], records: ['intent', 'allowed'] };

const ONE_READING =
  'JSON.parse hides it, so that what is judged and what another reader sees could be two calls';
const AUDITED = 'arguments that are no object are a call that the policy refuses and the audit has';
const BLAME = 'the SDK names its own fault where the client is at fault';
const TASK = 'who has no tasks makes the call and leaves the wish for one aside (2025-11-25, Tasks)';

const both = (difference: Difference) => ({ stdio: difference, http: difference });

/** What the SDK does not read at all: over stdio it says nothing, over HTTP it calls everything unreadable. */
const unread = (code: number, overHttp: Summary = refusedBy(-32700)) => ({
  stdio: {
    why: 'the SDK reports what it cannot read to its own process and leaves the client without an answer',
    ours: refusedBy(code),
    sdk: NOTHING,
  },
  http: { why: 'the SDK has one code and its own words for it', ours: refusedBy(code), sdk: overHttp },
});

/** A call that FusionAuth does not answer, its cancellation, and a call after it. */
const cancelled = (id: string, rest = '"arguments":{"keyId":"hang"}') => [
  call(KEYS, rest, id),
  frame(`"method":"notifications/cancelled","params":{"requestId":${id}}`),
  call(KEYS, '"arguments":{}', '8'),
];
const NO_ANSWER = 'HTTP wants an answer to every request; the SDK leaves that of a cancelled call open';
const ended: Summary = { answers: ['result'], records: ['upstream_unavailable', 'allowed'] };

export const differing: readonly DifferingRow[] = [
  { name: 'text that is not JSON', frames: ['{"jsonrpc":"2.0","id":7,'], ...unread(-32700) },
  { name: 'text behind the frame', frames: [`${call(KEYS)} x`], ...unread(-32700) },
  { name: 'a comma too many', frames: [call(KEYS, '"arguments":{},')], ...unread(-32700) },
  {
    name: 'a control character in a text',
    frames: [call(KEYS, '"arguments":{"keyId":"\u0001"}')],
    ...unread(-32700),
  },
  { name: 'a byte-order mark', frames: [`\uFEFF${call(KEYS)}`], ...unread(-32700, allowed) },
  { name: 'a batch', frames: [`[${call(KEYS)}]`], ...unread(-32600, allowed) },
  { name: 'an empty object', frames: ['{}'], ...unread(-32600) },
  { name: 'null', frames: ['null'], ...unread(-32600) },
  { name: 'a number', frames: ['5'], ...unread(-32600) },
  { name: 'a text', frames: ['"tools/call"'], ...unread(-32600) },
  { name: 'null as id', frames: [call(KEYS, '"arguments":{}', 'null')], ...unread(-32600) },
  { name: 'a fraction as id', frames: [call(KEYS, '"arguments":{}', '1.5')], ...unread(-32600) },
  { name: 'an object as id', frames: [call(KEYS, '"arguments":{}', '{}')], ...unread(-32600) },
  {
    name: 'an id that no double holds',
    frames: [call(KEYS, '"arguments":{}', '9007199254740993')],
    ...unread(-32600),
  },
  {
    name: 'another version of JSON-RPC',
    frames: ['{"jsonrpc":"1.0","id":7,"method":"tools/call","params":{"name":"x"}}'],
    ...unread(-32600),
  },
  { name: 'a method that is no text', frames: [frame('"id":7,"method":5')], ...unread(-32600) },
  {
    name: 'a call that is an answer too',
    frames: [frame('"id":7,"result":{},"method":"tools/call","params":{"name":"x"}')],
    ...unread(-32600),
  },
  {
    name: 'an answer that is an error too',
    frames: [frame('"id":7,"result":{},"error":{"code":1,"message":"x"}')],
    ...unread(-32600),
  },
  {
    name: 'params that are null',
    frames: [frame('"id":7,"method":"tools/call","params":null')],
    ...unread(-32602),
  },
  {
    name: 'params that are a list',
    frames: [frame('"id":7,"method":"tools/call","params":[]')],
    ...unread(-32602),
  },
  { name: 'metadata that is a list', frames: [call(KEYS, '"_meta":[]')], ...unread(-32602) },
  { name: 'metadata that is null', frames: [call(KEYS, '"_meta":null')], ...unread(-32602) },
  {
    name: 'a progress token that is null',
    frames: [call(KEYS, '"_meta":{"progressToken":null}')],
    ...unread(-32602),
  },
  {
    name: 'a progress token that is a fraction',
    frames: [call(KEYS, '"_meta":{"progressToken":1.5}')],
    ...unread(-32602),
  },
  {
    name: 'a member beside those of JSON-RPC',
    frames: [frame(`"id":7,"other":1,"method":"tools/call","params":{"name":"fusionauth-${KEYS}"}`)],
    stdio: { why: 'JSON-RPC does not forbid it, and it is left aside', ours: allowed, sdk: NOTHING },
    http: { why: 'JSON-RPC does not forbid it, and it is left aside', ours: allowed, sdk: refusedBy(-32700) },
  },
  {
    name: 'no params',
    frames: [frame('"id":7,"method":"tools/call"')],
    ...both({ why: BLAME, ours: refusedBy(-32602), sdk: refusedBy(-32603) }),
  },
  {
    name: 'no tool name',
    frames: [frame('"id":7,"method":"tools/call","params":{}')],
    ...both({ why: BLAME, ours: refusedBy(-32602), sdk: refusedBy(-32603) }),
  },
  {
    name: 'a tool name that is no text',
    frames: [frame('"id":7,"method":"tools/call","params":{"name":1}')],
    ...both({ why: BLAME, ours: refusedBy(-32602), sdk: refusedBy(-32603) }),
  },
  {
    name: 'a wish for a task',
    frames: [call(KEYS, '"arguments":{},"task":{"ttl":1000}')],
    ...both({ why: TASK, ours: allowed, sdk: refusedBy(-32603) }),
  },
  {
    name: 'arguments that are a list',
    frames: [call(KEYS, '"arguments":[]')],
    ...both({ why: AUDITED, ours: denied, sdk: refusedBy(-32603) }),
  },
  {
    name: 'arguments that are null',
    frames: [call(KEYS, '"arguments":null')],
    ...both({ why: AUDITED, ours: denied, sdk: refusedBy(-32603) }),
  },
  {
    name: 'an argument that stands there twice',
    frames: [call(KEYS, '"arguments":{"keyId":"a","keyId":"b"}')],
    ...both({ why: ONE_READING, ours: denied, sdk: allowed }),
  },
  {
    name: 'a tool name that stands there twice',
    frames: [call('deletejwtrefresh', `"name":"fusionauth-${KEYS}"`)],
    ...both({ why: ONE_READING, ours: refusedBy(-32600), sdk: allowed }),
  },
  {
    name: 'a key that reaches prototypes',
    frames: [call(KEYS, '"arguments":{"__proto__":{"keyId":"a"}}')],
    ...both({
      why: 'the SDK copies arguments through a schema library, which drops it unseen',
      ours: denied,
      sdk: allowed,
    }),
  },
  {
    name: 'a number that no double holds',
    frames: [call('vendjwtwithid', '"arguments":{"body":{"claims":{"n":1e999}}}')],
    ...both({ why: ONE_READING, ours: denied, sdk: minted }),
  },
  {
    name: 'claims of 200 levels',
    frames: [call('vendjwtwithid', `"arguments":{"body":{"claims":{"a":${DEEP}}}}`)],
    ...both({ why: 'arguments have a bounded depth; JSON.parse has none', ours: denied, sdk: minted }),
  },
  {
    name: 'half of a surrogate pair',
    frames: [call(KEYS, '"arguments":{"keyId":"\\ud800"}')],
    ...both({
      why: 'no request can be written with it; ours says so before, and blames the arguments',
      ours: denied,
      sdk: { answers: ['internal_error'], records: ['internal_error'] },
    }),
  },
  {
    name: 'a call that is cancelled',
    frames: cancelled('7'),
    stdio: null,
    http: { why: NO_ANSWER, ours: ended, sdk: { ...ended, answers: ['result', 'no answer'] } },
  },
  {
    name: 'a call that is cancelled after its progress',
    frames: cancelled('7', '"arguments":{"keyId":"hang"},"_meta":{"progressToken":1}'),
    stdio: null,
    http: {
      why: NO_ANSWER,
      ours: { ...ended, answers: ['notifications/progress', 'result'] },
      sdk: { ...ended, answers: ['result', 'no answer'] },
    },
  },
  {
    name: 'a call of id 0 that is cancelled',
    frames: cancelled('0'),
    stdio: { why: 'the SDK takes 0 for no id', ours: ended, sdk: allowed },
    http: {
      why: 'the SDK takes 0 for no id',
      ours: ended,
      sdk: { ...allowed, answers: ['result', 'no answer'] },
    },
  },
  {
    name: 'two calls of one id at once',
    frames: [
      call(KEYS, '"arguments":{"keyId":"hang"}'),
      call(KEYS),
      frame('"method":"notifications/cancelled","params":{"requestId":7}'),
    ],
    stdio: {
      why: 'the SDK forgets the first, which cannot be cancelled any more',
      ours: { answers: ['error -32600'], records: ['upstream_unavailable'] },
      sdk: allowed,
    },
    http: {
      why: 'the SDK forgets the first, which cannot be cancelled any more',
      ours: { answers: ['error -32600'], records: ['upstream_unavailable'] },
      sdk: { ...allowed, answers: ['result', 'no answer'] },
    },
  },
];
