import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bearer } from '../../src/adapters/identity/bearer.ts';
import { readIssuer } from '../../src/adapters/identity/trusted-issuer.ts';
import { type Issuers, openIssuers, openVerifier } from '../../src/adapters/identity/verifier.ts';
import { guard } from '../../src/adapters/limits/guard.ts';
import { readObject } from '../../src/pipeline/read-object.ts';
import { INITIALIZE, post, send, startHttp, type TestDoor } from '../doors/support.ts';
import { type RestTestDoor, startRest } from '../doors/rest-support.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { AUDIENCE, type Keys, makeToken, publishKeys, type TokenAttack } from './make-token.ts';

const rows: readonly TokenAttack[] = parse(readFileSync(new URL('./tokens.yaml', import.meta.url), 'utf8'));

let issuer: TestIssuer;
let keys: Keys;
let issuers: Issuers;
let http: TestDoor;
let rest: RestTestDoor;
const refused: string[] = [];

beforeAll(async () => {
  issuer = await startIssuer();
  keys = await publishKeys(issuer);
  const read = readIssuer(issuer.url);
  if (!read.ok) throw new Error(read.expected);
  issuers = openIssuers({ issuers: [read.issuer], readObject });
  const identify = bearer({
    verifier: openVerifier({ issuers, audiences: [AUDIENCE] }),
    scopes: [],
    now: Date.now,
  });
  const onRefused = (why: string) => refused.push(why);
  const tokens = { resource: AUDIENCE, issuers: [issuer.url], scopes: [], onRefused };
  const patient = guard({ failed_authentication: 100_000, recorded_refusal: 100_000 });
  http = await startHttp({ identify, tokens, guard: patient });
  rest = await startRest({ identify, tokens, guard: patient });
});
afterAll(async () => {
  await Promise.all([http.close(), rest.close()]);
  await Promise.all([issuers.close(), issuer.close()]);
});

describe('a token', () => {
  it.each(rows.map((row) => [row.attack, row] as const))('%s', async (_attack, row) => {
    const token = makeToken(row, issuer, keys);
    const before = refused.length;
    const answers = [
      await post(http.url, INITIALIZE, { authorization: `Bearer ${token}` }),
      await send(`${rest.url}/api/jwt/public-key`, {
        method: 'GET',
        headers: { accept: '*/*', 'x-portcullis-authorization': `Bearer ${token}` },
      }),
    ];
    for (const { status, headers, text } of answers) {
      if (row.why === undefined) {
        expect({ status, text }).toMatchObject({ status: 200 });
        continue;
      }
      expect({ status, text }).toMatchObject({
        status: 401,
        text: expect.stringContaining(row.why.replaceAll('"', '\\"')),
      });
      expect(headers['www-authenticate']).toBe(
        'Bearer error="invalid_token", resource_metadata="https://proxy.example/.well-known/oauth-protected-resource/mcp"',
      );
      for (const part of token.split('.').filter(({ length }) => length > 8))
        expect(text).not.toContain(part);
    }
    expect(refused.length - before).toBe(row.why === undefined ? 0 : 2);
  });

  it('that is refused makes no call, and the whole table asks the issuer a handful of times', () => {
    expect(http.gate.calls).toEqual([]);
    expect(rest.calls).toHaveLength(rows.filter(({ why }) => why === undefined).length);
    expect(issuer.asked.length).toBeLessThanOrEqual(6);
    expect(new Set(issuer.asked)).toEqual(new Set(['/.well-known/openid-configuration', '/jwks.json']));
  });
});
