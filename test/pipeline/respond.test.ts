import { describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import type { Caller, Outcome } from '../../src/model/index.ts';
import { toolLister } from '../../src/pipeline/list-tools.ts';
import { parseJson } from '../../src/pipeline/parse-json.ts';
import { sentArgs } from '../../src/pipeline/sent-args.ts';
import { openLine, preparedPolicy } from '../support/line.ts';
import { toldOf } from '../support/told.ts';

const base = { id: 'id-1', policy: 'sha256:0' };
const denied = {
  ...base,
  ended: 'denied',
  code: 'denied_by_rule',
  rule: 'x#1',
  reason: 'No.',
  retryable: false,
  retryAfterMs: null,
  limit: null,
  violations: [],
} as const;
const limit = {
  max: 5,
  window_s: 60,
  per: 'session',
  remaining: 0,
  reset_at: '2026-01-01T00:00:00.000Z',
} as const;

const rows: readonly { readonly name: string; readonly outcome: Outcome; readonly answer: object }[] = [
  {
    name: 'a result is its JSON, structured and as text',
    outcome: { ...base, ended: 'result', status: 200, body: { token: 'x' } },
    answer: {
      result: { content: [{ type: 'text', text: '{"token":"x"}' }], structuredContent: { token: 'x' } },
    },
  },
  {
    name: 'an unknown tool is a JSON-RPC error that repeats at most 128 characters',
    outcome: { ...base, ended: 'unknown_tool', tool: 'x'.repeat(200) },
    answer: { error: { code: -32602, message: `Unknown tool: ${'x'.repeat(128)}` } },
  },
  {
    name: 'a denial is a tool error with its code',
    outcome: denied,
    answer: {
      result: {
        content: [{ type: 'text', text: '[POLICY DENIED] No.' }],
        isError: true,
        _meta: { 'portcullis/decision': { ...base, code: 'denied_by_rule', rule: 'x#1', retryable: false } },
      },
    },
  },
  {
    name: 'a wait is told in seconds, rounded up, and exactly beside it',
    outcome: { ...denied, code: 'rate_limited', retryable: true, retryAfterMs: 1001, limit },
    answer: {
      result: {
        content: [{ type: 'text', text: '[POLICY DENIED] No. Retry in 2 s.' }],
        isError: true,
        _meta: {
          'portcullis/decision': {
            ...base,
            code: 'rate_limited',
            rule: 'x#1',
            retryable: true,
            retry_after_ms: 1001,
            limit,
          },
        },
      },
    },
  },
  {
    name: 'violations are listed',
    outcome: {
      ...denied,
      code: 'invalid_arguments',
      rule: null,
      violations: [{ path: 'args.a', expected: 'a number' }],
    },
    answer: {
      result: {
        _meta: {
          'portcullis/decision': {
            code: 'invalid_arguments',
            rule: null,
            violations: [{ path: 'args.a', expected: 'a number' }],
          },
        },
      },
    },
  },
  {
    name: 'what FusionAuth refused is a tool error with its status and codes',
    outcome: {
      ...base,
      ended: 'rejected',
      status: 400,
      reason: 'R.',
      errors: [{ field: 'a', code: '[invalid]a' }],
    },
    answer: {
      result: {
        content: [{ type: 'text', text: 'R.' }],
        isError: true,
        _meta: {
          'portcullis/decision': {
            code: 'upstream_rejected',
            rule: null,
            retryable: false,
            upstream: { status: 400, errors: [{ field: 'a', code: '[invalid]a' }] },
          },
        },
      },
    },
  },
  {
    name: 'an answer that did not come is a tool error that says whether to retry',
    outcome: { ...base, ended: 'unavailable', reason: 'U.', timedOut: false, retryable: true },
    answer: {
      result: {
        isError: true,
        _meta: { 'portcullis/decision': { code: 'upstream_unavailable', retryable: true } },
      },
    },
  },
  {
    name: 'a bug gives its id and nothing else',
    outcome: { ...base, ended: 'failed', reason: null, retryable: false },
    answer: {
      result: {
        content: [{ type: 'text', text: 'The proxy failed; its log has the details under id-1.' }],
        _meta: { 'portcullis/decision': { code: 'internal_error', retryable: false } },
      },
    },
  },
];

it('a denial is told by its own rule, code and limit, whatever was denied in the same words', () => {
  const alike: readonly Outcome[] = [
    denied,
    { ...denied, code: 'condition_failed' },
    { ...denied, rule: 'y#2' },
    { ...denied, code: 'not_listed', rule: null },
    { ...denied, retryable: true },
    { ...denied, limit },
    { ...denied, retryAfterMs: 1000 },
    { ...denied, violations: [{ path: 'args', expected: 'less' }] },
    { ...denied, id: 'id-2', policy: 'sha256:1' },
  ];
  const decisionOf = (outcome: Outcome) => JSON.stringify(toldOf(outcome)).replace(/.*portcullis/, '');
  const once = alike.map(decisionOf);
  expect(new Set(once).size).toBe(alike.length);
  expect(alike.map(decisionOf)).toEqual(once);
  expect(alike.toReversed().map(decisionOf)).toEqual(once.toReversed());
});

describe('over MCP', () => {
  it.each(rows)('$name', ({ outcome, answer }) => {
    expect(toldOf(outcome)).toMatchObject(answer);
  });
});

describe('arguments as sent', () => {
  const faults = [
    ['a duplicate key', '{"p":{"a":1,"a":2}}', [{ path: 'args.a', expected: 'each key once' }]],
    [
      'a forbidden key',
      '{"p":{"__proto__":1}}',
      [{ path: 'args.__proto__', expected: 'no key named `__proto__`, `constructor` or `prototype`' }],
    ],
    [
      'a key that may be a secret, without repeating it',
      '{"p":{"se-cret-1":1,"se-cret-1":2}}',
      [{ path: 'args.…', expected: 'each key once' }],
    ],
    [
      'a fault in a list',
      '{"p":{"a":[1e999]}}',
      [{ path: 'args.a[0]', expected: 'a number that a double can hold' }],
    ],
    [
      'more than a mebibyte',
      `{"p":{"a":"${'x'.repeat(1024 * 1024)}"}}`,
      [{ path: 'args', expected: 'at most 1 MiB of JSON text' }],
    ],
    ['nothing of what stands elsewhere', '{"q":{"a":1,"a":2},"p":{}}', []],
  ] as const;

  it.each(faults)('are refused for %s', (_name, text, expected) => {
    const parsed = parseJson(text, ['p']);
    if (!parsed.ok) throw new Error(parsed.why);
    expect(sentArgs(parsed, ['p'], {}).faults).toEqual(expected);
  });

  it('may have a mebibyte exactly', () => {
    const text = `{"a":"${'x'.repeat(1024 * 1024 - 8)}"}`;
    const parsed = parseJson(text);
    expect(Buffer.byteLength(text)).toBe(1024 * 1024);
    expect(parsed.ok && sentArgs(parsed, [], parsed.value).faults).toEqual([]);
  });
});

describe('the tools that are listed', () => {
  it('are those of the catalog, less what is hidden', () => {
    const caller: Caller = { identity: {}, session: null };
    const names = toolLister(operations)(
      preparedPolicy('default: deny\nhide: ["*ogout"]\n'),
      caller,
      'http',
    ).map(({ name }) => name);
    expect(names).toEqual(
      operations.map(({ name }) => name).filter((name) => name !== 'fusionauth-createlogout'),
    );
  });
});

describe('a record of arguments', () => {
  const VEND = 'fusionauth-vendjwtwithid';
  const mark = expect.stringMatching(/^hmac:[\w-]{22}$/);
  const args = [
    [
      'keeps what is no secret',
      { body: { claims: { roles: ['admin'], n: 1 } } },
      { body: { claims: { roles: ['admin'], n: 1 } } },
    ],
    [
      'hides what looks like a token, wherever it stands',
      { body: { claims: { a: ['eyJhbGciOiJub25lIn0.e30.'] } } },
      { body: { claims: { a: [mark] } } },
    ],
    ['hides an id that is none', { tenantId: 'planted' }, { tenantId: mark }],
    ['hides an id of the wrong type', { tenantId: 7 }, { tenantId: mark }],
    ['hides all of arguments that are too large', { body: { claims: { a: 'x y '.repeat(20_000) } } }, mark],
  ] as const;

  it.each(args)('%s', async (_name, sent, recorded) => {
    const { records } = await openLine({ policy: 'default: allow\n' }).call(VEND, sent);
    expect(records.at(-1)?.args).toEqual(recorded);
  });

  it('hides names and values that the tool does not have', async () => {
    const { records } = await openLine({ policy: 'default: allow\n' }).call(VEND, {
      planted: 'planted',
      body: { other: 'planted' },
    });
    expect(JSON.stringify(records)).not.toMatch(/planted|other/);
  });

  it('has nobody where nobody is known', async () => {
    const { records } = await openLine({ policy: 'default: allow\n' }).call(
      VEND,
      {},
      { caller: { identity: {}, session: null } },
    );
    expect(records.at(-1)?.caller).toEqual({ sub: null, client_id: null, tenant: null, session: null });
  });
});
