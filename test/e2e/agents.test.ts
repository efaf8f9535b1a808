import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { type Agent, httpAgent, stdioAgent } from '../support/clients.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';

const EXCHANGE = 'fusionauth-exchangerefreshtokenforjwtwithid';

/** Hints of the capability documents: read-only, destructive, idempotent. */
const HINTS: Readonly<Record<string, readonly [boolean, boolean, boolean]>> = {
  'fusionauth-issuejwtwithid': [true, false, true],
  'fusionauth-retrievejwtpublickey': [true, false, true],
  'fusionauth-reconcilejwtwithid': [false, false, false],
  [EXCHANGE]: [false, false, false],
  'fusionauth-retrieverefreshtokenswithid': [true, false, true],
  'fusionauth-deletejwtrefresh': [false, true, true],
  'fusionauth-retrieverefreshtokenbyidwithid': [true, false, true],
  'fusionauth-revokerefreshtokenbyidwithid': [false, true, true],
  'fusionauth-validatejwtwithid': [true, false, true],
  'fusionauth-vendjwtwithid': [false, false, false],
  'fusionauth-createlogout': [false, false, false],
};

const folder = temporaryFolder();
let redis: TestRedis;
let sandbox: Sandbox;
const running: Running[] = [];

beforeAll(async () => {
  redis = await startRedis();
  sandbox = await startSandbox();
});

afterAll(async () => {
  for (const each of running) await each.stop();
  await sandbox.close();
  await redis.stop();
  folder.remove();
});

/** Ways in and places for limits; an agent each time with a session of its own. */
const setups = [
  { name: 'over HTTP, limits in memory', door: 'http', limits: 'memory' },
  { name: 'over HTTP, limits in Redis', door: 'http', limits: 'redis' },
  { name: 'over stdio, limits in memory', door: 'stdio', limits: 'memory' },
  { name: 'over stdio, limits in Redis', door: 'stdio', limits: 'redis' },
] as const;

describe.each(setups)('an agent $name', ({ door, limits }) => {
  const audit = join(folder.path, `${door}-${limits}.jsonl`);
  let connect: () => Promise<Agent>;
  let agent: Agent;

  beforeAll(async () => {
    const args = ['serve', '--fusionauth', sandbox.url, '--audit', audit];
    if (limits === 'redis') args.push('--redis', `${redis.url}/${door === 'http' ? 1 : 2}`);
    const env = { FUSIONAUTH_API_KEY: sandbox.apiKey };
    if (door === 'http') {
      const proxy = start([...args, '--http', '0'], env);
      running.push(proxy);
      const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
      connect = () => httpAgent(url);
    } else connect = () => stdioAgent(args, env);
    agent = await connect();
  });

  afterAll(() => agent.close());

  it('sees the eleven tools with the hints of the capability documents', async () => {
    const { tools } = await agent.client.listTools();
    const hints = tools.map(({ name, annotations = {} }) => [
      name,
      [annotations.readOnlyHint, annotations.destructiveHint, annotations.idempotentHint],
    ]);
    expect(Object.fromEntries(hints)).toEqual(HINTS);
  });

  it('vends a token and validates it, and gets the claims back', async () => {
    const vended = await agent.call('fusionauth-vendjwtwithid', { body: { claims: { colour: 'green' } } });
    expect(vended.isError).toBe(false);
    expect(JSON.parse(vended.text)).toEqual(vended.structured);
    const validated = await agent.call('fusionauth-validatejwtwithid', {
      encodedJWT: vended.structured['token'],
    });
    expect(validated.structured['jwt']).toMatchObject({ colour: 'green' });
  });

  it('is refused call 31 in 60 s to exchange, and another session still gets through', async () => {
    const application = sandbox.world.applications.find(({ allowTokenRefresh }) => allowTokenRefresh);
    const user = sandbox.world.users[0];
    if (application === undefined || user === undefined)
      throw new Error('the sandbox has no such application');
    const body = { refreshToken: sandbox.world.newRefreshToken(user.id, application.id).token };
    const results = [];
    for (let i = 0; i < 31; i++)
      results.push(await agent.call(EXCHANGE, { body: { refreshToken: 'unknown' } }));
    expect(results.slice(0, 30).map(({ decision }) => decision['code'])).toEqual(
      Array(30).fill('upstream_rejected'),
    );
    expect(results[30]).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^\[POLICY DENIED\] .* Retry in \d+ s\.$/),
      decision: {
        code: 'rate_limited',
        rule: 'exchangeRefreshTokenForJWTWithId#1',
        retryable: true,
        retry_after_ms: expect.any(Number),
        limit: { max: 30, window_s: 60, per: 'session', remaining: 0 },
      },
    });
    const other = await connect();
    const exchanged = await other.call(EXCHANGE, { body });
    expect(exchanged.isError).toBe(false);
    await other.close();
  });

  it('is told why a destructive tool is denied, and FusionAuth hears nothing of it', async () => {
    const before = sandbox.arrivals.length;
    const denied = await agent.call('fusionauth-deletejwtrefresh', { token: 'x' });
    expect(denied.text).toBe(
      '[POLICY DENIED] Revoking refresh tokens ends sessions and cannot be undone; ask a person to do it.',
    );
    expect(denied.decision).toMatchObject({
      code: 'denied_by_rule',
      rule: 'deleteJwtRefresh#1',
      retryable: false,
    });
    expect(sandbox.arrivals.length).toBe(before);
  });

  it('gets a JSON-RPC error for a tool that does not exist', async () => {
    await expect(agent.call('fusionauth-nothing', {})).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool: fusionauth-nothing'),
    });
  });

  it('has each of its calls in the audit', async () => {
    const codes = () => {
      const lines = readFileSync(audit, 'utf8').trim().split('\n');
      return [...new Set(lines.map((line) => (JSON.parse(line) as { code: string }).code))].toSorted();
    };
    const expected = ['allowed', 'denied_by_rule', 'rate_limited', 'unknown_tool', 'upstream_rejected'];
    await expect.poll(codes).toEqual(expected);
  });
});
