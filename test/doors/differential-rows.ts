/** Frames that are sent to our dispatcher and to the SDK's own, each row to a fresh session of both. */
export interface Row {
  readonly name: string;
  readonly frames: readonly string[];
  /** Where the two are meant to differ: why, and what each of them does. Elsewhere they are equal to the letter. */
  readonly differs?: { readonly why: string; readonly ours: Summary; readonly sdk: Summary };
}

/** Answers in short (`result`, a denial's code, or a JSON-RPC error's) and the codes of the audit records. */
export interface Summary {
  readonly answers: readonly string[];
  readonly records: readonly string[];
}

const USER = '7d3f2a10-0c2b-4d8e-9d35-2f6a5a0b1c11';
const NOTHING: Summary = { answers: [], records: [] };

/** A frame with these members beside `jsonrpc`, as text. */
function frame(members: string): string {
  return `{"jsonrpc":"2.0",${members}}`;
}

function call(tool: string, rest = '"arguments":{}', id = '7'): string {
  return frame(`"id":${id},"method":"tools/call","params":{"name":"fusionauth-${tool}",${rest}}`);
}

const refusedBy = (code: number): Summary => ({ answers: [`error ${code}`], records: [] });
const denied: Summary = { answers: ['invalid_arguments'], records: ['invalid_arguments'] };
const allowed: Summary = { answers: ['result'], records: ['allowed'] };
const SILENT =
  'the SDK reports what it cannot read to its own process and leaves the client without an answer';
const ONE_READING =
  'JSON.parse hides it, so that what is judged and what another reader sees could be two calls';
const AUDITED = 'arguments that are no object are a call that the policy refuses and the audit has';

export const rows: readonly Row[] = [
  { name: 'a call that is allowed', frames: [call('retrievejwtpublickey', '"arguments":{"keyId":"k"}')] },
  { name: 'a call without arguments', frames: [call('retrievejwtpublickey', '"_meta":{}')] },
  { name: 'a call that mints, with its intent', frames: [call('vendjwtwithid', '"arguments":{"body":{}}')] },
  {
    name: 'a call that a rule denies',
    frames: [call('deletejwtrefresh', `"arguments":{"userId":"${USER}"}`)],
  },
  {
    name: 'arguments that the schema does not know',
    frames: [call('retrievejwtpublickey', '"arguments":{"x":1}')],
  },
  {
    name: 'an id in capitals',
    frames: [call('retrievejwtpublickey', `"arguments":{"applicationId":"${USER.toUpperCase()}"}`)],
  },
  {
    name: 'a limit that is used up',
    frames: [
      call('validatejwtwithid', '"arguments":{"encodedJWT":"a.b.c"}', '1'),
      call('validatejwtwithid', '"arguments":{"encodedJWT":"a.b.c"}', '2'),
    ],
  },
  { name: 'a tool that does not exist', frames: [call('nothing')] },
  { name: 'a tool that is hidden', frames: [call('createlogout')] },
  { name: 'a text as id', frames: [call('retrievejwtpublickey', '"arguments":{}', '"seven"')] },
  { name: 'zero as id', frames: [call('retrievejwtpublickey', '"arguments":{}', '0')] },
  { name: 'a negative id', frames: [call('retrievejwtpublickey', '"arguments":{}', '-1')] },
  {
    name: 'members of params that nobody knows',
    frames: [call('retrievejwtpublickey', '"arguments":{},"other":[1]')],
  },
  {
    name: 'space wherever JSON allows it',
    frames: [call('retrievejwtpublickey', '\t"arguments" : { "keyId" : "k" } ')],
  },
  {
    name: 'escapes in names and values',
    frames: [call('retrievejwtpublickey', '"arguments":{"key\\u0049d":"\\u00e9\\n"}')],
  },
  {
    name: 'progress that was asked for',
    frames: [call('retrievejwtpublickey', '"arguments":{},"_meta":{"progressToken":"p"}')],
  },
  {
    name: 'a call as a notification, which is not made',
    frames: [frame('"method":"tools/call","params":{"name":"fusionauth-retrievejwtpublickey"}')],
  },
  {
    name: 'a cancellation of nothing',
    frames: [frame('"method":"notifications/cancelled","params":{"requestId":99}')],
  },
  { name: 'a response that nobody asked for', frames: [frame('"id":5,"result":{}')] },
  {
    name: 'text that is not JSON',
    frames: ['{"jsonrpc":"2.0","id":7,'],
    differs: { why: SILENT, ours: refusedBy(-32700), sdk: NOTHING },
  },
  {
    name: 'a batch',
    frames: [`[${call('retrievejwtpublickey')}]`],
    differs: { why: SILENT, ours: refusedBy(-32600), sdk: NOTHING },
  },
  {
    name: 'null as id',
    frames: [call('retrievejwtpublickey', '"arguments":{}', 'null')],
    differs: { why: SILENT, ours: refusedBy(-32600), sdk: NOTHING },
  },
  {
    name: 'a fraction as id',
    frames: [call('retrievejwtpublickey', '"arguments":{}', '1.5')],
    differs: { why: SILENT, ours: refusedBy(-32600), sdk: NOTHING },
  },
  {
    name: 'another version of JSON-RPC',
    frames: ['{"jsonrpc":"1.0","id":7,"method":"tools/call","params":{"name":"x"}}'],
    differs: { why: SILENT, ours: refusedBy(-32600), sdk: NOTHING },
  },
  {
    name: 'a tool name that is no text',
    frames: [frame('"id":7,"method":"tools/call","params":{"name":1}')],
    differs: {
      why: 'the SDK names its own fault where the client is at fault',
      ours: refusedBy(-32602),
      sdk: refusedBy(-32603),
    },
  },
  {
    name: 'arguments that are a list',
    frames: [call('retrievejwtpublickey', '"arguments":[]')],
    differs: { why: AUDITED, ours: denied, sdk: refusedBy(-32603) },
  },
  {
    name: 'arguments that are null',
    frames: [call('retrievejwtpublickey', '"arguments":null')],
    differs: { why: AUDITED, ours: denied, sdk: refusedBy(-32603) },
  },
  {
    name: 'an argument that stands there twice',
    frames: [call('retrievejwtpublickey', '"arguments":{"keyId":"a","keyId":"b"}')],
    differs: { why: ONE_READING, ours: denied, sdk: allowed },
  },
  {
    name: 'a tool name that stands there twice',
    frames: [call('deletejwtrefresh', '"name":"fusionauth-retrievejwtpublickey"')],
    differs: { why: ONE_READING, ours: refusedBy(-32600), sdk: allowed },
  },
  {
    name: 'a key that reaches prototypes',
    frames: [call('retrievejwtpublickey', '"arguments":{"__proto__":{"keyId":"a"}}')],
    differs: {
      why: 'the SDK copies arguments through a schema library, which drops it unseen',
      ours: denied,
      sdk: allowed,
    },
  },
  {
    name: 'a number that no double holds',
    frames: [call('vendjwtwithid', '"arguments":{"body":{"claims":{"n":1e999}}}')],
    differs: { why: ONE_READING, ours: denied, sdk: { answers: ['result'], records: ['intent', 'allowed'] } },
  },
  {
    name: 'half of a surrogate pair',
    frames: [call('retrievejwtpublickey', '"arguments":{"keyId":"\\ud800"}')],
    differs: {
      why: 'no request can be written with it; ours says so before, and blames the arguments',
      ours: denied,
      sdk: { answers: ['internal_error'], records: ['internal_error'] },
    },
  },
];
