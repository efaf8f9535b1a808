import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { known } from '../../src/sandbox/default-seed.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { json, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { type Answer, claimsOf, SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

const APP = known.applications.web;
let issuer: TestIssuer;
let stranger: TestIssuer;
let sandbox: Sandbox;
let service: TestTokens;
let backend: string;
let page: string;

beforeAll(async () => {
  [issuer, stranger, sandbox] = await Promise.all([startIssuer(), startIssuer(), startSandbox()]);
  service = await startTokens(
    `
tenants:
  acme:
    issuers:
      - { issuer: ${issuer.url}, audience: [web, mobile] }
      - { issuer: acme.com, jwks_uri: ${sandbox.url}/.well-known/jwks.json, audience: ${APP} }
    admins: [anna@acme.example]
    users:
      anna@acme.example: { id: u-1, roles: [support] }
      bob@acme.example: { id: u-2 }
      alice@example.com: { id: u-3, roles: [member] }
    projects:
      billing:
        clients: { backend: {}, page: { public: true } }
  globex:
    users: { anna@acme.example: { roles: [owner] } }
    projects:
      billing:
        clients: { backend: {} }
`,
    { secrets: `acme/billing/backend ${SECRET}\nglobex/billing/backend ${SECRET}\n` },
  );
  backend = await clientToken({});
  page = await clientToken({ client_id: 'page', secret_id: undefined });
});
afterAll(async () => {
  await service.stop();
  await Promise.all([issuer.close(), stranger.close(), sandbox.close()]);
});

async function clientToken(over: object): Promise<string> {
  const body = {
    client_id: 'backend',
    email_id: 'anna@acme.example',
    project_id: 'billing',
    secret_id: SECRET,
    tenant_id: 'acme',
    ...over,
  };
  return String((await service.post('/auth/user/generateToken', body)).body['access_token']);
}

const ID = { sub: 'idp-1', aud: 'web', email: 'anna@acme.example', email_verified: true };
const AS_ID = { header: { typ: 'JWT' } };

function idToken(over: object = {}): Promise<string> {
  return issuer.mint({ ...ID, ...over }, AS_ID);
}

function exchange(kind: 'user' | 'admin', token: string, bearer = backend): Promise<Answer> {
  return service.post(
    `/auth/${kind}/oidcToken`,
    { oidc_token: token },
    { authorization: `Bearer ${bearer}` },
  );
}

describe('an ID token', () => {
  it('is exchanged for a token of its user, of the client that brought it', async () => {
    const answer = await exchange('user', await idToken());
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(claimsOf(answer)).toMatchObject({
      sub: 'acme:u-1',
      email: 'anna@acme.example',
      tenant: 'acme',
      project: 'billing',
      client_id: 'backend',
      roles: ['support'],
    });
  });

  it('is exchanged for an admin token where the directory marks its user so', async () => {
    expect(claimsOf(await exchange('admin', await idToken()))).toMatchObject({
      roles: ['admin'],
      scope: 'admin',
    });
    expect((await exchange('admin', await idToken({ email: 'bob@acme.example' }))).status).toBe(401);
  });

  it('is exchanged by a public client for a user, and for no administrator', async () => {
    expect((await exchange('user', await idToken(), page)).status).toBe(200);
    expect((await exchange('admin', await idToken(), page)).status).toBe(401);
  });

  it('of FusionAuth, as the sandbox plays it, is exchanged like any other', async () => {
    const { token } = (await (
      await fetch(`${sandbox.url}/api/jwt/vend`, {
        method: 'POST',
        headers: { authorization: sandbox.apiKey, 'content-type': 'application/json' },
        body: JSON.stringify({
          claims: {
            iss: 'acme.com',
            sub: known.users.alice,
            aud: APP,
            email: 'alice@example.com',
            email_verified: true,
          },
          keyId: known.keys.rs256,
        }),
      })
    ).json()) as { token: string };
    expect(claimsOf(await exchange('user', token))).toMatchObject({ sub: 'acme:u-3', roles: ['member'] });
  });

  it('with a nonce is exchanged once for each kind of token', async () => {
    const token = await idToken({ nonce: 'n-1' });
    const again = await idToken({ nonce: 'n-1', jti: 'another' });
    const ended = async (kind: 'user' | 'admin', each: string) => (await exchange(kind, each)).status;
    expect(await ended('user', token)).toBe(200);
    expect(await ended('user', token)).toBe(401);
    expect(await ended('user', again)).toBe(401);
    expect(await ended('admin', token)).toBe(200);
    expect(await ended('user', await idToken({ nonce: 'n-2' }))).toBe(200);
  });
});

describe('a client that is not known', () => {
  it.each([
    ['has no token', ''],
    ['has a token of nobody here', 'Authorization: Bearer a.b.c\r\n'],
  ])('is told so before its body is read: it %s', async (_what, authorization) => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    // The body is announced and never comes.
    socket.write(
      `POST /auth/user/oidcToken HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${authorization}Content-Length: 100\r\n\r\n`,
    );
    const [answer] = await once(socket, 'data');
    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1.1 401 /);
  });

  it('is told that a body in chunks is too large, as one that says its length', async () => {
    const whole = JSON.stringify({ oidc_token: 'x'.repeat(70_000) });
    const send = async (body: string | ReadableStream) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${backend}` };
      const options = { method: 'POST', headers, body, duplex: 'half' };
      const answer = await fetch(`${service.url}/auth/user/oidcToken`, options as RequestInit);
      return [answer.status, await answer.json()];
    };
    const expected = [413, expect.objectContaining({ reason: expect.stringMatching(/^Payload too large/) })];
    expect(await send(whole)).toEqual(expected);
    expect(await send(new Blob([whole]).stream())).toEqual(expected);
  });

  it('is not asked for its body, which one that is known is', async () => {
    const { hostname, port } = new URL(service.url);
    const firstLine = async (bearer: string) => {
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST /auth/user/oidcToken HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nAuthorization: Bearer ${bearer}\r\nContent-Length: 100\r\n\r\n`,
      );
      const [answer] = await once(socket, 'data');
      socket.destroy();
      return String(answer).split('\r\n')[0];
    };
    expect(await firstLine(backend)).toBe('HTTP/1.1 100 Continue');
    expect(await firstLine('a.b.c')).toBe('HTTP/1.1 401 Unauthorized');
  });
});

const now = Math.floor(Date.now() / 1000);

function forge(header: object, claims: object, key: KeyObject | string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part(header)}.${part(claims)}`;
  if (key === '') return `${text}.`;
  const signature =
    typeof key === 'string'
      ? createHmac('sha256', key).update(text).digest()
      : signBytes('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

describe('an ID token is refused', () => {
  const full = () => ({ ...ID, iss: issuer.url, iat: now, exp: now + 300 });
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rows: readonly (readonly [string, () => Promise<string> | string])[] = [
    ['of a stranger', () => stranger.mint(ID, AS_ID)],
    ['of a stranger in the name of the issuer', () => stranger.mint({ ...ID, iss: issuer.url }, AS_ID)],
    ['with `alg: none`', () => forge({ alg: 'none', typ: 'JWT' }, full(), '')],
    [
      'with HMAC by the public key',
      () => forge({ alg: 'HS256', kid: 'key-1' }, full(), JSON.stringify(issuer.keys[0]?.jwk)),
    ],
    ['with a key that it brings', () => forge({ alg: 'ES256', jwk: issuer.keys[0]?.jwk }, full(), own)],
    [
      'with a key of its own under the issuer’s name',
      () => forge({ alg: 'ES256', kid: 'key-1' }, full(), own),
    ],
    ['with an unknown key', () => forge({ alg: 'ES256', kid: '../../key-1' }, full(), own)],
    ['that has expired', () => idToken({ exp: now - 1 })],
    ['that is not valid yet', () => idToken({ nbf: now + 600 })],
    ['for another audience', () => idToken({ aud: 'other' })],
    ['for the audience of another issuer', () => idToken({ aud: APP })],
    ['for several audiences without `azp`', () => idToken({ aud: ['web', 'other'] })],
    ['issued to another client', () => idToken({ aud: ['web', 'other'], azp: 'other' })],
    ['that is an access token', () => issuer.mint(ID)],
    ['that is an access token by its claim `typ`', () => idToken({ typ: 'Bearer' })],
    ['that is an access token by its claim `token_use`', () => idToken({ token_use: 'access' })],
    ['that tells of a logout', () => idToken({ events: {} })],
    ['that is one of our own', () => backend],
    ['of an email that was not verified', () => idToken({ email_verified: false })],
    ['of an email of which nothing is said', () => idToken({ email_verified: undefined })],
    ['of an email that only says so', () => idToken({ email_verified: 'true' })],
    ['without email', () => idToken({ email: undefined })],
    ['of a user that is not there', () => idToken({ email: 'eve@acme.example' })],
    ['of a user in another case', () => idToken({ email: 'Anna@acme.example' })],
    ['with SQL as email', () => idToken({ email: "' OR 1=1 --" })],
    ['with a nonce that is none', () => idToken({ nonce: 7 })],
    ['that is no token', () => 'hunter2.hunter2.hunter2'],
  ];

  it.each(rows)('%s', async (_what, make) => {
    const answer = await exchange('user', await make());
    expect({ status: answer.status, reason: answer.body['reason'] }).toEqual({
      status: 401,
      reason: 'Unauthorized',
    });
  });

  it('of a tenant that trusts no issuer', async () => {
    const globex = await clientToken({ tenant_id: 'globex' });
    expect((await exchange('user', await idToken(), globex)).status).toBe(401);
  });
});

describe('a client', () => {
  it.each<readonly [string, () => Promise<Record<string, string>>]>([
    ['brings no token', async () => ({})],
    ['brings it in another scheme', async () => ({ authorization: `Basic ${backend}` })],
    ['brings an ID token instead', async () => ({ authorization: `Bearer ${await idToken()}` })],
    ['brings one that was changed', async () => ({ authorization: `Bearer ${backend.slice(0, -4)}AAAA` })],
    [
      'brings it in the header of the proxy',
      async () => ({ 'x-portcullis-authorization': `Bearer ${backend}` }),
    ],
  ])('is refused where it %s', async (_what, headers) => {
    const body = { oidc_token: await idToken() };
    const answer = await service.post('/auth/user/oidcToken', body, await headers());
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each<readonly [string, unknown]>([
    ['nothing', {}],
    ['an empty text', { oidc_token: '' }],
    ['a number', { oidc_token: 7 }],
    ['something else as well', { oidc_token: 'a.b.c', nonce: 'n' }],
  ])('is told 400 where it sends %s', async (_what, body) => {
    const answer = await service.post('/auth/user/oidcToken', body, { authorization: `Bearer ${backend}` });
    expect(answer.status).toBe(400);
  });

  it('is told 500 where the keys of an issuer cannot be had, and the log says why without the token', async () => {
    const down = await startIssuer();
    const other = await startTokens(
      `
tenants:
  acme:
    issuers: [{ issuer: ${down.url}, audience: web }]
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { page: { public: true } } } }
`,
    );
    down.answers.set('/jwks.json', (_req, res) => res.writeHead(500).end());
    const token = await down.mint(ID, AS_ID);
    const ask = {
      client_id: 'page',
      email_id: 'anna@acme.example',
      project_id: 'billing',
      tenant_id: 'acme',
    };
    const own = (await other.post('/auth/user/generateToken', ask)).body['access_token'];
    const answer = await other.post(
      '/auth/user/oidcToken',
      { oidc_token: token },
      { authorization: `Bearer ${own}` },
    );
    expect([answer.status, answer.body['reason']]).toEqual([500, 'Failed to generate token']);
    await other.running.says(/cannot be had/);
    expect(other.running.said()).not.toContain(token);
    down.answers.set('/jwks.json', json({ keys: [] }));
    await other.stop();
    await down.close();
  });
});
