import { describe, expect, it } from 'vitest';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import type { Limits, Reply } from '../../src/model/index.ts';
import { openLine } from '../support/line.ts';
import { toldOf } from '../support/told.ts';

const VEND = 'fusionauth-vendjwtwithid';
const LIST = 'fusionauth-retrieverefreshtokenswithid';
const GET = 'fusionauth-retrieverefreshtokenbyidwithid';
const KEYS = 'fusionauth-retrievejwtpublickey';
const EXCHANGE = 'fusionauth-exchangerefreshtokenforjwtwithid';
const ID = '0abe7139-0000-4000-8000-000000000002';
const OPEN = 'default: allow\n';

const nothing = (
  fault: Extract<Reply, { got: 'nothing' }>['fault'],
  reached: boolean,
  why = 'why',
): Reply => ({
  got: 'nothing',
  fault,
  reached,
  why,
});

/** FusionAuth's replies, and what becomes of a call that gets them. */
const replies = [
  {
    name: 'a result with a body is the result',
    tool: VEND,
    reply: { got: 'result', status: 200, body: { token: 'x' } },
    outcome: { ended: 'result', status: 200, body: { token: 'x' } },
    record: { verdict: 'allow', code: 'allowed', upstream: { status: 200 } },
  },
  {
    name: 'an empty result is the status',
    tool: VEND,
    reply: { got: 'result', status: 200, body: null },
    outcome: { ended: 'result', body: { status: 200 } },
    record: { code: 'allowed' },
  },
  {
    name: 'an empty 401 is a sentence that helps',
    tool: LIST,
    reply: { got: 'rejection', status: 401, body: null },
    outcome: {
      ended: 'rejected',
      status: 401,
      reason: expect.stringMatching(/API key: it needs GET on \/api\/jwt\/refresh/),
      errors: [],
    },
    record: { code: 'upstream_rejected', upstream: { status: 401 } },
  },
  {
    name: 'an empty 404 is a sentence that helps',
    tool: GET,
    args: { tokenId: ID },
    reply: { got: 'rejection', status: 404, body: null },
    outcome: { ended: 'rejected', status: 404, reason: expect.stringMatching(/refresh token/) },
    record: { code: 'upstream_rejected' },
  },
  {
    name: 'a 400 gives its codes and nothing that FusionAuth echoes',
    tool: EXCHANGE,
    args: { body: { refreshToken: 'planted' } },
    reply: {
      got: 'rejection',
      status: 400,
      body: {
        fieldErrors: {
          refreshToken: [{ code: '[invalid]refreshToken', message: 'planted' }],
          'planted value': [{ code: '[x]y' }],
          a: 1,
        },
        generalErrors: [{ code: 'planted' }, { code: '[general]' }, 7],
      },
    },
    outcome: {
      ended: 'rejected',
      reason: 'FusionAuth answered 400: [invalid]refreshToken on refreshToken, [x], [general].',
      errors: [
        { field: 'refreshToken', code: '[invalid]refreshToken' },
        { field: null, code: '[x]' },
        { field: null, code: '[general]' },
      ],
    },
    record: { code: 'upstream_rejected' },
  },
  {
    name: 'a 400 without codes is told by its status',
    tool: VEND,
    reply: { got: 'rejection', status: 409, body: [] },
    outcome: { reason: 'FusionAuth answered 409.', errors: [] },
    record: { code: 'upstream_rejected' },
  },
  {
    name: 'a missing tenant is explained',
    tool: VEND,
    reply: { got: 'rejection', status: 400, body: { generalErrors: [{ code: '[TenantIdRequired]' }] } },
    outcome: { reason: expect.stringMatching(/give `tenantId`/) },
    record: { code: 'upstream_rejected' },
  },
  {
    name: 'no answer in time is unavailable, and in doubt',
    tool: VEND,
    reply: nothing('timeout', true),
    outcome: {
      ended: 'unavailable',
      timedOut: true,
      retryable: false,
      reason: expect.stringMatching(/in time.*not known/),
    },
    record: { code: 'upstream_unavailable', note: 'why', upstream: { status: null } },
  },
  {
    name: 'no answer in time of a read may be tried again',
    tool: KEYS,
    reply: nothing('timeout', true),
    outcome: { retryable: true },
    record: { code: 'upstream_unavailable' },
  },
  {
    name: 'a refused connection certainly took no effect',
    tool: VEND,
    reply: nothing('unreachable', false),
    outcome: {
      timedOut: false,
      retryable: true,
      reason: 'FusionAuth cannot be reached at the moment. It did not take effect.',
    },
    record: { code: 'upstream_unavailable' },
  },
  {
    name: 'a broken answer says how',
    tool: VEND,
    reply: nothing('broken', true, 'FusionAuth answered 503'),
    outcome: { reason: expect.stringMatching(/FusionAuth answered 503/) },
    record: { note: 'FusionAuth answered 503' },
  },
  {
    name: 'a cancelled call says so',
    tool: VEND,
    reply: nothing('cancelled', true),
    outcome: { reason: expect.stringMatching(/cancelled/) },
    record: { code: 'upstream_unavailable' },
  },
  {
    name: 'a missing API key is not worth a retry',
    tool: VEND,
    reply: nothing('no_api_key', false),
    outcome: { retryable: false },
    record: { code: 'upstream_unavailable' },
  },
] as const;

describe('a call that is forwarded', () => {
  it.each(replies)('$name', async ({ tool, reply, outcome, record, ...rest }) => {
    const args = 'args' in rest ? rest.args : tool === LIST ? { userId: ID } : {};
    const walked = await openLine({ policy: OPEN, reply }).call(tool, args);
    expect(walked.outcome).toMatchObject(outcome);
    expect(walked.records.at(-1)).toMatchObject(record);
    expect(walked.requests).toHaveLength(1);
    expect(JSON.stringify([walked.outcome, walked.records])).not.toContain('planted');
  });

  it('tells the door once, before it is sent', async () => {
    let told = 0;
    await openLine({ policy: OPEN }).call(VEND, {}, { onForward: () => told++ });
    expect(told).toBe(1);
  });

  it('shows the secrets of a tool that reveals as fingerprints, and of one that mints in the clear', async () => {
    const revealed = {
      refreshTokens: [
        { id: ID, token: 'planted' },
        { id: ID, token: 'planted' },
      ],
    };
    const reply: Reply = { got: 'result', status: 200, body: revealed };
    const { outcome } = await openLine({ policy: OPEN, reply }).call(LIST, { userId: ID });
    const tokens =
      outcome.ended === 'result'
        ? (outcome.body as typeof revealed).refreshTokens.map(({ token }) => token)
        : [];
    expect(tokens[0]).toMatch(/^fp:[\w-]{22}$/);
    expect(tokens[1]).toBe(tokens[0]);
    const clear = openLine({
      policy: 'default: allow\ntools: { retrieveRefreshTokensWithId: { secrets: clear } }\n',
      reply,
    });
    expect((await clear.call(LIST, { userId: ID })).outcome).toMatchObject({ body: revealed });
  });

  it('is sent as what was judged: in normal form, for the tenant of the proxy', async () => {
    const tenantId = 'd7d09513-a3f5-401c-9685-34ab6c552453';
    const line = openLine({ policy: OPEN, tenantId });
    const { requests } = await line.call('fusionauth-deletejwtrefresh', {
      body: { userId: ID.toUpperCase() },
    });
    expect(requests).toMatchObject([
      { method: 'DELETE', target: '/api/jwt/refresh', tenantId, body: JSON.stringify({ userId: ID }) },
    ]);
    const same = await line.call(VEND, { tenantId: tenantId.toUpperCase() });
    expect(same.requests).toMatchObject([{ tenantId }]);
    const other = await line.call(VEND, { tenantId: ID });
    expect(other.outcome).toMatchObject({
      code: 'invalid_arguments',
      violations: [{ path: 'args.tenantId' }],
    });
    const validated = await line.call('fusionauth-validatejwtwithid', { encodedJWT: 'a.b.c' });
    expect(validated.requests).toMatchObject([{ tenantId: null }]);
  });
});

describe('a call that is not forwarded', () => {
  const rows = [
    {
      name: 'an unknown tool',
      policy: OPEN,
      tool: 'nothing',
      args: {},
      outcome: { ended: 'unknown_tool' },
      record: {
        verdict: 'deny',
        code: 'unknown_tool',
        tool: 'nothing',
        operation: null,
        note: 'no such tool',
      },
    },
    {
      name: 'a hidden tool',
      policy: 'default: allow\nhide: [vendJWTWithId]\n',
      tool: VEND,
      args: {},
      outcome: { ended: 'unknown_tool', tool: VEND },
      record: { code: 'unknown_tool', note: 'hidden by the policy' },
    },
    {
      name: 'arguments that are no object',
      policy: OPEN,
      tool: VEND,
      args: 'planted',
      outcome: { code: 'invalid_arguments', violations: [{ path: 'args' }] },
      record: { args: expect.stringMatching(/^hmac:/) },
    },
    {
      name: 'a rule that denies',
      policy: 'default: allow\ntools: { vendJWTWithId: { rules: [{ action: deny }] } }\n',
      tool: VEND,
      args: {},
      outcome: { ended: 'denied', code: 'denied_by_rule', rule: 'vendJWTWithId#1', retryable: false },
      record: { verdict: 'deny', rule: 'vendJWTWithId#1' },
    },
  ] as const;

  it.each(rows)('$name', async ({ policy, tool, args, outcome, record }) => {
    const walked = await openLine({ policy }).call(tool, args);
    expect(walked.outcome).toMatchObject(outcome);
    expect(walked.records).toMatchObject([record]);
    expect(walked.requests).toEqual([]);
  });

  it('an unknown tool whose name may be a secret is recorded by its fingerprint', async () => {
    const walked = await openLine({ policy: OPEN }).call('x'.repeat(65), {});
    expect(walked.records).toMatchObject([{ tool: expect.stringMatching(/^hmac:/) }]);
    expect(toldOf(walked.outcome)).toEqual({
      error: { code: -32602, message: `Unknown tool: ${'x'.repeat(65)}` },
    });
  });
});

const ONE = 'default: allow\ntools: { vendJWTWithId: { rules: [{ rate_limit: 1/day }] } }\n';

describe('the charge of a call', () => {
  const rows = [
    {
      name: 'stays where FusionAuth answered',
      reply: { got: 'rejection', status: 400, body: null },
      second: 'denied',
    },
    { name: 'stays where it may have arrived', reply: nothing('timeout', true), second: 'denied' },
    {
      name: 'is given back where it certainly did not arrive',
      reply: nothing('unreachable', false),
      second: 'unavailable',
    },
  ] as const;

  it.each(rows)('$name', async ({ reply, second }) => {
    const line = openLine({ policy: ONE, reply });
    await line.call(VEND, {});
    expect((await line.call(VEND, {})).outcome.ended).toBe(second);
  });

  it('is given back where the call could not be recorded first', async () => {
    const limits = memoryLimits();
    const refused = await openLine({ policy: ONE, limits, intents: false }).call(VEND, {});
    expect(refused).toMatchObject({
      outcome: { ended: 'failed' },
      requests: [],
      faults: [expect.stringContaining('could not be written')],
    });
    expect(refused.records.at(-1)).toMatchObject({
      code: 'internal_error',
      note: expect.stringMatching(/not made/),
    });
    expect((await openLine({ policy: ONE, limits }).call(VEND, {})).outcome.ended).toBe('result');
  });

  it('is taken by nobody where the limits cannot be asked', async () => {
    const limits: Limits = { ...memoryLimits(), reserve: async () => ({ hold: 'unknown', why: 'gone' }) };
    const walked = await openLine({ policy: ONE, limits }).call(VEND, {});
    expect(walked).toMatchObject({
      outcome: { code: 'limits_unavailable', retryable: true, rule: null, limit: null },
      requests: [],
    });
  });
});

describe('a bug', () => {
  it('before the call is sent ends it with an id, gives its charge back, and is logged', async () => {
    const limits = memoryLimits();
    const walked = await openLine({ policy: ONE, limits, reply: new Error('a bug') }).call(VEND, {});
    expect(walked).toMatchObject({ outcome: { ended: 'failed', id: 'id-1' }, faults: [new Error('a bug')] });
    expect(walked.records.at(-1)).toMatchObject({ code: 'internal_error' });
    expect(toldOf(walked.outcome)).toMatchObject({
      result: { isError: true, content: [{ text: expect.stringContaining('id-1') }] },
    });
    expect((await openLine({ policy: ONE, limits }).call(VEND, {})).outcome.ended).toBe('result');
  });

  it('in reading the call is recorded without its tool', async () => {
    const limits: Limits = { ...memoryLimits(), reserve: () => Promise.reject(new Error('a bug')) };
    const walked = await openLine({ policy: ONE, limits }).call(VEND, {});
    expect(walked).toMatchObject({
      outcome: { ended: 'failed' },
      records: [{ code: 'internal_error', args: {} }],
    });
  });

  it('is recorded and answered also where it cannot be logged', async () => {
    const onFault = () => {
      throw new Error('a broken log');
    };
    const walked = await openLine({ policy: ONE, reply: new Error('a bug'), onFault }).call(VEND, {});
    expect(walked).toMatchObject({ outcome: { ended: 'failed' } });
    expect(walked.records.at(-1)).toMatchObject({ code: 'internal_error' });
    const unrecorded = await openLine({ policy: ONE, intents: false, onFault }).call(VEND, {});
    expect(unrecorded).toMatchObject({ outcome: { ended: 'failed', retryable: true }, requests: [] });
    expect(unrecorded.records.at(-1)).toMatchObject({ code: 'internal_error' });
  });

  it('that a limit store throws at once is one as well', async () => {
    const limits: Limits = {
      ...memoryLimits(),
      reserve: () => {
        throw new Error('a bug');
      },
    };
    const walked = await openLine({ policy: ONE, limits }).call(VEND, {});
    expect(walked).toMatchObject({ outcome: { ended: 'failed' }, records: [{ code: 'internal_error' }] });
  });

  it('in the audit is logged, and the agent gets its answer', async () => {
    const audit = {
      write: () => {
        throw new Error('a bug');
      },
    };
    const walked = await openLine({ policy: OPEN, audit }).call(KEYS, {});
    expect(walked).toMatchObject({ outcome: { ended: 'result' }, faults: [new Error('a bug')] });
  });
});
