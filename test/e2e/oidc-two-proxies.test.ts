import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

let issuer: TestIssuer;
let redis: TestRedis;
let services: readonly TestTokens[] = [];

beforeAll(async () => {
  [issuer, redis] = await Promise.all([startIssuer(), startRedis()]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const directory = `
tenants:
  acme:
    issuers: [{ issuer: "${issuer.url}", audience: web }]
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { backend: {} } } }
`;
  const options = {
    secrets: `acme/billing/backend ${SECRET}\n`,
    env: { PORTCULLIS_SIGNING_KEY: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) },
    args: [
      ...['--redis', redis.url, '--issuer-url', 'https://tokens.example'],
      ...['--token-audience', 'https://proxy.example/mcp'],
    ],
  };
  services = await Promise.all([1, 2].map(() => startTokens(directory, options)));
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await Promise.all([issuer.close(), redis.stop()]);
});

it('proxies that share a Redis exchange an ID token with a nonce once, whichever is asked', async () => {
  const [one, other] = services;
  if (!one || !other) throw new Error('expected two proxies');
  const own = await one.post('/auth/user/generateToken', {
    client_id: 'backend',
    email_id: 'anna@acme.example',
    project_id: 'billing',
    secret_id: SECRET,
    tenant_id: 'acme',
  });
  const exchanged = async (service: TestTokens, nonce: string) => {
    const claims = { sub: 'anna', aud: 'web', email: 'anna@acme.example', email_verified: true, nonce };
    const body = { oidc_token: await issuer.mint(claims, { header: { typ: 'JWT' } }) };
    const headers = { authorization: `Bearer ${own.body['access_token']}` };
    return (await service.post('/auth/user/oidcToken', body, headers)).status;
  };
  expect(await exchanged(one, 'n-1')).toBe(200);
  expect(await exchanged(other, 'n-1')).toBe(401);
  expect(await exchanged(other, 'n-2')).toBe(200);
  expect(await exchanged(one, 'n-2')).toBe(401);
});
