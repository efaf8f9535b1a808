import { describe, expect, it } from 'vitest';
import type { JsonObject, Tool, Path } from '../../src/model/index.ts';
import { decide } from '../../src/policy/decide.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { prepare } from '../../src/policy/prepare.ts';
import { withoutSecrets } from '../../src/policy/secrets.ts';
import { subjectsOf } from '../../src/policy/subjects.ts';

const tool = (name: string, schema: JsonObject): Tool => ({
  name,
  operationId: name,
  clientNames: [],
  kind: 'read',
  schema,
  secretArgs: [],
  jwtArg: null,
});
/** Another server: lists of objects, a schema that says little, one that says nothing. */
const tools: readonly Tool[] = [
  tool('lists', {
    type: 'object',
    additionalProperties: false,
    properties: {
      items: {
        type: 'array',
        items: { type: 'object', properties: { id: { format: 'uuid' } }, additionalProperties: false },
      },
      mixed: { type: 'array' },
      texts: { type: 'array', items: { type: 'string' } },
      anything: true,
      open: { type: 'object' },
    },
  }),
  tool('loose', { properties: { a: {} } }),
  tool('nothing', {}),
  tool('maps', { type: 'object', properties: { items: { type: 'object' } } }),
];
const NIL = '00000000-0000-0000-0000-00000000000A';

const problems = (under: string) => {
  const parsed = parsePolicy(`default: deny\ntools: ${under}`, tools);
  return (parsed.ok ? parsed.warnings : parsed.problems).map(({ code, message }) => `${code}: ${message}`);
};
const path = (text: string, key = 'lists', value: unknown = NIL) =>
  problems(
    `{ "${key}": { rules: [{ conditions: [{ path: "${text}", op: eq, value: ${JSON.stringify(value)} }] }] } }`,
  );
const schema = (text: string, key = 'lists') => problems(`{ "${key}": { arguments: ${text} } }`);

const rows: readonly (readonly [sentence: string, found: readonly string[], expected: readonly string[]])[] =
  [
    ['a path goes through a list by its index', path('args.items[0].id', 'lists', 'x'), []],
    ['an id in a list may be in capitals', path('args.items[0].id'), []],
    [
      'the elements of a list are closed too',
      path('args.items[0].ids'),
      ['unknown_path: no tool here has `args.items[0].ids` in normal form; did you mean `args.items[0].id`?'],
    ],
    ['a list without a word on its elements holds anything', path('args.mixed[3].x[1]'), []],
    ['what may be anything may be anything below', path('args.anything.at.all'), []],
    [
      'an id in a list may be in capitals, where one of the tools has a list',
      path('args.items[0].id', '*'),
      [],
    ],
    ['an open object may have any name', path('args.open.x.y'), []],
    [
      'an open object has no index',
      path('args.open[0]'),
      ['unknown_path: `args.open[0]` goes on with an index where an object is; expected a name'],
    ],
    ['under a glob one tool that may have it is enough', path('args.b[0].c', '*'), []],
    ['a schema that says nothing takes any path', path('args.x.y', 'nothing'), []],
    [
      'a schema names the members of elements',
      schema('{ properties: { items: { items: { properties: { idd: {} } } } } }'),
      ['unknown_argument: no tool here has the argument `idd`; expected one of `id`; did you mean `id`?'],
    ],
    [
      'elements of which nothing is known may have any',
      schema('{ properties: { mixed: { items: { properties: { x: {} } } } } }'),
      [],
    ],
    [
      'a text has no members',
      schema('{ properties: { texts: { items: { properties: { x: {} } } } } }'),
      ['unknown_argument: no tool here has the argument `x`; expected no members here'],
    ],
    [
      'what is open may have any',
      schema('{ properties: { open: { required: [x] }, anything: { required: [y] } } }'),
      [],
    ],
    ['a schema that says nothing may have any', schema('{ required: [b] }', 'loose'), []],
    [
      'a part of a list of schemas is found',
      schema('{ allOf: [{}, { maxLength: "5" }] }'),
      [
        'bad_schema: expected a JSON Schema: `allOf/1/maxLength` must be integer',
        'never_applies: `maxLength` never applies: it is about type `string`, and what stands here is `object`',
      ],
    ],
    [
      'elements are closed in `prefixItems` too',
      schema('{ properties: { items: { prefixItems: [{ required: [idd] }] } } }'),
      ['unknown_argument: no tool here has the argument `idd`; expected one of `id`; did you mean `id`?'],
    ],
    [
      'elements may be anything where one of the tools does not tell of them',
      schema('{ properties: { items: { items: { required: [x] } } } }', '*'),
      [],
    ],
    [
      'what may be of any type may be of this one',
      schema('{ properties: { a: { maximum: 1, items: { maxLength: 1 } } } }', 'loose'),
      [],
    ],
  ];

describe('a policy for other tools', () => {
  for (const [sentence, found, expected] of rows) it(sentence, () => expect(found).toEqual(expected));

  it('may be decided without a file: there are no lines then', () => {
    const parsed = parsePolicy('tools: { lists: { rules: [{ action: deny }] } }', tools);
    if (!parsed.ok) throw new Error('not ok');
    const prepared = prepare(parsed.policy, { tools, digest: 'd' });
    const call = { tool: 'lists', transport: 'http', args: {}, jwt: null, violations: [] } as const;
    const decision = decide(prepared, call, {
      caller: { identity: {}, session: null },
      at: 0,
      fingerprint: (secret) => secret,
    });
    expect(decision).toMatchObject({
      verdict: 'deny',
      code: 'denied_by_rule',
      rule: 'lists#1',
      because: "The rule `lists#1` of this server's policy does not allow this call.",
    });
    expect(decision.trace()[1]).toEqual({ step: 'rule', name: 'lists#1', result: 'failed' });
  });
});

describe('what is told apart', () => {
  it('the subjects of a caller are worked out once', () => {
    const caller = { identity: { sub: 'ann' }, session: 's' };
    expect(subjectsOf(caller)).toBe(subjectsOf(caller));
    expect(subjectsOf({ ...caller })).toEqual(subjectsOf(caller));
  });
  it('secrets at a place are replaced with all that stands below it, in lists at `*` too', () => {
    const value = { list: [{ token: 'a', more: 'b' }, { token: ['c', { d: 1 }] }], token: 'kept' };
    expect(withoutSecrets(value, [], redaction(['list', '*', 'token']))).toEqual({
      list: [{ token: '<a>', more: 'b' }, { token: '<["c",{"d":1}]>' }],
      token: 'kept',
    });
    expect(withoutSecrets({ '*': { token: 'a' } }, [], redaction(['*', 'token']))).toEqual({
      '*': { token: '<a>' },
    });
  });
});

function redaction(place: Path) {
  return { places: [place], isSecret: () => false, replace: (secret: string) => `<${secret}>` };
}
