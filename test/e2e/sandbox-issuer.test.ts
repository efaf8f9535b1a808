import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultSeed, known } from '../../src/sandbox/default-seed.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { freePort } from '../support/redis.ts';
import { claimsOf, SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

const APP = known.applications.web;
let sandbox: Sandbox;
let service: TestTokens;
let mcp: string;

beforeAll(async () => {
  const [port, http] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${port}`;
  const tenants = defaultSeed.tenants.map((tenant) => ({ ...tenant, issuer }));
  sandbox = await startSandbox({ port, seed: { ...defaultSeed, tenants } });
  mcp = `http://127.0.0.1:${http}/mcp`;
  service = await startTokens(
    `
tenants:
  acme:
    issuers: [{ issuer: "${sandbox.url}", audience: ${APP} }]
    users: { alice@example.com: { id: u-3, roles: [member] } }
    projects: { billing: { clients: { backend: {} } } }
`,
    {
      secrets: `acme/billing/backend ${SECRET}\n`,
      args: ['--sandbox', '--http', `${http}`, '--issuer', sandbox.url, '--audience', APP],
    },
  );
});
afterAll(async () => {
  await service.stop();
  await sandbox.close();
});

const asked = (path: string) => sandbox.arrivals.filter((each) => each.path === path).length;

describe('FusionAuth as the sandbox plays it, found by its issuer', () => {
  it('gives tokens that the proxy takes', async () => {
    const token = await sandbox.world.accessToken(known.users.alice, APP);
    expect(await callsWith(token)).toBe(200);
    expect(await callsWith(`${token.slice(0, -4)}AAAA`)).toBe(401);
    const stranger = await sandbox.world.accessToken(known.users.alice, known.applications.mobile);
    expect(await callsWith(stranger)).toBe(401);
    expect(asked('/.well-known/openid-configuration')).toBeGreaterThan(0);
    expect(asked('/.well-known/jwks.json')).toBeGreaterThan(0);
  });

  it('says who a user is, for a token of the service', async () => {
    const own = await service.post('/auth/user/generateToken', {
      client_id: 'backend',
      email_id: 'alice@example.com',
      project_id: 'billing',
      secret_id: SECRET,
      tenant_id: 'acme',
    });
    const before = asked('/.well-known/openid-configuration');
    const answer = await service.post(
      '/auth/user/oidcToken',
      { oidc_token: await vended({ iss: sandbox.url }) },
      { authorization: `Bearer ${own.body['access_token']}` },
    );
    expect(claimsOf(answer)).toMatchObject({ sub: 'acme:u-3', roles: ['member'] });
    expect(asked('/.well-known/openid-configuration')).toBe(before + 1);
    const other = await service.post(
      '/auth/user/oidcToken',
      { oidc_token: await vended({ iss: 'acme.com' }) },
      { authorization: `Bearer ${own.body['access_token']}` },
    );
    expect(other.status).toBe(401);
  });
});

async function callsWith(token: string): Promise<number> {
  const answer = await fetch(mcp, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    }),
  });
  return answer.status;
}

async function vended(claims: object): Promise<string> {
  const who = { sub: known.users.alice, aud: APP, email: 'alice@example.com', email_verified: true };
  const answer = await fetch(`${sandbox.url}/api/jwt/vend`, {
    method: 'POST',
    headers: { authorization: sandbox.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ claims: { ...who, ...claims } }),
  });
  return ((await answer.json()) as { readonly token: string }).token;
}
