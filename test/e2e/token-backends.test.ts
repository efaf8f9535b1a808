import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import Database from 'libsql';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig, type ServeFlags } from '../../src/cli/config.ts';
import { run, temporaryFolder } from '../support/cli.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { claimsOf, SECRET, startTokens, type TestTokens } from '../support/tokens.ts';
import { startVault, type TestVault } from '../support/vault.ts';

const folder = temporaryFolder();
const DIRECTORY = `
tenants:
  acme:
    admins: [anna@acme.example]
    database: { postgres_url_env: ACME_DATABASE_URL }
    projects: { billing: { clients: { backend: {} } } }
  globex:
    database: { sqlite: ${join(folder.path, 'globex.db')} }
    projects: { billing: { clients: { backend: {} } } }
`;
const USER = '/auth/user/generateToken';

let postgres: TestPostgres;
let vault: TestVault;
let service: TestTokens;
const file = join(folder.path, 'directory.yaml');
const databaseEnv = () => ({ ACME_DATABASE_URL: postgres.url });

beforeAll(async () => {
  [postgres, vault] = await Promise.all([startPostgres(), startVault()]);
  writeFileSync(file, DIRECTORY);
});
afterAll(async () => {
  await service?.stop();
  await Promise.all([postgres.stop(), vault.close()]);
  folder.remove();
});

describe('tenants with databases and secrets in Vault', () => {
  it('are not served before their databases are migrated', async () => {
    const args = ['serve', '--rest', '8080', '--audit', 'off', '--directory', file];
    const env = { ...databaseEnv(), VAULT_ADDR: vault.url, VAULT_TOKEN: 'hvs.root' };
    const { code, stderr } = await run(args, { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /expected a database of version 1; found version 0; `portcullis migrate-directory` applies/,
    );
  });

  it('are migrated by a command, all of them or one', async () => {
    const first = await run(['migrate-directory', file, '--tenant', 'globex'], { env: databaseEnv() });
    expect(first).toEqual({ code: 0, stdout: 'globex: version 0 -> 1\n', stderr: '' });
    const second = await run(['migrate-directory', file], { env: databaseEnv() });
    expect(second).toEqual({ code: 0, stdout: 'acme: version 0 -> 1\nglobex: version 1\n', stderr: '' });
  });

  it('get tokens with what each tenant’s own database says', async () => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(
      "INSERT INTO portcullis_users VALUES ('1', 'anna@acme.example'), ('2', 'bob@acme.example')",
    );
    await client.query("INSERT INTO portcullis_user_roles VALUES ('1', 'support')");
    await client.end();
    const database = new Database(join(folder.path, 'globex.db'));
    database.exec("INSERT INTO portcullis_users (id, email) VALUES ('1', 'anna@globex.example')");
    database.exec("INSERT INTO portcullis_user_scopes VALUES ('1', 'read')");
    database.close();
    vault.secrets.set('portcullis/acme/billing/backend', { secret: SECRET });
    vault.secrets.set('portcullis/globex/billing/backend', { secret: 'the-secret-of-globex' });
    vault.asked.length = 0;
    service = await startTokens(DIRECTORY, {
      env: {
        ...databaseEnv(),
        VAULT_ADDR: vault.url,
        VAULT_ROLE_ID: 'role-1',
        VAULT_SECRET_ID: 'secret-id-1',
        VAULT_NAMESPACE: 'ns',
      },
    });
    const acme = await ask({});
    expect(claimsOf(acme)).toMatchObject({ sub: 'acme:1', roles: ['support'], scope: '' });
    const globex = {
      tenant_id: 'globex',
      email_id: 'anna@globex.example',
      secret_id: 'the-secret-of-globex',
    };
    expect(claimsOf(await ask(globex))).toMatchObject({ sub: 'globex:1', roles: [], scope: 'read' });
    expect((await ask({ secret_id: 'the-secret-of-globex' })).status).toBe(401);
    expect((await ask({ email_id: 'anna@globex.example' })).status).toBe(401);
    expect((await ask({}, '/auth/admin/generateToken')).status).toBe(200);
    expect((await ask({ email_id: 'bob@acme.example' }, '/auth/admin/generateToken')).status).toBe(401);
    expect(vault.asked.every(({ namespace }) => namespace === 'ns')).toBe(true);
  });

  it('are refused in every field what only SQL would understand', async () => {
    for (const name of ['client_id', 'email_id', 'project_id', 'tenant_id', 'secret_id']) {
      const { status } = await ask({ [name]: "x'; DROP TABLE portcullis_users; --" });
      expect([401, 404]).toContain(status);
    }
    expect((await ask({})).status).toBe(200);
  });

  it('are no reason to be ready while Vault is sealed', async () => {
    const ready = async () => {
      const answer = await fetch(`${service.url}/readyz`);
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    expect(await ready()).toEqual({ status: 'ready' });
    vault.isSealed = true;
    await expect
      .poll(ready, { timeout: 5000 })
      .toEqual({ status: 'not ready', reasons: ['the secrets of clients cannot be asked for'] });
    vault.isSealed = false;
    await expect.poll(ready, { timeout: 5000 }).toEqual({ status: 'ready' });
  });

  it('are told 500, and the log why, while a database is away; the other tenant is served', async () => {
    await postgres.kill();
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    const answer = await ask({});
    expect([answer.status, answer.body['reason']]).toEqual([500, 'Failed to generate token']);
    const globex = {
      tenant_id: 'globex',
      email_id: 'anna@globex.example',
      secret_id: 'the-secret-of-globex',
    };
    expect((await ask(globex)).status).toBe(200);
    await service.running.says(/PostgreSQL cannot be asked/);
    expect(service.running.said()).not.toMatch(/postgres:\/\/|correct-horse|secret-id-1|hvs\./);
  });

  function ask(members: object, path = USER) {
    const body = {
      client_id: 'backend',
      email_id: 'anna@acme.example',
      project_id: 'billing',
      secret_id: SECRET,
    };
    return service.post(path, { ...body, tenant_id: 'acme', ...members });
  }
});

describe('a given key', () => {
  it('is shared by proxies, whose tokens are one issuer’s', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const env = { PORTCULLIS_SIGNING_KEY: String(privateKey.export({ format: 'pem', type: 'pkcs8' })) };
    const directory = `
tenants:
  acme:
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { page: { public: true } } } }
`;
    const args = ['--issuer-url', 'https://tokens.example', '--token-audience', 'https://proxy.example/mcp'];
    const [one, other] = await Promise.all([1, 2].map(() => startTokens(directory, { env, args })));
    if (!one || !other) throw new Error('expected two proxies');
    const body = {
      client_id: 'page',
      email_id: 'anna@acme.example',
      project_id: 'billing',
      tenant_id: 'acme',
    };
    const token = String((await one.post(USER, body)).body['access_token']);
    const keys = createRemoteJWKSet(new URL(`${other.url}/.well-known/jwks.json`));
    const terms = { issuer: 'https://tokens.example', audience: 'https://proxy.example/mcp' };
    expect((await jwtVerify(token, keys, terms)).payload.sub).toBe('acme:anna@acme.example');
    await Promise.all([one.stop(), other.stop()]);
  });
});

describe('a setting of the token service', () => {
  const lone = join(folder.path, 'lone.yaml');
  const loose = join(folder.path, 'loose');
  const secrets = join(folder.path, 'secrets');
  beforeAll(() => {
    writeFileSync(lone, 'tenants: { a: { users: {}, projects: { p: { clients: { c: {} } } } } }\n');
    writeFileSync(secrets, '', { mode: 0o600 });
    writeFileSync(loose, 'a/p/c correct-horse-battery-staple\n', { mode: 0o644 });
  });
  const wrong: readonly (readonly [string, ServeFlags, Record<string, string>, RegExp])[] = [
    ['needs the REST door', { http: '9090' }, {}, /expected `--rest` beside `--directory`/],
    ['needs a URL where the port is any', { rest: '0' }, {}, /expected `--issuer-url`/],
    [
      'needs a URL where others reach the door',
      { rest: '0.0.0.0:8080', allowAnonymous: true },
      {},
      /expected `--issuer-url`/,
    ],
    [
      'takes secrets from one place',
      { rest: '8080', clientSecrets: 'x' },
      { VAULT_ADDR: 'http://127.0.0.1:1' },
      /not both/,
    ],
    [
      'needs a way into Vault',
      { rest: '8080' },
      { VAULT_ADDR: 'http://127.0.0.1:1' },
      /expected `VAULT_TOKEN`, or/,
    ],
    [
      'needs both halves of a role',
      { rest: '8080' },
      { VAULT_ADDR: 'http://127.0.0.1:1', VAULT_ROLE_ID: 'r' },
      /expected `VAULT_TOKEN`, or/,
    ],
    [
      'sends no secrets in the clear',
      { rest: '8080' },
      { VAULT_ADDR: 'http://vault.example', VAULT_TOKEN: 'hvs.x' },
      /expected `VAULT_ADDR` as an https URL/,
    ],
  ];

  it.each(wrong)('%s', (_what, flags, env, message) => {
    const read = () => readConfig({ directory: lone, ...flags }, env);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/hunter2|hvs\./);
  });

  const broken: readonly (readonly [string, readonly string[], Record<string, string>, RegExp])[] = [
    [
      'tells that Vault is not there',
      [],
      { VAULT_ADDR: 'http://127.0.0.1:1', VAULT_TOKEN: 'hvs.x' },
      /Vault does not answer/,
    ],
    [
      'refuses a key that is none',
      ['--client-secrets', secrets],
      { PORTCULLIS_SIGNING_KEY: 'hunter2' },
      /the signing keys: expected a private key/,
    ],
    [
      'refuses a file that others can read',
      ['--client-secrets', loose],
      {},
      /for its owner only \(mode 0600\)/,
    ],
  ];

  it.each(broken)('%s', async (_what, args, env, message) => {
    const state = { XDG_STATE_HOME: join(folder.path, 'state') };
    const ran = await run(['serve', '--audit', 'off', '--directory', lone, '--rest', '8080', ...args], {
      env: { ...state, ...env },
    });
    expect(ran.stderr).toMatch(message);
    expect(ran.code).toBe(1);
    expect(ran.stderr).not.toMatch(/hunter2|hvs\.|correct-horse/);
  });

  it('needs secrets for clients that have one', async () => {
    const { code, stderr } = await run(['serve', '--audit', 'off', '--rest', '8080', '--directory', lone]);
    expect(stderr).toBe(
      'portcullis: expected `--client-secrets` or `VAULT_ADDR`: the directory has clients with secrets\n',
    );
    expect(code).toBe(2);
  });

  it('tells every problem of a directory, and exits 3', async () => {
    writeFileSync(file, 'tenants: { a: {} }\n');
    const { code, stderr } = await run(['serve', '--rest', '8080', '--audit', 'off', '--directory', file]);
    expect(code).toBe(3);
    expect(stderr).toBe(
      `${file}:1:15: error: expected \`projects\` in a tenant [missing_key]\n${file}:1:15: error: expected either \`users\` or \`database\` in a tenant [users]\n`,
    );
    const checked = await run(['check-directory', file]);
    expect({ code: checked.code, stdout: checked.stdout }).toEqual({ code: 3, stdout: stderr });
    expect((await run(['check-directory', lone])).code).toBe(0);
    expect((await run(['check-directory', join(folder.path, 'missing')])).code).toBe(2);
  });
});
