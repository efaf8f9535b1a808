import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/cli/config.ts';
import { idTokenVerifier } from '../../src/cli/id-tokens.ts';
import { parseDirectory } from '../../src/issuer/read-directory.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

it.each([
  [false, /its name leads to an address that is not public/],
  [true, /did not answer|cannot be reached/],
])(
  'issuers of ID tokens in private networks are asked where that is allowed: %s',
  async (allowPrivate, told) => {
    const iss = 'https://id.example';
    const parsed = parseDirectory(`
tenants:
  acme:
    issuers: [{ issuer: ${iss}, audience: web }]
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { backend: {} } } }
`);
    const tenant = parsed.ok ? parsed.directory.tenants.get('acme') : undefined;
    if (!parsed.ok || tenant === undefined) throw new Error('expected the directory');
    const errors: string[] = [];
    const idTokens = idTokenVerifier(parsed.directory, {
      log: { info: () => {}, warn: () => {}, error: (message) => errors.push(message) },
      allowPrivate,
      lookup: (_host, _options, done) => done(null, [{ address: '10.255.255.1', family: 4 }]),
      timeoutMs: 200,
    });
    const token = await issuer.mint({ iss, sub: 'anna', aud: 'web' }, { header: { typ: 'JWT' } });
    expect((await idTokens.verify(token, tenant.issuers)).verified).toBe('unknown');
    expect(errors).toEqual([expect.stringMatching(told)]);
    await idTokens.close();
  },
);

it('`--allow-private-issuers` is about the issuers of ID tokens as well, with `--issuer` or without', () => {
  const flags = { rest: '8080', directory: 'directory.yaml', resource: 'https://proxy.example/v1' };
  const given = readConfig({ ...flags, allowPrivateIssuers: true }, {});
  expect([given.tokens, given.issuer?.allowPrivateIssuers]).toEqual([null, true]);
  expect(readConfig(flags, {}).issuer?.allowPrivateIssuers).toBe(false);
});
