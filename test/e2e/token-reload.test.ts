import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimsOf, SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

const OTHER_SECRET = 'another-secret-of-this-client';
const directoryOf = (users: string, roles = 'support') => `
token_lifetime: 600
tenants:
  acme:
    users: { anna@acme.example: { roles: [${roles}] }${users} }
    projects: { billing: { clients: { backend: {} } } }
`;

let service: TestTokens;
beforeAll(async () => {
  service = await startTokens(directoryOf(''), { secrets: `acme/billing/backend ${SECRET}\n` });
});
afterAll(() => service.stop());

function ask(over: object = {}) {
  return service.post('/auth/user/generateToken', {
    client_id: 'backend',
    email_id: 'anna@acme.example',
    project_id: 'billing',
    tenant_id: 'acme',
    secret_id: SECRET,
    ...over,
  });
}

const write = (name: string, text: string) => writeFileSync(join(service.folder, name), text);
const status = async (over?: object) => (await ask(over)).status;

describe('a directory that changes', () => {
  it('counts from then on', async () => {
    const bob = { email_id: 'bob@acme.example' };
    expect(await status(bob)).toBe(401);
    write('directory.yaml', directoryOf(', bob@acme.example: {}', 'boss'));
    await service.running.says(/directory reloaded/);
    expect(await status(bob)).toBe(200);
    expect(claimsOf(await ask())['roles']).toEqual(['boss']);
  });

  it.each([
    ['has errors', 'tenants: { acme: { users: 7 } }\n', /directory\.yaml:1:\d+/],
    [
      'names a database that is not there',
      'tenants: { acme: { database: { sqlite: missing.db }, projects: { billing: { clients: { backend: {} } } } } }\n',
      /there is no SQLite file/,
    ],
  ])('is refused where it %s, and the one before stays', async (_what, text, why) => {
    write('directory.yaml', text);
    await service.running.says(why);
    expect(service.running.said()).toMatch(
      /the changed directory was refused; the one before stays in force/,
    );
    expect(claimsOf(await ask())['roles']).toEqual(['boss']);
  });

  it('counts again once it is mended', async () => {
    write('directory.yaml', directoryOf('', 'mended'));
    await expect.poll(async () => claimsOf(await ask())['roles'], { timeout: 5000 }).toEqual(['mended']);
  });
});

describe('secrets that change', () => {
  it('count from then on, and those before no more', async () => {
    write('secrets', `acme/billing/backend ${OTHER_SECRET}\n`);
    await service.running.says(/secrets reloaded/);
    expect(await status()).toBe(401);
    expect(await status({ secret_id: OTHER_SECRET })).toBe(200);
  });

  it('are refused where others can read them, or they are none, and those before stay', async () => {
    chmodSync(join(service.folder, 'secrets'), 0o644);
    await service.running.says(
      /for its owner only \(mode 0600\); others can reach it; the secrets before stay in force/,
    );
    chmodSync(join(service.folder, 'secrets'), 0o600);
    write('secrets', 'acme/billing/backend short\n');
    await service.running.says(
      /expected a secret of at least 16 characters; the secrets before stay in force/,
    );
    expect(await status({ secret_id: OTHER_SECRET })).toBe(200);
    expect(service.running.said()).not.toMatch(/another-secret|correct-horse|backend short/);
  });
});
