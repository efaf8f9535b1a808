import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServeFlags } from '../../src/cli/config.ts';
import { serve } from '../../src/cli/serve.ts';
import { run, start, temporaryFolder } from '../support/cli.ts';
import { stdioAgent } from '../support/clients.ts';
import { JWKS, startIssuer, type TestIssuer } from '../support/issuer.ts';
import { writePolicy } from '../support/policies.ts';

const RESOURCE = 'https://proxy.example/mcp';
const KEY = 'fusionauth-retrievejwtpublickey';
const folder = temporaryFolder();
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(async () => {
  await issuer.close();
  folder.remove();
});

const STDIO = ['serve', '--sandbox', '--audit', 'off', '--resource', RESOURCE];

describe('serve does not start', () => {
  const door = { http: '0', resource: RESOURCE };
  const https = ['https://id.example'];
  const rows: readonly (readonly [string, ServeFlags, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'an issuer over plain http',
      { ...door, issuer: ['http://id.example'] },
      {},
      /expected `--issuer` as an https URL/,
    ],
    [
      'an issuer with a password',
      { ...door, issuer: ['https://u:hidden@id.example'] },
      {},
      /expected `--issuer` as an https URL/,
    ],
    [
      'an issuer of the same name as the local user',
      { ...door, issuer: ['local=https://id.example/jwks'] },
      {},
      /other than `local`/,
    ],
    [
      'an issuer from the environment that is none',
      door,
      { PORTCULLIS_ISSUER: 'https://id.example,acme' },
      /expected `--issuer`/,
    ],
    [
      'an issuer twice',
      { ...door, issuer: [...https, 'https://id.example=https://id.example/keys'] },
      {},
      /is there twice/,
    ],
    [
      'a resource that is no URL',
      { http: '0', issuer: https, resource: 'proxy' },
      {},
      /expected `--resource`/,
    ],
    [
      'a resource with a fragment',
      { http: '0', issuer: https, resource: `${RESOURCE}#x` },
      {},
      /expected `--resource`/,
    ],
    [
      'a resource that cannot be derived from port 0',
      { http: '0', issuer: https },
      {},
      /expected `--resource`: by which URL/,
    ],
    [
      'a resource that cannot be derived from all addresses',
      { rest: '0.0.0.0:8080', issuer: https },
      {},
      /expected `--resource`: by which URL/,
    ],
    [
      'a scope that is two',
      { ...door, issuer: https, requiredScope: ['a b'] },
      {},
      /`--required-scope` as one scope/,
    ],
    [
      'an audience with a line break',
      { ...door, issuer: https, audience: ['a\nb'] },
      {},
      /`--audience` as visible ASCII/,
    ],
    [
      'tokens and anonymous callers',
      { ...door, issuer: https, allowAnonymous: true },
      {},
      /`--issuer` or `--allow-anonymous`, not both/,
    ],
    ['a resource without an issuer', door, {}, /expected `--issuer` beside `--resource`/],
    [
      'the rest without an issuer',
      { http: '0', requiredScope: ['a'], audience: ['b'], allowPrivateIssuers: true },
      {},
      /beside `--audience`, `--required-scope`, `--allow-private-issuers`/,
    ],
    [
      'an issuer without anybody who would bring a token',
      { issuer: https },
      {},
      /expected `--http`, `--rest` or `PORTCULLIS_TOKEN` beside `--issuer`/,
    ],
    [
      'a token that nobody can verify',
      {},
      { PORTCULLIS_TOKEN: 'hidden' },
      /expected `--issuer` beside `PORTCULLIS_TOKEN`/,
    ],
    [
      'a token that is for anybody',
      { issuer: https },
      { PORTCULLIS_TOKEN: 'hidden' },
      /expected `--resource` or `--audience`/,
    ],
    [
      'a token file that is not there',
      { issuer: https, audience: ['x'] },
      { PORTCULLIS_TOKEN_FILE: '/nowhere' },
      /cannot read `PORTCULLIS_TOKEN_FILE`/,
    ],
  ];

  it.each(rows)('with %s', async (_name, flags, env, says) => {
    const error: unknown = await serve({ sandbox: true, audit: 'off', ...flags }, env, '0').catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 2, message: expect.stringMatching(says) });
    expect(String(error)).not.toMatch(/hidden|\n/);
  });
});

describe('stdio with a token', () => {
  const refusals: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    [
      'that has expired',
      () => issuer.mint({ sub: 'ann', aud: RESOURCE, exp: 1 }),
      /is refused: the token has expired/,
    ],
    [
      'for another audience',
      () => issuer.mint({ sub: 'ann', aud: 'other' }),
      /is refused: the token is for another audience/,
    ],
    [
      'with claims of a wrong type',
      () => issuer.mint({ sub: 'ann', aud: RESOURCE, roles: 'admin' }),
      /is refused: expected `roles` as a list/,
    ],
  ];

  it.each(refusals)('%s does not start', async (_name, mint, says) => {
    const token = await mint();
    const ran = await run([...STDIO, '--issuer', issuer.url], { env: { PORTCULLIS_TOKEN: token } });
    expect(ran).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(says) });
    expect(ran.stderr).not.toContain(token.slice(-20));
  });

  it('whose issuer cannot be reached does not start, and that is no wrong usage', async () => {
    const down = await startIssuer();
    await down.close();
    const token = await down.mint({ sub: 'ann', aud: RESOURCE });
    const ran = await run([...STDIO, '--issuer', down.url], { env: { PORTCULLIS_TOKEN: token } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/the keys of its issuer cannot be had now\n$/);
    expect(ran.stderr).toMatch(
      /the keys of the issuer http:\S+ cannot be had: its discovery document: it cannot be reached/,
    );
  });

  it('is the caller that the policy judges and the audit names', async () => {
    const policy = writePolicy(
      folder.path,
      'default: deny\nlist: callable\ngrants: [{ to: [{ path: identity.roles, op: contains, value: support }], tools: [retrieveJwtPublicKey] }]\ntools: { retrieveJwtPublicKey: {} }\n',
    );
    const audit = join(folder.path, 'audit.jsonl');
    const file = join(folder.path, 'token');
    const claims = { sub: 'ann', tenant: 'acme', client_id: 'desk', aud: RESOURCE, roles: ['support'] };
    writeFileSync(file, `${await issuer.mint(claims)}\n`);
    const args = ['serve', '--sandbox', '--policy', policy, '--audit', audit, '--audience', RESOURCE];
    const agent = await stdioAgent([...args, '--issuer', `${issuer.url}=${issuer.url}${JWKS}`], {
      PORTCULLIS_TOKEN_FILE: file,
    });
    expect((await agent.client.listTools()).tools.map(({ name }) => name)).toEqual([KEY]);
    expect((await agent.call(KEY, {})).isError).toBe(false);
    await agent.close();
    const [record] = readFileSync(audit, 'utf8').split('\n');
    expect(JSON.parse(record ?? '')).toMatchObject({
      code: 'allowed',
      caller: { sub: 'ann', client_id: 'desk', tenant: 'acme' },
    });
  });

  it('that expires ends the process, and no call is taken after', async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await issuer.mint({ sub: 'ann', aud: RESOURCE, exp: now + 5 });
    const proxy = start([...STDIO, '--issuer', issuer.url], { PORTCULLIS_TOKEN: token });
    const ended = new Promise<number | null>((done) => proxy.child.once('close', done));
    await proxy.says(/on stdio/);
    expect(await ended).toBe(1);
    expect(proxy.said()).toContain('the token in `PORTCULLIS_TOKEN` has expired; start again with a new one');
  });
});

describe('what serve says of callers', () => {
  const needs =
    'default: deny\ngrants: [{ to: [{ path: identity.roles, op: contains, value: x }], tools: [retrieveJwtPublicKey] }]\ntools: { retrieveJwtPublicKey: { rules: [{ rate_limit: { max: 1, window: 1h, per: tenant } }] } }\n';
  const rows: readonly (readonly [string, readonly string[], RegExp, RegExp])[] = [
    [
      'HTTP without tokens',
      ['--http', '0'],
      /asks for identity\.roles, which HTTP callers without tokens do not have.*\n.*limits per tenant, which HTTP callers without tokens do not have/,
      /local user/,
    ],
    [
      'stdio without a token',
      ['--http', '0', '--stdio', '--issuer', 'ISSUER', '--resource', RESOURCE],
      /asks for identity\.roles, which the local user over stdio does not have/,
      /HTTP callers without|not identified/,
    ],
    [
      'tokens at every door',
      ['--http', '0', '--issuer', 'ISSUER', '--resource', RESOURCE],
      /; HTTP callers bring tokens of http:/,
      /asks for|limits per tenant|not identified/,
    ],
  ];

  it.each(rows)('%s', async (_name, flags, says, saysNot) => {
    const policy = writePolicy(folder.path, needs);
    const args = ['serve', '--sandbox', '--audit', 'off', '--policy', policy];
    const proxy = start([...args, ...flags.map((flag) => flag.replace('ISSUER', issuer.url))]);
    await proxy.says(/limits are kept in memory/);
    await proxy.stop();
    expect(proxy.said()).toMatch(says);
    expect(proxy.said()).not.toMatch(saysNot);
  });

  it('listens beyond loopback where tokens are demanded', async () => {
    const proxy = start([
      'serve',
      '--sandbox',
      '--audit',
      'off',
      '--http',
      '0.0.0.0:0',
      '--issuer',
      issuer.url,
      '--resource',
      RESOURCE,
    ]);
    const [, port] = await proxy.says(/http:\/\/0\.0\.0\.0:(\d+)\/mcp/);
    expect((await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST' })).status).toBe(401);
    expect(await proxy.stop()).toBe(0);
  });
});
