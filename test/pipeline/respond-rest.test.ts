import { expect, test } from 'vitest';
import type { DenialCode, Outcome } from '../../src/model/index.ts';
import { type RestAnswer, toRestAnswer } from '../../src/pipeline/respond-rest.ts';

const base = { id: 'id-1', policy: 'sha256:0' };
const about = { rule: null, ...base };
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
const rejected = { ...base, ended: 'rejected', status: 400, reason: 'x', errors: [] } as const;
const unavailable = {
  ...base,
  ended: 'unavailable',
  reason: 'Gone.',
  timedOut: false,
  retryable: true,
} as const;

const rows: readonly {
  readonly name: string;
  readonly outcome: Outcome;
  readonly answer: Partial<RestAnswer>;
}[] = [
  {
    name: 'a result keeps FusionAuth’s status and body',
    outcome: { ...base, ended: 'result', status: 202, body: { token: 'x' } },
    answer: { status: 202, headers: {}, body: { token: 'x' } },
  },
  {
    name: 'an empty answer stays empty',
    outcome: { ...base, ended: 'result', status: 200, body: { status: 200 }, empty: true },
    answer: { status: 200, headers: {}, body: null },
  },
  {
    name: 'a body that looks like the one of an empty answer stays',
    outcome: { ...base, ended: 'result', status: 200, body: { status: 200 } },
    answer: { status: 200, headers: {}, body: { status: 200 } },
  },
  {
    name: 'an unknown tool is 404 and its name is not repeated',
    outcome: { ...base, ended: 'unknown_tool', tool: 'secret' },
    answer: {
      status: 404,
      headers: {},
      body: { code: 'unknown_tool', reason: 'There is no such operation.', ...about, retryable: false },
    },
  },
  {
    name: 'a denial names its rule',
    outcome: denied,
    answer: {
      status: 403,
      headers: {},
      body: { code: 'denied_by_rule', reason: 'No.', ...base, rule: 'x#1', retryable: false },
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
      status: 400,
      body: {
        code: 'invalid_arguments',
        reason: 'No.',
        ...about,
        retryable: false,
        violations: [{ path: 'args.a', expected: 'a number' }],
      },
    },
  },
  {
    name: 'a wait is told in seconds, rounded up, and exactly beside it',
    outcome: { ...denied, code: 'rate_limited', retryable: true, retryAfterMs: 1001, limit },
    answer: {
      status: 429,
      headers: { 'retry-after': '2' },
      body: {
        code: 'rate_limited',
        reason: 'No.',
        ...base,
        rule: 'x#1',
        retryable: true,
        retry_after_ms: 1001,
        limit,
      },
    },
  },
  {
    name: 'a wait of a millisecond is a second',
    outcome: { ...denied, code: 'rate_limited', retryable: true, retryAfterMs: 1, limit },
    answer: { status: 429, headers: { 'retry-after': '1' } },
  },
  {
    name: 'an amount that never fits has no wait',
    outcome: { ...denied, code: 'budget_exceeded', limit },
    answer: {
      status: 429,
      headers: {},
      body: { code: 'budget_exceeded', reason: 'No.', ...base, rule: 'x#1', retryable: false, limit },
    },
  },
  {
    name: 'FusionAuth’s errors keep codes and fields, and no message of its own',
    outcome: {
      ...rejected,
      errors: [
        { field: 'userId', code: '[couldNotConvert]userId' },
        { field: 'userId', code: '[missing]userId' },
        { field: null, code: '[invalidJSON]' },
        { field: 'constructor', code: '[blank]constructor' },
        { field: null, code: '[TenantIdRequired]' },
      ],
    },
    answer: {
      status: 400,
      headers: {},
      body: {
        fieldErrors: {
          userId: [
            {
              code: '[couldNotConvert]userId',
              message: 'FusionAuth did not accept `userId`: [couldNotConvert]userId.',
            },
            { code: '[missing]userId', message: 'FusionAuth did not accept `userId`: [missing]userId.' },
          ],
          constructor: [
            {
              code: '[blank]constructor',
              message: 'FusionAuth did not accept `constructor`: [blank]constructor.',
            },
          ],
        },
        generalErrors: [
          { code: '[invalidJSON]', message: 'FusionAuth did not accept the request: [invalidJSON].' },
          {
            code: '[TenantIdRequired]',
            message: 'FusionAuth has several tenants: name one in the header `X-FusionAuth-TenantId`.',
          },
        ],
      },
    },
  },
  {
    name: 'general errors alone have no fields',
    outcome: { ...rejected, errors: [{ field: null, code: '[invalidJSON]' }] },
    answer: {
      body: {
        generalErrors: [
          { code: '[invalidJSON]', message: 'FusionAuth did not accept the request: [invalidJSON].' },
        ],
      },
    },
  },
  {
    name: 'a refusal without a body stays without',
    outcome: { ...rejected, status: 401 },
    answer: { status: 401, headers: {}, body: null },
  },
  {
    name: 'no answer is 502',
    outcome: unavailable,
    answer: {
      status: 502,
      headers: {},
      body: { code: 'upstream_unavailable', reason: 'Gone.', ...about, retryable: true },
    },
  },
  { name: 'no answer in time is 504', outcome: { ...unavailable, timedOut: true }, answer: { status: 504 } },
  {
    name: 'a bug is 500 with its id alone',
    outcome: { ...base, ended: 'failed', reason: null, retryable: false },
    answer: {
      status: 500,
      body: {
        code: 'internal_error',
        reason: 'The proxy failed; its log has the details under id-1.',
        ...about,
        retryable: false,
      },
    },
  },
];

for (const { name, outcome, answer } of rows) {
  test(`over REST: ${name}`, () => {
    const { status, headers, body } = toRestAnswer(outcome);
    expect({ status, headers, body }).toEqual({ status, headers, body, ...answer });
  });
}

const statuses: Readonly<Record<DenialCode, number>> = {
  invalid_arguments: 400,
  not_listed: 403,
  not_granted: 403,
  denied_by_rule: 403,
  condition_failed: 403,
  rate_limited: 429,
  budget_exceeded: 429,
  limits_unavailable: 503,
};

test('over REST: every code of a denial has the status of contracts.md', () => {
  const codes = Object.keys(statuses) as DenialCode[];
  const seen = codes.map((code) => [code, toRestAnswer({ ...denied, code }).status]);
  expect(Object.fromEntries(seen)).toEqual(statuses);
});
