import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { INITIALIZE, openSession, post, send, until } from '../doors/support.ts';
import { type Agent, httpAgent, type Result } from '../support/clients.ts';
import { RESOURCE, startTenants, type TenantsSetup } from './tenants-setup.ts';

const KEY = 'fusionauth-retrievejwtpublickey';
const VALIDATE = 'fusionauth-validatejwtwithid';
const LOGOUT = 'fusionauth-createlogout';
const VEND = 'fusionauth-vendjwtwithid';
const REFRESH = 'fusionauth-retrieverefreshtokenbyidwithid';

const POLICY = `
default: deny
list: callable
session_ceiling: 2
grants:
  - to: [{ path: identity.roles, op: contains, value: support }]
    tools: [vendJWTWithId]
  - to: [{ path: identity.scopes, op: contains, value: logout }]
    tools: [createLogout]
  - to: [{ path: identity.anonymous, op: eq, value: false }]
    tools: [retrieveJwtPublicKey, validateJWTWithId, retrieveRefreshTokenByIdWithId]
tools:
  retrieveJwtPublicKey:
    rules: [{ name: tenant, rate_limit: { max: 3, window: 1h, per: tenant } }]
  validateJWTWithId:
    rules: [{ name: identity, rate_limit: { max: 2, window: 1h, per: identity } }]
  createLogout:
    rules: [{ name: session, rate_limit: { max: 2, window: 1h } }]
  vendJWTWithId:
    rules:
      - conditions:
          - { path: identity.tenant, op: eq, value: acme }
          - { path: identity.claims.level, op: gte, value: 3 }
          - { path: identity.email, op: ends_with, value: '@acme.example' }
  retrieveRefreshTokenByIdWithId:
    rules: [{ conditions: [{ path: identity.issuer, op: eq, value: acme.com }] }]
`;

let setup: TenantsSetup;
const agents: Agent[] = [];

beforeAll(async () => {
  setup = await startTenants(POLICY);
});
afterAll(async () => {
  for (const agent of agents) await agent.close();
  await setup.close();
});

/** An agent with a token of these claims, at the first or the other proxy. */
async function agentOf(claims: Readonly<Record<string, unknown>>, proxy: 0 | 1 = 0): Promise<Agent> {
  return agentWith(await setup.mint(claims), proxy);
}

async function agentWith(token: string, proxy: 0 | 1 = 0): Promise<Agent> {
  const agent = await httpAgent(setup.proxies[proxy].mcp, token);
  agents.push(agent);
  return agent;
}

/** The records of the first proxy that fit, once there are so many: lines are written behind the answers. */
async function recordsOf(
  fits: (record: Readonly<Record<string, unknown>>) => boolean,
  count: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found = () => setup.proxies[0].recorded().filter(fits);
  await until(() => found().length >= count, `${count} records`);
  return found();
}

function codeOf({ isError, decision }: Result): unknown {
  return isError ? decision['code'] : 'allowed';
}

async function codes(
  agent: Agent,
  tool: string,
  times: number,
  args: Record<string, unknown> = {},
): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (let time = 0; time < times; time++) all.push(codeOf(await agent.call(tool, args)));
  return all;
}

describe('a proxy that demands tokens', () => {
  it('says so, and has no warning about identities', () => {
    const said = setup.proxies[0].said();
    expect(said).toContain(`HTTP callers bring tokens of ${setup.issuer.url} or acme.com`);
    expect(said).not.toMatch(/warning/);
  });

  it("tells the SDK's client where to get one", async () => {
    await expect(httpAgent(setup.proxies[0].mcp)).rejects.toThrow(/Unauthorized|401/i);
    const answer = await post(setup.proxies[0].mcp, INITIALIZE);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://proxy.example/.well-known/oauth-protected-resource/mcp"',
    );
    const page = await fetch(new URL('/.well-known/oauth-protected-resource/mcp', setup.proxies[0].mcp));
    expect(await page.json()).toMatchObject({
      resource: RESOURCE,
      authorization_servers: [setup.issuer.url],
    });
  });

  it('takes the name of its resource as `Host`', async () => {
    const { port } = new URL(setup.proxies[0].mcp);
    const answer = await send(`http://127.0.0.1:${port}/mcp`, {
      headers: { host: 'proxy.example' },
      body: '{}',
    });
    expect(answer.status).toBe(401);
  });
});

describe('who may call what', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, unknown>>, string, unknown])[] = [
    [
      'by a role',
      { sub: 'ann', tenant: 'acme', roles: ['support'], level: 3, email: 'ann@acme.example' },
      VEND,
      'allowed',
    ],
    [
      'not without the role',
      { sub: 'ann', tenant: 'acme', level: 3, email: 'ann@acme.example' },
      VEND,
      'not_granted',
    ],
    [
      'not with the role in capitals',
      { sub: 'ann', tenant: 'acme', roles: ['Support'] },
      VEND,
      'not_granted',
    ],
    ['not with the role as a scope', { sub: 'ann', tenant: 'acme', scope: 'support' }, VEND, 'not_granted'],
    [
      'not in a tenant in capitals',
      { sub: 'ann', tenant: 'Acme', roles: ['support'], level: 3, email: 'a@acme.example' },
      VEND,
      'condition_failed',
    ],
    [
      'not in a tenant in other letters that look the same',
      { sub: 'ann', tenant: '\u0430cme', roles: ['support'], level: 3, email: 'a@acme.example' },
      VEND,
      'condition_failed',
    ],
    [
      'not without a tenant',
      { sub: 'ann', roles: ['support'], level: 3, email: 'a@acme.example' },
      VEND,
      'condition_failed',
    ],
    [
      'not with a claim that is a text',
      { sub: 'ann', tenant: 'acme', roles: ['support'], level: '3', email: 'a@acme.example' },
      VEND,
      'condition_failed',
    ],
    [
      'not with another email',
      { sub: 'ann', tenant: 'acme', roles: ['support'], level: 3, email: 'a@acme.example.evil' },
      VEND,
      'condition_failed',
    ],
    ['by a scope among others', { sub: 'ann', scope: 'openid logout' }, LOGOUT, 'allowed'],
    ['not by a part of a scope', { sub: 'ann', scope: 'logouts' }, LOGOUT, 'not_granted'],
    [
      'not what another issuer is asked for',
      { sub: 'ann', claims: { iss: 'acme.com' } },
      REFRESH,
      'condition_failed',
    ],
  ];

  it.each(rows)('%s', async (_name, claims, tool, code) => {
    const args: Record<string, Record<string, unknown>> = {
      [LOGOUT]: { refreshToken: 'no-such-token-of-anybody' },
      [REFRESH]: { tokenId: known.refreshTokens.aliceWeb },
      [VEND]: { body: {} },
    };
    const agent = await agentOf({ ...claims, jti: _name });
    expect(codeOf(await agent.call(tool, args[tool] ?? {}))).toBe(code);
  });

  it('is what a caller is shown', async () => {
    const shown = async (claims: Readonly<Record<string, unknown>>) => {
      const { tools } = await (await agentOf(claims)).client.listTools();
      return tools.map(({ name }) => name).toSorted();
    };
    const everyone = [KEY, VALIDATE].toSorted();
    expect(await shown({ sub: 'zoe', tenant: 'acme' })).toEqual(everyone);
    expect(await shown({ sub: 'zoe', tenant: 'acme', scope: 'logout' })).toEqual(
      [...everyone, LOGOUT].toSorted(),
    );
  });

  it("takes FusionAuth's own tokens, whose tenant and roles are the policy's", async () => {
    const agent = await agentWith(await setup.alice());
    expect(codeOf(await agent.call(REFRESH, { tokenId: known.refreshTokens.aliceWeb }))).toBe('allowed');
    const mine = await recordsOf(({ tool, code }) => tool === REFRESH && code === 'allowed', 1);
    expect(mine).toMatchObject([{ caller: { sub: known.users.alice, tenant: known.tenant } }]);
  });
});

describe('a limit', () => {
  it('per tenant is shared by its people at every proxy, and by nobody else', async () => {
    const one = await agentOf({ sub: 'a1', tenant: 'north' });
    const two = await agentOf({ sub: 'a2', tenant: 'north' }, 1);
    expect([...(await codes(one, KEY, 2)), ...(await codes(two, KEY, 2))]).toEqual([
      'allowed',
      'allowed',
      'allowed',
      'rate_limited',
    ]);
    const others: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
      ['another tenant', { tenant: 'south' }],
      ['the name in capitals', { tenant: 'North' }],
      ['the name with a space', { tenant: 'north ' }],
      ['a name that quotes it', { tenant: '"north"' }],
      ['composed', { tenant: 'caf\u00e9' }],
      ['decomposed', { tenant: 'cafe\u0301' }],
    ];
    for (const [name, claims] of others) {
      const agent = await agentOf({ sub: 'a1', ...claims });
      expect([name, codeOf(await agent.call(KEY, {}))]).toEqual([name, 'allowed']);
    }
  });

  it('per identity is shared by its sessions at every proxy, and by nobody else', async () => {
    const jwt = { encodedJWT: await setup.alice() };
    const one = await agentOf({ sub: 'b1', tenant: 'north' });
    const two = await agentOf({ sub: 'b1', tenant: 'north', roles: ['other'] }, 1);
    expect([...(await codes(one, VALIDATE, 1, jwt)), ...(await codes(two, VALIDATE, 2, jwt))]).toEqual([
      'allowed',
      'allowed',
      'rate_limited',
    ]);
    for (const claims of [
      { sub: 'b1', tenant: 'south' },
      { sub: 'b1' },
      { sub: 'B1', tenant: 'north' },
      { client_id: 'b1', tenant: 'north' },
    ]) {
      expect(await codes(await agentOf(claims), VALIDATE, 1, jwt)).toEqual(['allowed']);
    }
  });

  it('per session is held per identity at its ceiling, however many sessions are opened', async () => {
    const claims = { sub: 'c1', tenant: 'north', scope: 'logout' };
    const all: unknown[] = [];
    for (const proxy of [0, 1, 0] as const) {
      const agent = await agentOf(claims, proxy);
      all.push(...(await codes(agent, LOGOUT, 2, { refreshToken: 'no-such-token-of-anybody' })));
    }
    expect(all).toEqual(['allowed', 'allowed', 'allowed', 'allowed', 'rate_limited', 'rate_limited']);
  });

  it('over REST is the one of MCP, and the identity is the session', async () => {
    const token = await setup.mint({ sub: 'd1', tenant: 'west' });
    const agent = await agentWith(token);
    await codes(agent, KEY, 1);
    const statuses: number[] = [];
    for (let time = 0; time < 3; time++) {
      const answer = await send(`${setup.proxies[1].rest}/api/jwt/public-key`, {
        method: 'GET',
        headers: { 'x-portcullis-authorization': `Bearer ${token}` },
      });
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('two tenants on one Redis', () => {
  it('share no counter, and their names are nowhere in it', async () => {
    const before = await setup.counters();
    const jwt = { encodedJWT: await setup.alice() };
    const touched: ReadonlySet<string>[] = [];
    let seen = before;
    for (const tenant of ['tenant-of-one', 'tenant-of-two']) {
      const agent = await agentOf({ sub: 'same-sub', tenant, scope: 'logout' });
      await agent.call(KEY, {});
      await agent.call(VALIDATE, jwt);
      await agent.call(LOGOUT, { refreshToken: 'no-such-token-of-anybody' });
      const now = await setup.counters();
      touched.push(new Set([...now].filter((key) => !seen.has(key))));
      seen = now;
    }
    const [one, two] = touched as [Set<string>, Set<string>];
    expect(one.size).toBeGreaterThanOrEqual(4);
    expect(two.size).toBe(one.size);
    expect([...seen].filter((key) => /tenant-of|same-sub/.test(key))).toEqual([]);
  });

  it("do not open each other's sessions, at either proxy", async () => {
    const [mine, theirs] = [
      await setup.mint({ sub: 'ann', tenant: 'one' }),
      await setup.mint({ sub: 'ann', tenant: 'two' }),
    ];
    const session = await openSession(setup.proxies[0].mcp, { authorization: `Bearer ${mine}` });
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    for (const { mcp } of setup.proxies) {
      expect((await post(mcp, ping, { ...session, authorization: `Bearer ${theirs}` })).status).toBe(404);
      expect((await post(mcp, ping, session)).status).toBe(200);
    }
  });

  it('are told apart in the audit, line by line', async () => {
    const calls = ['one', 'two'].flatMap((tenant) =>
      ['x', 'y'].map((sub) => ({ tenant, sub: `audit-${sub}` })),
    );
    await Promise.all(calls.map(async (claims) => (await agentOf(claims)).call(KEY, {})));
    const callerOf = (record: Readonly<Record<string, unknown>>) =>
      record['caller'] as { readonly sub: string | null; readonly tenant: string | null };
    const mine = await recordsOf((record) => callerOf(record).sub?.startsWith('audit-') === true, 4);
    expect(
      mine
        .map(callerOf)
        .map(({ tenant, sub }) => `${tenant} ${sub}`)
        .toSorted(),
    ).toEqual(['one audit-x', 'one audit-y', 'two audit-x', 'two audit-y']);
  });
});

describe('a token', () => {
  it('reaches neither FusionAuth nor audit and log, and a refused one is recorded without a word of it', async () => {
    const good = await setup.mint({ sub: 'secret-keeper', tenant: 'acme', scope: 'logout' });
    const bad = await setup.issuer.mint({ sub: 'secret-keeper', aud: 'https://other.example' });
    const arrivals = setup.sandbox.arrivals.length;
    await (await agentWith(good)).call(LOGOUT, { refreshToken: 'no-such-token-of-anybody' });
    await post(setup.proxies[0].mcp, INITIALIZE, { authorization: `Bearer ${bad}` });
    await send(`${setup.proxies[0].rest}/api/jwt/public-key?access_token=${bad}`, {
      method: 'GET',
      headers: { 'x-portcullis-authorization': `Bearer ${bad}` },
    });
    const asked = setup.sandbox.arrivals.slice(arrivals).map(({ path, authority }) => ({ path, authority }));
    expect(asked).toEqual([{ path: '/api/logout', authority: 'none' }]);
    const refusals = await recordsOf(({ code }) => code === 'unauthenticated', 2);
    expect(refusals).toMatchObject(
      ['http', 'rest'].map((transport) => ({
        transport,
        tool: '',
        operation: null,
        verdict: 'deny',
        args: {},
        caller: { sub: null, client_id: null, tenant: null, session: null },
        note: 'the token is for another audience',
      })),
    );
    for (const text of setup.proxies.flatMap((proxy) => [proxy.audit(), proxy.said()])) {
      for (const part of [...good.split('.'), ...bad.split('.')].filter((each) => each.length > 60)) {
        expect(text.includes(part.slice(0, 40))).toBe(false);
      }
    }
  });

  it('that is refused again and again is 429, and the audit has no more lines than the guard allows', async () => {
    const before = setup.proxies[1].recorded().length;
    const statuses = new Map<number, number>();
    for (let time = 0; time < 150; time++) {
      const { status } = await post(setup.proxies[1].mcp, INITIALIZE, { authorization: 'Bearer guess' });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses.keys()]).toEqual([401, 429]);
    expect(statuses.get(401)).toBeLessThanOrEqual(120);
    expect(setup.proxies[1].recorded().length - before).toBeLessThanOrEqual(statuses.get(401) ?? 0);
    const good = await setup.mint({ sub: 'innocent', tenant: 'acme' });
    expect((await post(setup.proxies[1].mcp, INITIALIZE, { authorization: `Bearer ${good}` })).status).toBe(
      200,
    );
  });
});
