/** Frames that are sent to our dispatcher and to the SDK's own, each row to a fresh session of both. */
export interface Row {
  readonly name: string;
  readonly frames: readonly string[];
}

/** Answers in short (`result`, a denial's code, a JSON-RPC error's, or a notification) and the codes of the audit records. */
export interface Summary {
  readonly answers: readonly string[];
  readonly records: readonly string[];
}

/** A value that is nested more deeply than arguments may be. */
export const DEEP = `${'['.repeat(200)}${']'.repeat(200)}`;
export const USER = '7d3f2a10-0c2b-4d8e-9d35-2f6a5a0b1c11';

/** A frame with these members beside `jsonrpc`, as text. */
export function frame(members: string): string {
  return `{"jsonrpc":"2.0",${members}}`;
}

/** A `tools/call` as text; `rest` stands behind its name. */
export function call(tool: string, rest = '"arguments":{}', id = '7'): string {
  return frame(`"id":${id},"method":"tools/call","params":{"name":"fusionauth-${tool}",${rest}}`);
}

/** Where answers and records are equal to the letter. */
export const agreeing: readonly Row[] = [
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
  { name: 'an empty text as id', frames: [call('retrievejwtpublickey', '"arguments":{}', '""')] },
  {
    name: 'an id that was answered, once more',
    frames: [call('retrievejwtpublickey'), call('retrievejwtpublickey')],
  },
  { name: 'an empty name', frames: [frame('"id":7,"method":"tools/call","params":{"name":""}')] },
  {
    name: 'a name in capitals',
    frames: [frame('"id":7,"method":"tools/call","params":{"name":"FUSIONAUTH-RETRIEVEJWTPUBLICKEY"}')],
  },
  {
    name: 'a progress token of zero',
    frames: [call('retrievejwtpublickey', '"_meta":{"progressToken":0}')],
  },
  {
    name: 'an argument of the wrong type',
    frames: [call('retrievejwtpublickey', '"arguments":{"keyId":5}')],
  },
  { name: 'a body that is no object', frames: [call('vendjwtwithid', '"arguments":{"body":5}')] },
  { name: 'a key without a name', frames: [call('retrievejwtpublickey', '"arguments":{"":1}')] },
  {
    name: 'a null character as an escape',
    frames: [call('retrievejwtpublickey', '"arguments":{"keyId":"\\u0000"}')],
  },
  { name: 'a method that is no method', frames: [frame('"id":7,"method":"tools/cal"')] },
];
