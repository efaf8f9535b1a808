import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { type Agent, httpAgent } from '../support/clients.ts';
import { type RestSetup, startRestSetup } from './rest-setup.ts';

const { users } = known;
const POLICY = `
default: allow
tools:
  retrieveRefreshTokenByIdWithId:
    rules: [{ action: deny, when: [{ path: args.tenantId, op: exists, value: true }] }]
`;
let setup: RestSetup;
let agent: Agent;

beforeAll(async () => {
  setup = await startRestSetup(POLICY);
  agent = await httpAgent(setup.mcp);
});

afterAll(async () => {
  await agent.close();
  expect(await setup.close()).toBe(0);
});

/** The same call in the words of each door. */
const same: readonly {
  readonly name: string;
  readonly tool: string;
  readonly args: () => Promise<Record<string, unknown>>;
  readonly rest: (
    args: Record<string, string>,
  ) => readonly [method: string, target: string, sent?: RequestInit];
}[] = [
  {
    name: 'a JWT in Authorization',
    tool: 'fusionauth-validatejwtwithid',
    args: async () => ({ encodedJWT: await setup.login() }),
    rest: ({ encodedJWT }) => [
      'GET',
      '/api/jwt/validate',
      { headers: { authorization: `JWT ${encodedJWT}`, cookie: 'access_token=another' } },
    ],
  },
  {
    name: 'a kid',
    tool: 'fusionauth-retrievejwtpublickey',
    args: async () => ({ keyId: 'nobody' }),
    rest: () => ['GET', '/api/jwt/public-key?kid=nobody'],
  },
  {
    name: 'a path parameter and a tenant that the policy denies',
    tool: 'fusionauth-retrieverefreshtokenbyidwithid',
    args: async () => ({ tokenId: users.bob, tenantId: known.tenant }),
    rest: () => [
      'GET',
      `/api/jwt/refresh/${users.bob}`,
      { headers: { 'x-fusionauth-tenantid': known.tenant } },
    ],
  },
  {
    name: 'a body with a wrong member',
    tool: 'fusionauth-vendjwtwithid',
    args: async () => ({ body: { timeToLiveInSeconds: 0, planted: 'x' } }),
    rest: () => ['POST', '/api/jwt/vend', json({ timeToLiveInSeconds: 0, planted: 'x' })],
  },
  {
    name: 'selectors at top level and in the body',
    tool: 'fusionauth-createlogout',
    args: async () => ({ global: true, body: { refreshToken: 'nothing' } }),
    rest: () => ['POST', '/api/logout?global=true', json({ refreshToken: 'nothing' })],
  },
  {
    name: 'a form',
    tool: 'fusionauth-deletejwtrefresh',
    args: async () => ({ body: { token: 'nothing' } }),
    rest: () => ['DELETE', '/api/jwt/refresh', { body: new URLSearchParams({ token: 'nothing' }) }],
  },
];

function json(body: object): RequestInit {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

describe('the same call over MCP and over REST', () => {
  it.each(same)('is decided and recorded alike: $name', async ({ tool, args, rest }) => {
    const [sent, before] = [await args(), setup.recorded().length];
    await agent.call(tool, sent);
    const [method, target, init] = rest(sent as Record<string, string>);
    await fetch(setup.url + target, { method, ...init });
    await expect.poll(() => setup.recorded().length).toBe(before + 2);
    const alike = setup
      .recorded()
      .slice(before)
      .map(({ tool, operation, verdict, code, rule, policy, mode, would, args, upstream }) => {
        const status = (upstream as { status?: number } | null)?.status;
        return { tool, operation, verdict, code, rule, policy, mode, would, args, status };
      });
    expect(
      setup
        .recorded()
        .slice(before)
        .map((line) => line['transport']),
    ).toEqual(['http', 'rest']);
    expect(alike[1]).toEqual(alike[0]);
  });
});

describe('what a client sends beside its call', () => {
  it('never reaches FusionAuth: its key, its cookies, its headers', async () => {
    const headers = {
      authorization: 'Bearer of-a-client',
      cookie: 'access_token=of-a-client; refresh_token=of-a-client',
      'x-forwarded-for': '192.0.2.1',
      'x-http-method-override': 'DELETE',
    };
    const answer = await fetch(`${setup.url}/api/jwt/refresh?userId=${users.bob}`, { headers });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null]);
    expect(setup.sandbox.arrivals.at(-1)).toMatchObject({
      method: 'GET',
      authority: 'api_key',
      tenantId: null,
    });
    const noJwt = await fetch(`${setup.url}/api/jwt/validate`, {
      headers: { cookie: `access_token=${await setup.login()}` },
    });
    expect([noJwt.status, await noJwt.json()]).toMatchObject([400, { code: 'invalid_arguments' }]);
    const exchange = { method: 'POST', ...json({ refreshToken: setup.refresh().token }) };
    const issued = await fetch(`${setup.url}/api/jwt/refresh`, exchange);
    expect([issued.status, issued.headers.get('set-cookie')]).toEqual([200, null]);
  });
});
