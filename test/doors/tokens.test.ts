import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modern, modernCall, postModern } from './modern-support.ts';
import { type RestTestDoor, sendRaw, startRest } from './rest-support.ts';
import {
  type Answer,
  type Headers,
  INITIALIZE,
  openRaw,
  openSession,
  post,
  send,
  startHttp,
  type TestDoor,
} from './support.ts';
import { METADATA, openTokens, type TestTokens } from './token-support.ts';

const NO_TOKEN = `Bearer resource_metadata="${METADATA}"`;
const BAD_TOKEN = `Bearer error="invalid_token", resource_metadata="${METADATA}"`;

let tokens: TestTokens;
let http: TestDoor;
let rest: RestTestDoor;
let ann: string;

beforeAll(async () => {
  tokens = await openTokens();
  http = await startHttp(tokens.terms());
  rest = await startRest(tokens.terms());
  ann = await tokens.mint({ sub: 'ann', tenant: 'acme' });
});
afterAll(async () => {
  await Promise.all([http.close(), rest.close()]);
  await tokens.close();
});

describe('a token is taken from one header only', () => {
  const MCP = 'POST /mcp';
  const REST = 'GET /v1/api/jwt/public-key';
  /** The request line, headers, and the challenge; null where the request is taken. TOKEN stands for a good token. */
  const rows: readonly (readonly [string, string, readonly string[], string | null])[] = [
    ['MCP takes it from Authorization', MCP, ['Authorization: Bearer TOKEN'], null],
    ['in any spelling of the scheme', MCP, ['Authorization: bEARER TOKEN'], null],
    ['REST takes it from its own header', REST, ['X-Portcullis-Authorization: Bearer TOKEN'], null],
    [
      'and leaves Authorization to FusionAuth',
      REST,
      ['X-Portcullis-Authorization: Bearer TOKEN', 'Authorization: Bearer other'],
      null,
    ],
    ['none at MCP', MCP, [], NO_TOKEN],
    ['none at REST', REST, [], NO_TOKEN],
    ['in the header of the other door: MCP', MCP, ['X-Portcullis-Authorization: Bearer TOKEN'], NO_TOKEN],
    ['in the header of the other door: REST', REST, ['Authorization: Bearer TOKEN'], NO_TOKEN],
    ['in the query of MCP', `${MCP}?access_token=TOKEN`, [], NO_TOKEN],
    ['in the query of REST', `${REST}?access_token=TOKEN`, [], NO_TOKEN],
    [
      'in the query, beside a bad one in the header',
      `${MCP}?access_token=TOKEN`,
      ['Authorization: Bearer other'],
      BAD_TOKEN,
    ],
    ['in a cookie', MCP, ['Cookie: access_token=TOKEN; Authorization=Bearer TOKEN'], NO_TOKEN],
    [
      'in a header of a proxy',
      MCP,
      ['X-Forwarded-Authorization: Bearer TOKEN', 'X-Original-Authorization: Bearer TOKEN'],
      NO_TOKEN,
    ],
    ['without a scheme', MCP, ['Authorization: TOKEN'], NO_TOKEN],
    ['as DPoP', MCP, ['Authorization: DPoP TOKEN'], NO_TOKEN],
    ['as JWT, the older word of FusionAuth', MCP, ['Authorization: JWT TOKEN'], NO_TOKEN],
    ['as Basic', MCP, ['Authorization: Basic TOKEN'], NO_TOKEN],
    ['as a second of two in one header', MCP, ['Authorization: Bearer other, Bearer TOKEN'], NO_TOKEN],
    ['as a first of two in one header', MCP, ['Authorization: Bearer TOKEN,Bearer other'], NO_TOKEN],
    ['with words behind it', MCP, ['Authorization: Bearer TOKEN realm'], NO_TOKEN],
    ['in quotes', MCP, ['Authorization: Bearer "TOKEN"'], BAD_TOKEN],
    ['with nothing', MCP, ['Authorization: Bearer'], NO_TOKEN],
  ];

  it.each(rows)('%s', async (_name, line, headers, challenge) => {
    const body = JSON.stringify(INITIALIZE);
    const filled = [line, ...headers].map((text) => text.replaceAll('TOKEN', ann));
    const isMcp = line.startsWith('POST');
    const shape = isMcp
      ? ['Accept: application/json, text/event-stream', 'Content-Type: application/json']
      : [];
    const answer = await sendRaw(isMcp ? http.port : rest.port, filled[0] ?? '', {
      headers: [...shape, ...filled.slice(1)],
      body: isMcp ? body : '',
    });
    expect({ status: answer.status, challenge: answer.headers['www-authenticate'] ?? null }).toEqual({
      status: challenge === null ? 200 : 401,
      challenge,
    });
    expect(answer.text).not.toContain(ann.split('.')[2]);
  });

  it.each([
    ['Authorization at MCP', 'POST /mcp', 'Authorization'],
    ['its own header at REST', 'GET /v1/api/jwt/public-key', 'X-Portcullis-Authorization'],
  ])('twice is 400, also where both are good: %s', async (_name, line, header) => {
    const port = line.startsWith('POST') ? http.port : rest.port;
    const answer = await sendRaw(port, line, {
      headers: [`${header}: Bearer ${ann}`, `${header}: Bearer ${ann}`],
    });
    expect(answer.status).toBe(400);
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', 'access_token=TOKEN'],
    ['JSON', 'application/json', '{"access_token":"TOKEN"}'],
  ])('not from a body that is %s, which is not waited for', async (_name, type, body) => {
    for (const door of [http, rest]) {
      const client = await openRaw(door.port);
      const path = door === http ? '/mcp' : '/v1/api/jwt/refresh';
      const sent = body.replace('TOKEN', ann);
      client.socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${sent.length + 1}\r\n\r\n${sent}`,
      );
      await client.hears('HTTP/1.1 401');
      expect(client.heard()).toContain(NO_TOKEN);
      client.socket.destroy();
    }
  });
});

describe('every kind of request to MCP', () => {
  const KINDS: readonly (readonly [string, (headers: Headers) => Promise<Answer>])[] = [
    ['initialize', (headers) => post(http.url, INITIALIZE, headers)],
    ['a notification', (headers) => post(http.url, { jsonrpc: '2.0', method: 'x' }, headers)],
    ['GET', (headers) => send(http.url, { method: 'GET', headers })],
    ['DELETE', (headers) => send(http.url, { method: 'DELETE', headers })],
    ['a call of 2026-07-28', (headers) => postModern(http.url, modernCall(1, 'echo'), headers)],
    ['tools/list of 2026-07-28', (headers) => postModern(http.url, modern(1, 'tools/list'), headers)],
    ['server/discover', (headers) => postModern(http.url, modern(1, 'server/discover'), headers)],
    ['subscriptions/listen', (headers) => postModern(http.url, modern(1, 'subscriptions/listen'), headers)],
  ];

  it.each(KINDS)('%s is 401 without a good token, and told where tokens are had', async (_name, ask) => {
    const calls = http.gate.calls.length;
    for (const [headers, challenge] of [
      [{}, NO_TOKEN],
      [{ authorization: 'Bearer other' }, BAD_TOKEN],
    ] as const) {
      const answer = await ask(headers);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, challenge]);
    }
    expect(http.gate.calls.length).toBe(calls);
    expect((await ask({ authorization: `Bearer ${ann}` })).status).not.toBe(401);
  });

  it('a call of 2026-07-28 is of the identity of its token', async () => {
    const bearer = { authorization: `Bearer ${ann}` };
    expect((await postModern(http.url, modernCall(1, 'echo'), bearer)).status).toBe(200);
    expect(http.gate.calls.at(-1)?.caller).toMatchObject({
      identity: { sub: 'ann', tenant: 'acme' },
      session: null,
    });
  });
});

describe('a session over HTTP', () => {
  const others: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['another sub', { sub: 'bob', tenant: 'acme' }],
    ['the same sub in another tenant', { sub: 'ann', tenant: 'other' }],
    ['the same sub in a tenant in capitals', { sub: 'ann', tenant: 'Acme' }],
    ['the same sub without a tenant', { sub: 'ann' }],
    ['a client of that name', { client_id: 'ann', tenant: 'acme' }],
    ['a sub in capitals', { sub: 'Ann', tenant: 'acme' }],
    ['a sub in another Unicode form', { sub: 'a\u030Ann', tenant: 'acme' }],
    ['a sub that pretends to be more', { sub: 'ann","sub"', tenant: 'acme' }],
  ];

  it.each(others)('is not there for %s', async (_name, claims) => {
    const session = await openSession(http.url, { authorization: `Bearer ${ann}` });
    const other = { ...session, authorization: `Bearer ${await tokens.mint(claims)}` };
    for (const answer of [
      await post(http.url, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, other),
      await send(http.url, { method: 'GET', headers: other }),
      await send(http.url, { method: 'DELETE', headers: other }),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect((await post(http.url, { jsonrpc: '2.0', id: 1, method: 'ping' }, session)).status).toBe(200);
  });

  it('goes on with a new token of the same identity, and ends with none', async () => {
    const session = await openSession(http.url, { authorization: `Bearer ${ann}` });
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
    const renewed = await tokens.mint({ sub: 'ann', tenant: 'acme', roles: ['support'] });
    expect((await post(http.url, ping, { ...session, authorization: `Bearer ${renewed}` })).status).toBe(200);
    expect((await post(http.url, ping, { ...session, authorization: 'Bearer other' })).status).toBe(401);
    const { authorization: _, ...bare } = session;
    expect((await post(http.url, ping, bare)).status).toBe(401);
  });
});
