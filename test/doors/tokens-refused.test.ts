import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer } from '../../src/adapters/identity/bearer.ts';
import { openVerifier } from '../../src/adapters/identity/verifier.ts';
import { startIssuer } from '../support/issuer.ts';
import { type RestTestDoor, startRest } from './rest-support.ts';
import { createGuard, INITIALIZE, post, send, startHttp, type TestDoor } from './support.ts';
import { METADATA, openTokens, RESOURCE, type TestTokens, trust } from './token-support.ts';

let tokens: TestTokens;
let http: TestDoor;
let rest: RestTestDoor;

beforeAll(async () => {
  tokens = await openTokens();
  http = await startHttp(tokens.terms());
  rest = await startRest(tokens.terms());
});
afterAll(async () => {
  await Promise.all([http.close(), rest.close()]);
  await tokens.close();
});

describe('protected resource metadata', () => {
  it.each([
    ['MCP at the root', () => http, '/.well-known/oauth-protected-resource'],
    ['MCP at its own path', () => http, '/.well-known/oauth-protected-resource/mcp'],
    ['MCP where the challenge says', () => http, new URL(METADATA).pathname],
    ['REST at the root', () => rest, '/.well-known/oauth-protected-resource'],
    ['REST at its own path', () => rest, '/.well-known/oauth-protected-resource/v1'],
  ])('of %s needs no token', async (_name, door, path) => {
    const answer = await fetch(new URL(path, door().url));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await answer.json()).toEqual({
      resource: RESOURCE,
      resource_name: 'Portcullis',
      authorization_servers: [tokens.issuer.url],
      ...(door() === http ? { bearer_methods_supported: ['header'] } : {}),
    });
    expect((await fetch(new URL(path, door().url), { method: 'POST' })).status).toBe(405);
  });

  it('is not there where no token is demanded', async () => {
    const open = await startHttp();
    expect((await fetch(new URL('/.well-known/oauth-protected-resource', open.url))).status).toBe(404);
    await open.close();
  });
});

describe('scopes', () => {
  it('that a token lacks are 403, with what would do', async () => {
    const [door, restDoor] = [
      await startHttp(tokens.terms(['mcp', 'jwt:read'])),
      await startRest(tokens.terms(['mcp', 'jwt:read'])),
    ];
    const challenge = `Bearer error="insufficient_scope", scope="mcp jwt:read", resource_metadata="${METADATA}"`;
    const [some, all] = [
      await tokens.mint({ sub: 'ann', scope: 'mcp other' }),
      await tokens.mint({ sub: 'ann', scp: ['jwt:read', 'mcp'] }),
    ];
    for (let times = 0; times < 2; times++) {
      const answer = await post(door.url, INITIALIZE, { authorization: `Bearer ${some}` });
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([403, challenge]);
      const other = await send(`${restDoor.url}/api/jwt/public-key`, {
        method: 'GET',
        headers: { 'x-portcullis-authorization': `Bearer ${some}` },
      });
      expect([other.status, other.headers['www-authenticate']]).toEqual([403, challenge]);
      expect(JSON.parse(other.text)).toMatchObject({ code: 'insufficient_scope', retryable: false });
    }
    expect((await post(door.url, INITIALIZE, { authorization: `Bearer ${all}` })).status).toBe(200);
    const asked = await post(door.url, INITIALIZE);
    expect(asked.headers['www-authenticate']).toBe(
      `Bearer scope="mcp jwt:read", resource_metadata="${METADATA}"`,
    );
    await Promise.all([door.close(), restDoor.close()]);
  });
});

describe('an issuer that cannot be reached', () => {
  it('is 503 and neither counted nor recorded', async () => {
    const down = await startIssuer();
    await down.close();
    const alone = trust(down.url);
    const before = tokens.refused.length;
    const guard = createGuard();
    const terms = {
      identify: bearer({
        verifier: openVerifier({ issuers: alone, audiences: [RESOURCE] }),
        scopes: [],
        now: Date.now,
      }),
      tokens: tokens.terms().tokens,
      guard,
    };
    const [door, restDoor] = [await startHttp(terms), await startRest(terms)];
    const token = await down.mint({ sub: 'ann', aud: RESOURCE });
    const answer = await post(door.url, INITIALIZE, { authorization: `Bearer ${token}` });
    expect([answer.status, answer.headers['retry-after'], answer.headers['www-authenticate']]).toEqual([
      503,
      '5',
      undefined,
    ]);
    const other = await send(`${restDoor.url}/api/jwt/public-key`, {
      method: 'GET',
      headers: { 'x-portcullis-authorization': `Bearer ${token}` },
    });
    expect([other.status, JSON.parse(other.text)]).toMatchObject([
      503,
      { code: 'issuer_unavailable', retryable: true },
    ]);
    expect([tokens.refused.length - before, guard.counted]).toEqual([0, []]);
    await Promise.all([door.close(), restDoor.close(), alone.close()]);
  });
});

describe('refused tokens', () => {
  it('are counted by address and recorded; asking without one is counted alone', async () => {
    const guard = createGuard();
    const door = await startHttp({ ...tokens.terms(), guard });
    const before = tokens.refused.length;
    await post(door.url, INITIALIZE);
    await post(door.url, INITIALIZE, { authorization: 'Bearer other' });
    expect(guard.counted).toEqual([
      'failed_authentication 127.0.0.1',
      'failed_authentication 127.0.0.1',
      'recorded_refusal everyone',
    ]);
    expect(tokens.refused.slice(before)).toEqual(['expected a signed JWT of three parts in base64url']);
    await door.close();
  });

  it.each([
    ['too often from one address are 429 and not recorded', 'failed_authentication', 429],
    ['too often from everywhere are 401 and not recorded', 'recorded_refusal', 401],
  ] as const)('%s', async (_name, act, status) => {
    const door = await startHttp({ ...tokens.terms(), guard: createGuard([act]) });
    const before = tokens.refused.length;
    expect((await post(door.url, INITIALIZE, { authorization: 'Bearer other' })).status).toBe(status);
    expect(tokens.refused.length).toBe(before);
    await door.close();
  });
});
