import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/adapters/audit/verify.ts';
import { run } from '../support/cli.ts';
import { freePort } from '../support/redis.ts';
import { type Answer, claimsOf, SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

const DIRECTORY = `
tenants:
  acme:
    admins: [anna@acme.example]
    users:
      anna@acme.example: { id: u-1, roles: [support], scopes: [read, write], groups: [emea], resources: [desk] }
      bob@acme.example: {}
    projects:
      billing:
        clients:
          backend: {}
          page: { public: true }
      shop:
        clients: { till: {} }
  globex:
    users:
      anna@globex.example: { roles: [owner] }
    projects:
      billing:
        clients: { backend: {} }
`;
const SECRETS = [
  `acme/billing/backend ${SECRET}`,
  'acme/shop/till another-secret-of-acme',
  'globex/billing/backend the-secret-of-globex',
].join('\n');

const anna = {
  client_id: 'backend',
  email_id: 'anna@acme.example',
  project_id: 'billing',
  secret_id: SECRET,
  tenant_id: 'acme',
};
const { secret_id: _secret, ...annaWithoutSecret } = anna;

let service: TestTokens;
let mcp: string;
beforeAll(async () => {
  const [http, rest] = [await freePort(), await freePort()];
  mcp = `http://127.0.0.1:${http}/mcp`;
  service = await startTokens(DIRECTORY, {
    secrets: SECRETS,
    port: rest,
    args: ['--sandbox', '--http', `${http}`, '--issuer', `http://127.0.0.1:${rest}`],
  });
});
afterAll(() => service.stop());

const USER = '/auth/user/generateToken';
const ADMIN = '/auth/admin/generateToken';

describe('a token for a user', () => {
  it('says what the directory says of them, for an hour, and is verified by its discovery', async () => {
    const answer = await service.post(USER, anna);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['access_token', 'expires_in', 'token_type']);
    expect(answer.body).toMatchObject({ expires_in: 3600, token_type: 'Bearer' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const discovered = await fetch(`${service.url}/.well-known/openid-configuration`);
    const { jwks_uri, issuer } = (await discovered.json()) as { jwks_uri: string; issuer: string };
    const { payload, protectedHeader } = await jwtVerify(
      String(answer.body['access_token']),
      createRemoteJWKSet(new URL(jwks_uri)),
      { issuer, audience: mcp, algorithms: ['ES256'], typ: 'at+jwt' },
    );
    expect(protectedHeader).toEqual({ alg: 'ES256', kid: expect.any(String), typ: 'at+jwt' });
    const { iat, exp, jti, ...said } = payload;
    expect(Number(exp) - Number(iat)).toBe(3600);
    expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(said).toEqual({
      iss: service.url,
      aud: [mcp, `${service.url}/v1`],
      sub: 'acme:u-1',
      email: 'anna@acme.example',
      tenant: 'acme',
      project: 'billing',
      client_id: 'backend',
      roles: ['support'],
      scope: 'read write',
      groups: ['emea'],
      resources: ['desk'],
    });
  });

  it('says nothing of one who may do nothing', async () => {
    const answer = await service.post(USER, { ...anna, email_id: 'bob@acme.example' });
    expect(claimsOf(answer)).toMatchObject({ roles: [], scope: '', groups: [], resources: [] });
  });

  it('is given to a public client without a secret', async () => {
    const answer = await service.post(USER, { ...annaWithoutSecret, client_id: 'page' });
    expect(claimsOf(answer)).toMatchObject({ client_id: 'page', roles: ['support'] });
  });

  it('lets an agent call the proxy that gave it, which nobody can without', async () => {
    const token = String((await service.post(USER, anna)).body['access_token']);
    const client = new Client({ name: 'agent', version: '1' });
    const headers = { Authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(mcp), { requestInit: { headers } }));
    const { isError } = await client.callTool({ name: 'fusionauth-retrievejwtpublickey', arguments: {} });
    expect(isError ?? false).toBe(false);
    await client.close();
    expect((await fetch(mcp, { method: 'POST' })).status).toBe(401);
  });
});

describe('a token for an administrator', () => {
  it('says that, of its tenant and project alone, and nothing else of the user', async () => {
    expect(claimsOf(await service.post(ADMIN, anna))).toMatchObject({
      sub: 'acme:u-1',
      tenant: 'acme',
      project: 'billing',
      roles: ['admin'],
      scope: 'admin',
      groups: [],
      resources: [],
    });
  });
});

describe('a request that gets no token', () => {
  const rows: readonly {
    name: string;
    path?: string;
    body: unknown;
    status: number;
    reason: string;
    headers?: Record<string, string>;
  }[] = [
    {
      name: 'names a client that is not there',
      body: { ...anna, client_id: 'other' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a client of another project',
      body: { ...anna, client_id: 'till' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a project that is not there',
      body: { ...anna, project_id: 'other' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a tenant that is not there',
      body: { ...anna, tenant_id: 'other' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a tenant in another case',
      body: { ...anna, tenant_id: 'Acme' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a tenant in wide letters',
      body: { ...anna, tenant_id: 'ａｃｍｅ' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a tenant with a space after it',
      body: { ...anna, tenant_id: 'acme ' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'names a member of every object',
      body: { ...anna, tenant_id: '__proto__' },
      status: 404,
      reason: 'Client not found',
    },
    {
      name: 'has a wrong secret',
      body: { ...anna, secret_id: 'wrong' },
      status: 401,
      reason: 'Unauthorized',
    },
    { name: 'has no secret', body: annaWithoutSecret, status: 401, reason: 'Unauthorized' },
    {
      name: 'has the secret of another tenant',
      body: { ...anna, secret_id: 'the-secret-of-globex' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'has a secret where none is wanted',
      body: { ...anna, client_id: 'page' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'names a user that is not there',
      body: { ...anna, email_id: 'eve@acme.example' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'names a user of another tenant',
      body: { ...anna, email_id: 'anna@globex.example' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'names a user in another case',
      body: { ...anna, email_id: 'Anna@acme.example' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'names a user as administrator who is none',
      path: ADMIN,
      body: { ...anna, email_id: 'bob@acme.example' },
      status: 401,
      reason: 'Unauthorized',
    },
    {
      name: 'comes from a public client for an administrator',
      path: ADMIN,
      body: { ...annaWithoutSecret, client_id: 'page' },
      status: 401,
      reason: 'Unauthorized',
    },
    ...['client_id', 'email_id', 'project_id', 'tenant_id', 'secret_id'].map((name) => ({
      name: `has SQL as ${name}`,
      body: { ...anna, [name]: "x' OR '1'='1' --" },
      status: name === 'email_id' || name === 'secret_id' ? 401 : 404,
      reason: name === 'email_id' || name === 'secret_id' ? 'Unauthorized' : 'Client not found',
    })),
    ...['client_id', 'email_id', 'project_id', 'tenant_id'].map((name) => ({
      name: `has no ${name}`,
      body: { ...anna, [name]: undefined },
      status: 400,
      reason: 'Invalid request payload',
    })),
    ...[
      ['', 'nothing'],
      ['a\u0000b', 'a NUL'],
      ['a\nb', 'a line break'],
      ['x'.repeat(2000), 'too much'],
      [7, 'a number'],
      [null, 'null'],
      [['acme'], 'a list'],
      [{}, 'an object'],
    ].map(([value, what]) => ({
      name: `has ${what} as tenant_id`,
      body: { ...anna, tenant_id: value },
      status: 400,
      reason: 'Invalid request payload',
    })),
    {
      name: 'has a member that is not known',
      body: { ...anna, roles: ['admin'] },
      status: 400,
      reason: 'Invalid request payload',
    },
    {
      name: 'has a member twice',
      body: JSON.stringify(anna).replace('{', '{"tenant_id":"globex",'),
      status: 400,
      reason: 'Invalid request payload',
    },
    {
      name: 'has a lone surrogate',
      body: JSON.stringify({ ...anna, tenant_id: '\ud800' }),
      status: 400,
      reason: 'Invalid request payload',
    },
    { name: 'is a list', body: [anna], status: 400, reason: 'Invalid request payload' },
    { name: 'is no JSON', body: 'client_id=backend', status: 400, reason: 'Invalid request payload' },
    { name: 'is empty', body: '', status: 400, reason: 'Invalid request payload' },
    {
      name: 'is a form',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
      reason: 'Unsupported media type: expected `Content-Type: application/json` in UTF-8',
    },
    {
      name: 'has a query',
      path: `${USER}?tenant_id=acme`,
      body: anna,
      status: 400,
      reason: 'Bad request: expected no query',
    },
    {
      name: 'is too large',
      body: { ...anna, tenant_id: 'x'.repeat(70_000) },
      status: 413,
      reason: 'Payload too large: expected at most 65536 bytes',
    },
  ];

  it.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const answer = await service.post(row.path ?? USER, row.body, row.headers);
    expect({ status: answer.status, reason: answer.body['reason'] }).toEqual({
      status: row.status,
      reason: row.reason,
    });
    expect(answer.headers.get('www-authenticate')).toBe(row.status === 401 ? 'Bearer' : null);
    expect(JSON.stringify(answer.body)).not.toContain(SECRET);
  });

  it('is answered alike for a missing user and a wrong secret', async () => {
    const shape = ({ status, headers, body }: Answer) => ({
      status,
      headers: [...headers].filter(([name]) => !['x-portcullis-id', 'date'].includes(name)),
      body: { ...body, id: null },
    });
    const missing = shape(await service.post(USER, { ...anna, email_id: 'eve@acme.example' }));
    const wrong = shape(await service.post(USER, { ...anna, secret_id: 'wrong-wrong-wrong' }));
    expect(missing).toEqual(wrong);
  });

  it('comes with another method', async () => {
    const answer = await fetch(`${service.url}${USER}`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('the pages of the door that issues tokens', () => {
  const page = async (path: string) => {
    const answer = await fetch(`${service.url}${path}`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it.each(['openid-configuration', 'oauth-authorization-server'])(
    'say who signs and where the keys are, and claim nothing that is not there: %s',
    async (name) => {
      expect(await page(`/.well-known/${name}`)).toEqual({
        status: 200,
        body: {
          issuer: service.url,
          jwks_uri: `${service.url}/.well-known/jwks.json`,
          response_types_supported: ['none'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
        },
      });
    },
  );

  it('describe its endpoints, to programs and to people', async () => {
    const { body } = await page('/openapi.json');
    const paths = Object.keys(Object(body['paths'])).filter((path) => path.startsWith('/auth/'));
    expect(paths).toHaveLength(4);
    const docs = await (await fetch(`${service.url}/docs`)).text();
    for (const path of paths) {
      const [, id = ''] = new RegExp(`<a href="#(\\w+)"><code>POST ${path}</code>`).exec(docs) ?? [];
      expect(docs).toContain(`<h2 id="${id}">`);
    }
    expect(docs).not.toMatch(/<script|<img|<link|src=|https?:| on\w+=| style=/);
  });

  it('count what became of requests, under few labels', async () => {
    const counted = async () => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      const line = (endpoint: string, outcome: string) =>
        Number(
          text
            .split(`portcullis_tokens_total{endpoint="${endpoint}",outcome="${outcome}"} `)[1]
            ?.split('\n')[0] ?? 0,
        );
      return [
        line('auth/user/generateToken', 'issued'),
        line('auth/user/generateToken', 'unauthorized'),
        line('auth/admin/generateToken', 'client_unknown'),
        line('auth/user/oidcToken', 'unauthorized'),
      ];
    };
    const before = await counted();
    await service.post(USER, anna);
    await service.post(USER, { ...anna, secret_id: 'wrong-wrong-wrong' });
    await service.post(ADMIN, { ...anna, client_id: 'client-of-nobody' });
    await service.post('/auth/user/oidcToken', { oidc_token: 'a.b.c' });
    expect(await counted()).toEqual(before.map((each) => each + 1));
    expect(await (await fetch(`${service.url}/metrics`)).text()).not.toMatch(/client-of-nobody|anna/);
  });
});

describe('portcullis token', () => {
  const flags = [
    '--tenant',
    'acme',
    '--project',
    'billing',
    '--client',
    'backend',
    '--email',
    'anna@acme.example',
  ];
  const env = { PORTCULLIS_CLIENT_SECRET: SECRET };

  it.each([
    ['--user', ['support']],
    ['--admin', ['admin']],
  ])('prints a token and nothing else: %s', async (kind, roles) => {
    const { code, stdout, stderr } = await run(['token', kind, '--url', service.url, ...flags], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const answer = { body: { access_token: stdout.trim() } } as unknown as Answer;
    expect(claimsOf(answer)['roles']).toEqual(roles);
  });

  it.each<readonly [string, readonly string[], Record<string, string>, number, RegExp]>([
    [
      'is refused',
      ['--user'],
      { PORTCULLIS_CLIENT_SECRET: 'wrong-wrong-wrong' },
      1,
      /answered 401: Unauthorized \([\w-]+\)$/,
    ],
    ['wants one kind', [], env, 2, /expected either `--user` or `--admin`$/],
    ['wants not both kinds', ['--user', '--admin'], env, 2, /expected either/],
    [
      'sends no secret in the clear',
      ['--user', '--url', 'http://tokens.example'],
      env,
      2,
      /expected `--url` as an https URL/,
    ],
    ['tells that nobody is there', ['--user', '--url', 'http://127.0.0.1:1'], env, 1, /cannot be reached: /],
  ])('%s', async (_what, args, variables, code, message) => {
    const ran = await run(
      ['token', ...args, ...(args.includes('--url') ? [] : ['--url', service.url]), ...flags],
      { env: variables },
    );
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr.trim()).toMatch(message);
    expect(ran.stderr).not.toMatch(/wrong-wrong|correct-horse/);
  });
});

describe('the audit', () => {
  it('has a line of every issue and refusal in one chain, and neither secrets nor tokens', async () => {
    const issued = await service.post(USER, anna);
    const refused = await service.post(USER, {
      ...anna,
      secret_id: 'wrong-wrong-wrong',
      email_id: 'hunter2',
    });
    // The line of a refusal is written some milliseconds after its answer.
    await expect.poll(() => readFileSync(service.audit, 'utf8')).toContain(idOf(refused));
    const text = readFileSync(service.audit, 'utf8');
    const lines = text.trim().split('\n');
    const line = (answer: Answer) => JSON.parse(lines.find((each) => each.includes(idOf(answer))) ?? '{}');
    const common = {
      id: expect.any(String),
      at: expect.any(String),
      ms: expect.any(Number),
      endpoint: 'auth/user/generateToken',
      address: '127.0.0.1',
      prev: expect.any(String),
      hash: expect.any(String),
    };
    const { jti, exp } = claimsOf(issued);
    expect(line(issued)).toEqual({
      ...common,
      event: 'token_issued',
      code: 'issued',
      tenant: 'acme',
      project: 'billing',
      client_id: 'backend',
      sub: 'acme:u-1',
      jti,
      exp: new Date(Number(exp) * 1000).toISOString(),
    });
    expect(line(refused)).toEqual({
      ...common,
      event: 'token_refused',
      code: 'secret_wrong',
      tenant: 'acme',
      project: 'billing',
      client_id: 'backend',
      sub: null,
      jti: null,
      exp: null,
    });
    async function* each() {
      yield* lines;
    }
    expect((await verifyAudit(each())).ok).toBe(true);
    const everything = text + service.running.said() + (await (await fetch(`${service.url}/metrics`)).text());
    for (const secret of [SECRET, 'wrong-wrong-wrong', 'hunter2', String(issued.body['access_token'])]) {
      expect(everything).not.toContain(secret);
    }
  });
});

function idOf(answer: Answer): string {
  return String(answer.headers.get('x-portcullis-id'));
}
