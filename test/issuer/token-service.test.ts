import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { peopleOf } from '../../src/adapters/directory/people.ts';
import { guard } from '../../src/adapters/limits/guard.ts';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { onceIn } from '../../src/adapters/limits/once.ts';
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

const ready = async () => true;

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
    people: { ready, find: async () => note('people', { found: 'person', person: anna }) },
    secrets: {
      of: async () =>
        note('secrets', { found: 'secret', sha256: createHash('sha256').update(SECRET).digest() }),
      ready,
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
    once: onceIn(memoryLimits()),
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
  const exchange = (kind: 'user' | 'admin' = 'user', address = '192.0.2.1') =>
    tokens.exchange({
      kind,
      address,
      authorization: 'Bearer own',
      body: async () => note('body', { value: { oidc_token: 'a.b.c' }, faults: [] }),
    });
  return { generate, exchange, records, faults, asked, sweep: tokens.sweep, notReady: tokens.notReady };
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

  it('with an ID token counts against its client as well, wherever it comes from', async () => {
    const { generate, exchange, asked } = service({ guard: guard({ token_request: 2 }) });
    expect((await generate()).ended).toBe('issued');
    expect((await exchange('user', '192.0.2.2')).ended).toBe('issued');
    asked.length = 0;
    expect((await exchange('user', '192.0.2.3')).ended).toBe('too_many');
    expect(asked).toEqual([]);
  });
});

describe('guesses', () => {
  const wrong = { secret_id: 'wrong' };
  const bound = { failed_authentication: 3 };

  it('that fail too often are told to wait, and so is the right one then', async () => {
    const { generate } = service({ guard: guard(bound) });
    const ended: string[] = [];
    for (const members of [wrong, wrong, wrong, wrong, {}]) ended.push((await generate(members)).ended);
    expect(ended).toEqual(['unauthorized', 'unauthorized', 'unauthorized', 'too_many', 'too_many']);
  });

  it('at once get no more answers than one after another, whichever is answered first', async () => {
    const { generate, asked } = service({
      guard: guard(bound),
      secrets: {
        // The right guess is judged last.
        of: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return { found: 'secret', sha256: createHash('sha256').update(SECRET).digest() };
        },
        ready,
        close: async () => {},
      },
    });
    const granted = await Promise.all([...Array.from({ length: 20 }, () => generate(wrong)), generate()]);
    const ended = granted.map((each) => each.ended);
    expect(ended.filter((each) => each === 'unauthorized')).toHaveLength(3);
    expect(ended.at(-1)).toBe('too_many');
    expect(asked).not.toContain('sign');
  });

  it('cost whoever is right nothing', async () => {
    const { generate } = service({ guard: guard(bound) });
    for (let i = 0; i < 10; i++) expect((await generate()).ended).toBe('issued');
    const atOnce = await Promise.all(Array.from({ length: 10 }, () => generate()));
    expect(atOnce.map(({ ended }) => ended)).toEqual(Array.from({ length: 10 }, () => 'issued'));
  });

  it('at one client, or from one address, shut nobody else out', async () => {
    const { generate } = service({ guard: guard(bound) });
    for (let i = 0; i < 5; i++) await generate(wrong);
    for (let i = 0; i < 5; i++) await generate({ client_id: `guessed-${i}` });
    expect((await generate({ client_id: 'page', secret_id: undefined })).ended).toBe('issued');
    expect((await generate({}, 'user', '198.51.100.7')).ended).toBe('issued');
  });

  it('use up no requests of the client that they name', async () => {
    const { generate } = service({ guard: guard({ token_request: 5 }) });
    for (let i = 0; i < 10; i++) await generate(wrong);
    expect((await generate({}, 'user', '198.51.100.7')).ended).toBe('issued');
  });

  it('that are refused use up no nonce', async () => {
    const claims = { email: anna.email, email_verified: true, exp: 300, nonce: 'n-1' };
    const who: { email: string } = { email: 'eve@acme.example' };
    const { exchange } = service({
      guard: guard(bound),
      verifyIdToken: async () => ({
        verified: true,
        issuer: 'https://id.example',
        claims: { ...claims, ...who },
      }),
    });
    for (let i = 0; i < 3; i++) expect((await exchange()).ended).toBe('unauthorized');
    who.email = anna.email;
    expect((await exchange()).ended).toBe('too_many');
    expect((await exchange('user', '198.51.100.7')).ended).toBe('issued');
    expect((await exchange('user', '198.51.100.7')).ended).toBe('unauthorized');
  });
});

describe('a flood', () => {
  it('is a line of its first refusal by the guard, and one of all others of that minute', async () => {
    let now = 0;
    const { generate, records, sweep } = service({ guard: guard({ token_request: 3 }), now: () => now });
    for (let i = 0; i < 100; i++) await generate();
    for (let i = 0; i < 3; i++) await generate({}, 'user', '198.51.100.7');
    const told = () => records.map(({ code, address, count }) => [code, address, count]);
    const before = [
      ...Array.from({ length: 3 }, () => ['issued', '192.0.2.1', undefined]),
      ['too_many_requests', '192.0.2.1', undefined],
      ['too_many_requests', '198.51.100.7', undefined],
    ];
    expect(told()).toEqual(before);
    now = 59_999;
    sweep(now);
    expect(told()).toEqual(before);
    now = 60_000;
    sweep(now);
    expect(told().slice(before.length)).toEqual([
      ['too_many_requests', '192.0.2.1', 96],
      ['too_many_requests', '198.51.100.7', 2],
    ]);
    sweep(Number.POSITIVE_INFINITY);
    expect(records).toHaveLength(before.length + 2);
    await generate();
    expect(records).toHaveLength(before.length + 3);
  });

  it('from ever more addresses is one line, once it has a thousand', async () => {
    const { generate, records, sweep } = service({ guard: guard({ token_request: 1 }) });
    await generate();
    records.length = 0;
    // Addresses of one network are counted as one, and a client at all of them together.
    for (let i = 0; i < 3_000; i++) await generate({}, 'user', `2001:db8::${i.toString(16)}`);
    expect(records).toHaveLength(1_001);
    expect(records.at(-1)).toMatchObject({ address: '', code: 'too_many_requests', client_id: null });
    sweep(Number.POSITIVE_INFINITY);
    expect(records.slice(1_001)).toMatchObject([{ address: '', count: 1_999 }]);
  });

  it('of refusals that the guard lets through is recorded one by one', async () => {
    const { generate, records } = service();
    for (let i = 0; i < 20; i++) await generate({ secret_id: 'wrong' });
    expect(records.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 'secret_wrong'));
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
      { secrets: { of: async () => unknown, ready, close: async () => {} } },
      'it does not answer',
    ],
    ['where users do not answer', { people: { ready, find: async () => unknown } }, 'it does not answer'],
    [
      'for a user whom a database gave the role of admin tokens',
      { people: { ready, find: async () => ({ found: 'person', person: { ...anna, roles: ['admin'] } }) } },
      'what the user may do does not fit a token, or has the role or scope of admin tokens',
    ],
    [
      'for a scope that would be two',
      {
        people: { ready, find: async () => ({ found: 'person', person: { ...anna, scopes: ['a admin'] } }) },
      },
      'what the user may do does not fit a token, or has the role or scope of admin tokens',
    ],
    [
      'that fits no header',
      {
        people: {
          ready,
          find: async () => ({
            found: 'person',
            person: { ...anna, groups: Array.from({ length: 900 }, (_, i) => `group-with-a-long-name-${i}`) },
          }),
        },
      },
      'the token would have more than 16384 characters',
    ],
    [
      'where a part breaks',
      { people: { ready, find: async () => Promise.reject(new Error('a bug')) } },
      'a bug',
    ],
  ];

  it.each(rows)('%s', async (_what, over, fault) => {
    const { generate, faults } = service(over);
    expect(await generate()).toEqual({ id: 'id-1', ended: 'failed' });
    expect(faults).toEqual([fault]);
  });

  it('for a user whom a database finds under another email', async () => {
    const person = { ...anna, email: 'ANNA@acme.example' };
    const { generate, records } = service({
      people: { ready, find: async () => ({ found: 'person', person }) },
    });
    expect((await generate()).ended).toBe('unauthorized');
    expect(records.map(({ code }) => code)).toEqual(['user_unknown']);
  });

  it('to administer, for a user whom the directory does not mark so', async () => {
    const person = { ...anna, email: 'bob@acme.example' };
    const { generate, records } = service({
      people: { ready, find: async () => ({ found: 'person', person }) },
    });
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

describe('an ID token with a nonce', () => {
  const verifiedWith = (claims: object) => ({
    verifyIdToken: async () => ({
      verified: true as const,
      issuer: 'https://id.example',
      claims: { email: anna.email, email_verified: true, exp: 300, ...claims },
    }),
  });

  it('is used once in all processes that share what remembers it', async () => {
    const shared = { once: onceIn(memoryLimits()), ...verifiedWith({ nonce: 'n-1' }) };
    const [one, other] = [service(shared), service(shared)];
    expect((await one.exchange()).ended).toBe('issued');
    expect((await other.exchange()).ended).toBe('unauthorized');
    expect(other.records.map(({ code }) => code)).toEqual(['id_token_used']);
    expect((await other.exchange('admin')).ended).toBe('issued');
  });

  it('is refused where what remembers it does not answer', async () => {
    const limits = memoryLimits();
    await limits.close();
    const { exchange, faults } = service({ once: onceIn(limits), ...verifiedWith({ nonce: 'n-1' }) });
    expect((await exchange()).ended).toBe('failed');
    expect(faults).toEqual(['the limit store is closed']);
  });

  it.each([
    [86_340, 'issued'],
    [86_341, 'unauthorized'],
  ])('is not longer of use than it is remembered: one that ends after %d s is %s', async (exp, ended) => {
    expect((await service(verifiedWith({ nonce: 'n-1', exp })).exchange()).ended).toBe(ended);
    expect((await service(verifiedWith({ exp })).exchange()).ended).toBe('issued');
  });
});

describe('the service', () => {
  const away = async () => false;
  it.each<readonly [string, Partial<TokenPorts>, readonly string[]]>([
    ['is ready where everything is', {}, []],
    [
      'is not ready without secrets',
      { secrets: { of: async () => ({ found: 'none' }), ready: away, close: async () => {} } },
      ['the secrets of clients cannot be asked for'],
    ],
    [
      'is not ready without users',
      { people: { find: async () => ({ found: 'nobody' }), ready: away } },
      ['the users of no tenant can be asked for'],
    ],
  ])('%s', async (_what, over, reasons) => {
    expect(await service(over).notReady()).toEqual(reasons);
  });

  it.each([
    [[true, true], true],
    [[true, false], true],
    [[false, false], false],
    [[], true],
  ])('has users to ask for where one tenant has them: %j', async (tenants, isReady) => {
    const people = tenants.map(
      (each, i) =>
        [
          `t${i}`,
          {
            find: async () => ({ found: 'nobody' }) as const,
            ready: async () => each,
            close: async () => {},
          },
        ] as const,
    );
    expect(await peopleOf(new Map(people)).ready()).toBe(isReady);
  });
});

it('an issued token is what the answer says', async () => {
  const { generate } = service();
  const granted: Granted = await generate();
  expect(granted).toEqual({ id: 'id-1', ended: 'issued', lifetimeS: 3600, token: expect.any(String) });
});
