import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { guard } from '../../src/adapters/limits/guard.ts';
import { once } from '../../src/adapters/limits/once.ts';
import type { TokenPorts } from '../../src/issuer/ports.ts';
import { parseDirectory } from '../../src/issuer/read-directory.ts';
import { tokenService } from '../../src/issuer/token-service.ts';
import type { Directory, Granted, Person, TokenRecord } from '../../src/model/tokens.ts';

const SECRET = 'correct-horse-battery-staple';
const anna: Person = {
  id: 'u-1',
  email: 'anna@acme.example',
  roles: ['r'],
  scopes: ['s'],
  groups: [],
  resources: [],
};
const body = {
  client_id: 'backend',
  email_id: anna.email,
  project_id: 'billing',
  secret_id: SECRET,
  tenant_id: 'acme',
};

function directory(): Directory {
  const parsed = parseDirectory(`
tenants:
  acme:
    issuers: [{ issuer: https://id.example, audience: web }]
    admins: [anna@acme.example]
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { backend: {}, page: { public: true } } } }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.directory;
}

/** A service whose surroundings are as a test says, and what it did to them. */
function service(over: Partial<TokenPorts> = {}) {
  const records: TokenRecord[] = [];
  const faults: string[] = [];
  const asked: string[] = [];
  const note = <T>(what: string, value: T): T => {
    asked.push(what);
    return value;
  };
  let id = 0;
  const known = directory();
  const ports: TokenPorts = {
    directory: () => known,
    people: { find: async () => note('people', { found: 'person', person: anna }) },
    secrets: {
      of: async () =>
        note('secrets', { found: 'secret', sha256: createHash('sha256').update(SECRET).digest() }),
      close: async () => {},
    },
    signer: {
      algorithm: 'ES256',
      sign: async (claims) => note('sign', JSON.stringify(claims)),
      verify: async () => ({ tenant: 'acme', project: 'billing', client_id: 'backend' }),
      jwks: async () => ({ keys: [] }),
    },
    verifyIdToken: async () => ({
      verified: true,
      issuer: 'https://id.example',
      claims: { email: anna.email, email_verified: true, exp: 300 },
    }),
    once: once(),
    guard: guard(),
    audit: {
      intent: async (record) => {
        records.push(record);
        return true;
      },
      write: (record) => void records.push(record),
    },
    newId: () => `id-${++id}`,
    now: () => 0,
    elapsed: () => 0,
    onFault: (_id, fault) => faults.push(fault instanceof Error ? fault.message : String(fault)),
    ...over,
  };
  const tokens = tokenService({ issuer: 'https://tokens.example', audience: 'https://proxy.example' }, ports);
  const generate = (members: object = {}, kind: 'user' | 'admin' = 'user', address = '192.0.2.1') =>
    tokens.generate({ kind, address, body: { value: { ...body, ...members }, faults: [] } });
  const exchange = (kind: 'user' | 'admin' = 'user') =>
    tokens.exchange({
      kind,
      address: '192.0.2.1',
      authorization: 'Bearer own',
      body: { value: { oidc_token: 'a.b.c' }, faults: [] },
    });
  return { generate, exchange, records, faults, asked };
}

describe('a request for a token', () => {
  it.each<readonly [string, object, 'user' | 'admin', readonly string[]]>([
    ['of an unknown client asks nobody', { client_id: 'other' }, 'user', []],
    ['with a wrong secret does not look for its user', { secret_id: 'wrong' }, 'user', ['secrets']],
    ['without a secret does not ask for the right one', { secret_id: undefined }, 'user', []],
    [
      'of a public client for an administrator asks nobody',
      { client_id: 'page', secret_id: undefined },
      'admin',
      [],
    ],
    ['that may be asks in this order', {}, 'user', ['secrets', 'people', 'sign']],
  ])('%s', async (_what, members, kind, expected) => {
    const tried = service();
    await tried.generate(members, kind);
    expect(tried.asked).toEqual(expected);
    expect(tried.records).toHaveLength(1);
  });

  it('counts against its address, whatever it names', async () => {
    const { generate } = service({ guard: guard({ token_request: 2 }) });
    const ended = async (...args: Parameters<typeof generate>) => (await generate(...args)).ended;
    expect(await ended({ client_id: 'a' })).toBe('client_unknown');
    expect(await ended({ client_id: 'b' })).toBe('client_unknown');
    expect(await ended()).toBe('too_many');
    expect(await ended({}, 'user', '198.51.100.7')).toBe('issued');
  });

  it('counts against its client, wherever it comes from', async () => {
    const { generate, records } = service({ guard: guard({ token_request: 2 }) });
    const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    const ended = await Promise.all(addresses.map(async (each) => (await generate({}, 'user', each)).ended));
    expect(ended).toEqual(['issued', 'issued', 'too_many']);
    expect(records.map(({ code }) => code).toSorted()).toEqual(['issued', 'issued', 'too_many_requests']);
  });

  it('that fails too often is told to wait', async () => {
    const { generate } = service({ guard: guard({ failed_authentication: 1 }) });
    expect((await generate({ secret_id: 'wrong' })).ended).toBe('unauthorized');
    expect((await generate({ secret_id: 'wrong' })).ended).toBe('too_many');
  });
});

describe('no token is given out', () => {
  const unknown = { found: 'unknown', why: 'it does not answer' } as const;
  const rows: readonly (readonly [string, Partial<TokenPorts>, string])[] = [
    [
      'where its line cannot be written',
      { audit: { intent: async () => false, write: () => {} } },
      'the audit cannot be written, so no token was given out',
    ],
    [
      'where secrets do not answer',
      { secrets: { of: async () => unknown, close: async () => {} } },
      'it does not answer',
    ],
    ['where users do not answer', { people: { find: async () => unknown } }, 'it does not answer'],
    [
      'for a user whom a database gave the role of admin tokens',
      { people: { find: async () => ({ found: 'person', person: { ...anna, roles: ['admin'] } }) } },
      'what the user may do does not fit a token, or has the role or scope of admin tokens',
    ],
    [
      'for a scope that would be two',
      { people: { find: async () => ({ found: 'person', person: { ...anna, scopes: ['a admin'] } }) } },
      'what the user may do does not fit a token, or has the role or scope of admin tokens',
    ],
    [
      'that fits no header',
      {
        people: {
          find: async () => ({
            found: 'person',
            person: { ...anna, groups: Array.from({ length: 900 }, (_, i) => `group-with-a-long-name-${i}`) },
          }),
        },
      },
      'the token would have more than 16384 characters',
    ],
    ['where a part breaks', { people: { find: async () => Promise.reject(new Error('a bug')) } }, 'a bug'],
  ];

  it.each(rows)('%s', async (_what, over, fault) => {
    const { generate, faults } = service(over);
    expect(await generate()).toEqual({ id: 'id-1', ended: 'failed' });
    expect(faults).toEqual([fault]);
  });

  it('for a user whom a database finds under another email', async () => {
    const person = { ...anna, email: 'ANNA@acme.example' };
    const { generate, records } = service({ people: { find: async () => ({ found: 'person', person }) } });
    expect((await generate()).ended).toBe('unauthorized');
    expect(records.map(({ code }) => code)).toEqual(['user_unknown']);
  });

  it('to administer, for a user whom the directory does not mark so', async () => {
    const person = { ...anna, email: 'bob@acme.example' };
    const { generate, records } = service({ people: { find: async () => ({ found: 'person', person }) } });
    expect((await generate({ email_id: person.email }, 'admin')).ended).toBe('unauthorized');
    expect(records.map(({ code }) => code)).toEqual(['not_admin']);
  });

  it('for a client token whose client is no longer there', async () => {
    const signer = {
      algorithm: 'ES256',
      sign: async () => '',
      verify: async () => ({ tenant: 'acme', project: 'billing', client_id: 'gone' }),
      jwks: async () => ({}),
    };
    const { exchange, records } = service({ signer });
    expect((await exchange()).ended).toBe('unauthorized');
    expect(records.map(({ code }) => code)).toEqual(['client_token_invalid']);
  });
});

describe('what may be used once', () => {
  it('may be used again when it is over, and nothing new while too much is remembered', () => {
    const { take } = once(2);
    expect([take('a', 10, 0), take('a', 10, 9), take('b', 20, 0), take('c', 10, 0)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect([take('a', 30, 10), take('b', 20, 10), take('c', 30, 10)]).toEqual([true, false, false]);
    expect(take('c', 40, 20)).toBe(true);
  });
});

it('an issued token is what the answer says', async () => {
  const { generate } = service();
  const granted: Granted = await generate();
  expect(granted).toEqual({ id: 'id-1', ended: 'issued', lifetimeS: 3600, token: expect.any(String) });
});
