import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fileSecrets } from '../../../src/adapters/secrets/file.ts';
import { type VaultOptions, vaultSecrets } from '../../../src/adapters/secrets/vault.ts';
import type { Client, Secrets } from '../../../src/model/tokens.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { startVault, type TestVault } from '../../support/vault.ts';

const SECRET = 'correct-horse-battery-staple';
const sha256 = createHash('sha256').update(SECRET).digest();
const client: Client = { tenant: 'acme', project: 'billing', id: 'backend', isPublic: false };

const folder = temporaryFolder();
let vault: TestVault;
let clock = 0;
const problems: string[] = [];
const open: Secrets[] = [];

beforeAll(() => {
  process.umask(0o022);
});
beforeEach(async () => {
  vault = await startVault();
  vault.secrets.set('portcullis/acme/billing/backend', { secret: SECRET });
  clock = 0;
  problems.length = 0;
});
afterEach(async () => {
  for (const secrets of open.splice(0)) await secrets.close();
  await vault.close();
});
afterAll(() => folder.remove());

function fromFile(text: string, mode = 0o600): Secrets {
  const file = join(folder.path, 'secrets');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return fileSecrets(file);
}

async function fromVault(over: Partial<VaultOptions> = {}): Promise<Secrets> {
  const secrets = await vaultSecrets({
    url: vault.url,
    auth: { roleId: 'role-1', secretId: 'secret-id-1' },
    namespace: null,
    mount: 'secret',
    prefix: 'portcullis',
    now: () => clock,
    onProblem: (message) => problems.push(message),
    ...over,
  });
  open.push(secrets);
  return secrets;
}

describe.each([
  ['a file', async () => fromFile(`# of acme\nacme/billing/backend ${SECRET}\n\n`)],
  ['Vault', () => fromVault()],
])('secrets in %s', (_name, make) => {
  it.each<readonly [string, Partial<Client>, object]>([
    ['has the one of a client, as its hash', {}, { found: 'secret', sha256 }],
    ['has none of another client', { id: 'other' }, { found: 'none' }],
    ['has none of another case', { tenant: 'Acme' }, { found: 'none' }],
    ['has none of another project', { project: 'shop' }, { found: 'none' }],
  ])('%s', async (_what, over, found) => {
    const secrets = await make();
    const { found: kind, ...rest } = await secrets.of({ ...client, ...over });
    expect({ found: kind, ...('sha256' in rest ? { sha256: Buffer.from(rest.sha256) } : rest) }).toEqual(
      found,
    );
  });
});

describe('a file of secrets', () => {
  it.each([0o640, 0o604, 0o660, 0o777])('is refused where others can reach it: %o', (mode) => {
    expect(() => fromFile(`acme/billing/backend ${SECRET}\n`, mode)).toThrow(
      /for its owner only \(mode 0600\)/,
    );
  });

  it.each([
    ['a line without a secret', 'acme/billing/backend\n', /:1:1 expected `TENANT\/PROJECT\/CLIENT SECRET`$/],
    ['a name of two parts', '\nacme/billing hunter2-hunter2-hunter2\n', /:2:1 expected `TENANT/],
    ['a short secret', 'a/b/c hunter2\n', /:1:1 expected a secret of at least 16 characters$/],
    ['a client twice', 'a/b/c hunter2-hunter2-hunter2\n'.repeat(2), /:2:1 expected each client once$/],
  ])('is refused for %s, which is not repeated', (_what, text, message) => {
    expect(() => fromFile(text)).toThrow(message);
    expect(() => fromFile(text)).not.toThrow(/hunter2/);
  });
});

describe('Vault', () => {
  it('is let in by AppRole, asked once for many, and again when a secret may have changed', async () => {
    const secrets = await fromVault();
    await Promise.all([secrets.of(client), secrets.of(client), secrets.of(client)]);
    const reads = () => vault.asked.filter(({ path }) => path.startsWith('/v1/secret/'));
    expect(reads()).toEqual([
      { method: 'GET', path: '/v1/secret/data/portcullis/acme/billing/backend', token: 'hvs.login-1' },
    ]);
    vault.secrets.set('portcullis/acme/billing/backend', null);
    expect((await secrets.of(client)).found).toBe('secret');
    clock = 10_000;
    expect(await secrets.of(client)).toEqual({ found: 'none' });
    expect(reads()).toHaveLength(2);
  });

  it('is asked with a token and a namespace where these are given', async () => {
    const secrets = await fromVault({ auth: { token: 'hvs.root' }, namespace: 'team-a' });
    await secrets.of(client);
    expect(vault.asked.map(({ token, namespace }) => ({ token, namespace }))).toEqual([
      { token: 'hvs.root', namespace: 'team-a' },
      { token: 'hvs.root', namespace: 'team-a' },
    ]);
  });

  it('renews a lease, and logs in anew where that is refused', async () => {
    vault.leaseS = 0.06;
    await fromVault();
    const seen = async (path: string, times: number) =>
      expect
        .poll(() => vault.asked.filter((each) => each.path === path).length, { timeout: 5000, interval: 5 })
        .toBeGreaterThanOrEqual(times);
    await seen('/v1/auth/token/renew-self', 2);
    vault.isRenewable = false;
    await seen('/v1/auth/approle/login', 2);
    expect(problems).toEqual([]);
  });

  it('logs in once for all requests that meet a token which was taken back', async () => {
    const secrets = await fromVault();
    vault.tokens.clear();
    const others = ['a', 'b', 'c'].map((id) => secrets.of({ ...client, id }));
    expect(await Promise.all(others)).toEqual([{ found: 'none' }, { found: 'none' }, { found: 'none' }]);
    expect(vault.asked.filter(({ path }) => path.endsWith('/login'))).toHaveLength(2);
  });

  it('is asked again where a node does not know of the token yet, and not for ever', async () => {
    const secrets = await fromVault();
    vault.stale = 2;
    expect(await secrets.of(client)).toMatchObject({ found: 'secret' });
    vault.stale = 100;
    const other = { ...client, id: 'other' };
    expect(await secrets.of(other)).toEqual({ found: 'unknown', why: 'Vault answered 412' });
    expect(vault.stale).toBe(96);
  });

  it('that says no, or has no such mount, or does not answer is unknown, never none', async () => {
    const taken = await fromVault({ auth: { token: 'hvs.root' } });
    vault.tokens.clear();
    expect(await taken.of(client)).toEqual({ found: 'unknown', why: 'Vault answered 403' });
    const lost = await fromVault({ mount: 'other' });
    expect(await lost.of(client)).toEqual({ found: 'unknown', why: 'Vault answered 404' });
    await vault.close();
    expect(await taken.of(client)).toEqual({
      found: 'unknown',
      why: expect.stringMatching(/^Vault does not answer \(\w+\)$/),
    });
  });

  it('with a secret that is too short or has another member is unknown', async () => {
    vault.secrets.set('portcullis/acme/billing/backend', { secret: 'short' });
    vault.secrets.set('portcullis/acme/billing/other', { password: SECRET });
    const secrets = await fromVault();
    for (const id of ['backend', 'other']) {
      const found = await secrets.of({ ...client, id });
      expect(found).toEqual({
        found: 'unknown',
        why: 'expected a secret in Vault with a member `secret` of at least 16 characters',
      });
    }
  });

  it.each([
    ['a wrong role', { auth: { roleId: 'role-1', secretId: 'wrong-id' } }, 'Vault answered 400'],
    ['a wrong token', { auth: { token: 'hvs.wrong' } }, 'Vault answered 403'],
    ['nobody there', { url: 'http://127.0.0.1:1' }, 'Vault does not answer'],
  ])('is told of at the start: %s', async (_what, over, message) => {
    await expect(fromVault(over)).rejects.toThrow(message);
    await expect(fromVault(over)).rejects.not.toThrow(/wrong/);
  });
});
