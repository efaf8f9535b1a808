import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, run, start, temporaryFolder } from '../support/cli.ts';
import { writePolicy } from '../support/policies.ts';
import { freePort, startRedis, type TestRedis } from '../support/redis.ts';

const POLICY = `
default: deny
hide: [createLogout]
grants:
  - to: [{ path: identity.anonymous, op: eq, value: true }]
    tools: [retrieveJwtPublicKey, validateJWTWithId, vendJWTWithId, deleteJwtRefresh, retrieveRefreshTokensWithId, exchangeRefreshTokenForJWTWithId, createLogout]
tools:
  reconcileJWTWithId: {}
  validateJWTWithId: {}
  vendJWTWithId: {}
  retrieveRefreshTokensWithId:
    rules: [{ name: ours, conditions: [{ path: args.userId, op: neq, value: ${known.users.alice} }] }]
  deleteJwtRefresh:
    rules: [{ name: never, action: deny, reason: Ask a person. }]
  retrieveJwtPublicKey:
    rules: [{ name: once, rate_limit: { max: 1, window: 1h } }]
  exchangeRefreshTokenForJWTWithId:
    rules:
      - name: lifetime
        conditions: [{ path: state.exchangeRefreshTokenForJWTWithId.life, op: lte, value: 10 }]
        state: { counter: life, window: 1h, increment_from: args.body.timeToLiveInSeconds }
`;

const folder = temporaryFolder();
const outage = temporaryFolder();
const running: Running[] = [];
let sandbox: Sandbox;
let redis: TestRedis;
let url = '';

beforeAll(async () => {
  sandbox = await startSandbox();
  redis = await startRedis();
  url = await serveRest(writePolicy(folder.path, POLICY), ['--fusionauth', sandbox.url]);
});

afterAll(async () => {
  for (const each of running) expect(await each.stop()).toBe(0);
  await redis.stop();
  await sandbox.close();
  folder.remove();
  outage.remove();
});

async function serveRest(policy: string, args: readonly string[]): Promise<string> {
  const quiet = args.includes('--audit') ? [] : ['--audit', 'off'];
  const proxy = start(['serve', '--rest', '0', '--policy', policy, ...quiet, ...args], {
    FUSIONAUTH_API_KEY: sandbox.apiKey,
  });
  running.push(proxy);
  const [, found = ''] = await proxy.says(/ on (http:\S+\/v1);/);
  return found;
}

async function ask(base: string, [method, target]: readonly [string, string], body?: object) {
  const answer = await fetch(base + target, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return {
    status: answer.status,
    wait: answer.headers.get('retry-after'),
    id: answer.headers.get('x-portcullis-id'),
    body: (await answer.json()) as Readonly<Record<string, unknown>>,
  };
}

interface Row {
  readonly name: string;
  readonly to: readonly [string, string];
  readonly body?: object;
  readonly status: number;
  readonly says: object;
  readonly waits?: boolean;
  /** Made once before, and allowed. */
  readonly second?: true;
}

const TEXT: unknown = expect.any(String);
const EXCHANGE = ['POST', '/api/jwt/refresh'] as const;
const rows: readonly Row[] = [
  {
    name: 'arguments that are not accepted',
    to: ['GET', '/api/jwt/validate'],
    status: 400,
    says: {
      code: 'invalid_arguments',
      rule: null,
      violations: [{ path: 'args.encodedJWT', expected: TEXT }],
    },
  },
  {
    name: 'a tool that is not listed',
    to: ['GET', `/api/jwt/refresh/${known.users.bob}`],
    status: 403,
    says: { code: 'not_listed', rule: null },
  },
  {
    name: 'a tool that is not granted',
    to: ['POST', '/api/jwt/reconcile'],
    body: {},
    status: 403,
    says: { code: 'not_granted', rule: null },
  },
  {
    name: 'a rule that denies',
    to: ['DELETE', '/api/jwt/refresh?token=x'],
    status: 403,
    says: { code: 'denied_by_rule', rule: 'never', reason: 'Ask a person.', retryable: false },
  },
  {
    name: 'a condition that does not hold',
    to: ['GET', `/api/jwt/refresh?userId=${known.users.alice}`],
    status: 403,
    says: { code: 'condition_failed', rule: 'ours' },
  },
  {
    name: 'a hidden tool',
    to: ['POST', '/api/logout'],
    body: { refreshToken: 'x' },
    status: 404,
    says: { code: 'unknown_tool', rule: null },
  },
  {
    name: 'a path that is none',
    to: ['POST', '/api/nothing'],
    status: 404,
    says: { code: 'unknown_tool', rule: null },
  },
  {
    name: 'a rate limit',
    to: ['GET', '/api/jwt/public-key'],
    second: true,
    status: 429,
    says: { code: 'rate_limited', rule: 'once', retryable: true, limit: { max: 1, per: 'session' } },
    waits: true,
  },
  {
    name: 'a budget',
    to: EXCHANGE,
    body: { refreshToken: 'x', timeToLiveInSeconds: 6 },
    second: true,
    status: 429,
    says: { code: 'budget_exceeded', rule: 'lifetime', retryable: true, retry_after_ms: expect.any(Number) },
    waits: true,
  },
  {
    name: 'an amount that never fits',
    to: EXCHANGE,
    body: { refreshToken: 'x', timeToLiveInSeconds: 11 },
    status: 429,
    says: { code: 'budget_exceeded', rule: 'lifetime', retryable: false },
  },
];

describe('a call that is refused over REST', () => {
  it.each(rows)('$status: $name', async ({ to, body, status, says, waits, second }) => {
    if (second) await ask(url, to, body);
    const before = sandbox.arrivals.length;
    const answer = await ask(url, to, body);
    expect(answer).toMatchObject({
      status,
      body: { reason: TEXT, policy: expect.stringMatching(/^sha256:/), id: answer.id, ...says },
    });
    expect(answer.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.wait === null).toBe(waits !== true);
    if (waits) expect(Number(answer.wait)).toBeGreaterThan(3500);
    expect(sandbox.arrivals.length).toBe(before);
  });

  it('502 without FusionAuth, 503 without the limit store, 500 without an audit', async () => {
    const policy = writePolicy(
      outage.path,
      'default: allow\ntools: { validateJWTWithId: { rules: [{ rate_limit: 9/day }] } }\n',
    );
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const other = await serveRest(policy, [
      '--fusionauth',
      nowhere,
      '--redis',
      redis.url,
      '--audit',
      '/dev/full',
    ]);
    const key = await ask(other, ['GET', '/api/jwt/public-key']);
    expect(key).toMatchObject({
      status: 502,
      body: { code: 'upstream_unavailable', retryable: true, rule: null },
    });
    const vended = await ask(other, ['POST', '/api/jwt/vend'], {});
    expect(vended).toMatchObject({ status: 500, body: { code: 'internal_error', rule: null } });
    await redis.kill();
    const answer = await fetch(`${other}/api/jwt/validate`, { headers: { authorization: 'Bearer a.b.c' } });
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { code: 'limits_unavailable', retryable: true, rule: null },
    ]);
    expect((await fetch(new URL('/readyz', other))).status).toBe(503);
  });
});

describe('serve --rest', () => {
  const wrong = [
    {
      name: 'a door that others can reach',
      args: ['--rest', '0.0.0.0:0'],
      code: 2,
      says: /add `--allow-anonymous`/,
    },
    {
      name: 'an address that is none',
      args: ['--rest', 'nine'],
      code: 2,
      says: /expected `--rest` as `\[HOST:\]PORT`/,
    },
  ];

  it.each(wrong)('does not start with $name', async ({ args, code, says }) => {
    const ran = await run(['serve', '--sandbox', '--audit', 'off', ...args]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toMatch(says);
  });

  it('does not start on a port in use', async () => {
    const { port } = new URL(url);
    const ran = await run(['serve', '--audit', 'off', '--rest', port]);
    expect([ran.code, ran.stderr]).toEqual([
      1,
      expect.stringContaining(`cannot listen on 127.0.0.1:${port}: the port is in use`),
    ]);
  });

  it('takes its address from the environment, and opens no stdio', async () => {
    const proxy = start(['serve', '--audit', 'off'], { PORTCULLIS_REST: '127.0.0.1:0' });
    running.push(proxy);
    proxy.child.stdin.end();
    const [, found = ''] = await proxy.says(/ on (http:\S+\/v1);/);
    expect((await fetch(new URL('/healthz', found))).status).toBe(200);
    expect(proxy.said()).toMatch(/callers are not identified/);
  });

  it('counts its calls', async () => {
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    expect(metrics).toContain(
      'portcullis_calls_total{tool="fusionauth-deletejwtrefresh",code="denied_by_rule"} 1\n',
    );
  });
});
