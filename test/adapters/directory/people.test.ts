import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filePeople, peopleOf, type TenantPeople } from '../../../src/adapters/directory/people.ts';
import { migratePostgres, postgresPeople } from '../../../src/adapters/directory/postgres.ts';
import { migrateSqlite, sqlitePeople } from '../../../src/adapters/directory/sqlite.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { startPostgres, type TestPostgres } from '../../support/postgres.ts';

const anna = {
  id: '7',
  email: 'anna@acme.example',
  roles: ['agent', 'support'],
  scopes: ['read', 'write'],
  groups: ['emea'],
  resources: ['ticket:1'],
};
const bob = { id: '8', email: 'bob@acme.example', roles: [], scopes: [], groups: [], resources: [] };
const ROWS = `
  INSERT INTO portcullis_users (id, email) VALUES ('7', 'anna@acme.example'), ('8', 'bob@acme.example');
  INSERT INTO portcullis_users (id, email, disabled) VALUES ('9', 'carol@acme.example', 'true');
  INSERT INTO portcullis_user_roles VALUES ('7', 'support'), ('7', 'agent');
  INSERT INTO portcullis_user_scopes VALUES ('7', 'write'), ('7', 'read');
  INSERT INTO portcullis_user_groups VALUES ('7', 'emea');
  INSERT INTO portcullis_user_resources VALUES ('7', 'ticket:1');
`;

const folder = temporaryFolder();
const sqliteFile = join(folder.path, 'acme.db');
let postgres: TestPostgres;
const opened: TenantPeople[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await postgres.stop();
  folder.remove();
});

function keep(people: TenantPeople): TenantPeople {
  opened.push(people);
  return people;
}

function inSqlite(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

async function inPostgres(sql: string): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const problems: string[] = [];
const openPostgres = () => postgresPeople({ url: postgres.url, onProblem: (why) => problems.push(why) });

const stores: readonly (readonly [string, () => Promise<TenantPeople>])[] = [
  ['the directory itself', async () => filePeople(new Map([anna, bob].map((each) => [each.email, each])))],
  [
    'SQLite',
    async () => {
      migrateSqlite(sqliteFile);
      inSqlite(sqliteFile, ROWS.replace("'true'", '1'));
      return sqlitePeople(sqliteFile);
    },
  ],
  [
    'PostgreSQL',
    async () => {
      await migratePostgres(postgres.url);
      await inPostgres(ROWS);
      return openPostgres();
    },
  ],
];

describe.each(stores)('users in %s', (_name, open) => {
  let people: TenantPeople;
  beforeAll(async () => {
    people = keep(await open());
  });

  it('are found with all they may do, in order', async () => {
    expect(await people.find('anna@acme.example')).toEqual({ found: 'person', person: anna });
  });

  it('are found where they may do nothing', async () => {
    expect(await people.find('bob@acme.example')).toEqual({ found: 'person', person: bob });
  });

  it.each([
    ['in another case', 'Anna@acme.example'],
    ['with a space', 'anna@acme.example '],
    ['in another Unicode form', 'a\u0301nna@acme.example'],
    ['by a pattern', '%@acme.example'],
    ['who are disabled', 'carol@acme.example'],
    ['by SQL that is always true', "x' OR '1'='1"],
    ['by SQL that ends a statement', "'; DROP TABLE portcullis_users; --"],
    ['by a comment', "anna@acme.example'--"],
    ['by a placeholder', '$1'],
    ['by a union', "x' UNION SELECT id, email FROM portcullis_users --"],
    ['by a backslash', "\\' OR 1=1 --"],
    ['by nothing', ''],
  ])('are not found %s', async (_how, email) => {
    expect(await people.find(email)).toEqual({ found: 'nobody' });
    expect((await people.find('anna@acme.example')).found).toBe('person');
  });
});

describe('a tenant', () => {
  it('is never asked for another tenant’s user', async () => {
    const all = peopleOf(new Map([['acme', filePeople(new Map([[anna.email, anna]]))]]));
    expect(await all.find('acme', anna.email)).toEqual({ found: 'person', person: anna });
    expect(await all.find('Acme', anna.email)).toEqual({ found: 'nobody' });
  });
});

describe('a SQLite file', () => {
  it('is migrated once', () => {
    const file = join(folder.path, 'once.db');
    expect(migrateSqlite(file)).toEqual({ from: 0, to: 1 });
    expect(migrateSqlite(file)).toEqual({ from: 1, to: 1 });
  });

  it('that was not migrated is refused', () => {
    const file = join(folder.path, 'empty.db');
    inSqlite(file, 'CREATE TABLE other (x)');
    expect(() => sqlitePeople(file)).toThrow(
      /expected a database of version 1; found version 0; `portcullis migrate/,
    );
  });

  it('of a later version is refused', () => {
    const file = join(folder.path, 'later.db');
    migrateSqlite(file);
    inSqlite(file, 'INSERT INTO portcullis_schema VALUES (2)');
    expect(() => sqlitePeople(file)).toThrow('expected a database of version 1; found version 2');
  });

  it('that is not there, or is no database, is refused', () => {
    expect(() => sqlitePeople(join(folder.path, 'missing.db'))).toThrow('there is no SQLite file');
    const text = join(folder.path, 'text.db');
    writeFileSync(text, 'no database at all, however long this text may be. '.repeat(100));
    expect(() => sqlitePeople(text)).toThrow();
  });

  it('is not written to by the service, and does not take the role of admin tokens', async () => {
    expect(() => inSqlite(sqliteFile, "INSERT INTO portcullis_user_roles VALUES ('8', 'admin')")).toThrow(
      /CHECK/,
    );
    expect(() => inSqlite(sqliteFile, "INSERT INTO portcullis_user_scopes VALUES ('8', 'a admin')")).toThrow(
      /CHECK/,
    );
  });
});

describe('a PostgreSQL database', () => {
  it('is migrated once, also by two at the same time', async () => {
    await inPostgres('CREATE SCHEMA two');
    const url = `${postgres.url}?options=-c%20search_path%3Dtwo`;
    const both = await Promise.all([migratePostgres(url), migratePostgres(url)]);
    expect(both.toSorted((a, b) => a.from - b.from)).toEqual([
      { from: 0, to: 1 },
      { from: 1, to: 1 },
    ]);
  });

  it('that was not migrated is refused', async () => {
    await inPostgres('CREATE SCHEMA bare');
    const url = `${postgres.url}?options=-c%20search_path%3Dbare`;
    await expect(postgresPeople({ url, onProblem: () => {} })).rejects.toThrow(
      'expected a database of version 1; found version 0',
    );
  });

  it('does not take the role of admin tokens', async () => {
    const sql = "INSERT INTO portcullis_user_roles VALUES ('8', 'admin')";
    await expect(inPostgres(sql)).rejects.toThrow(/check constraint/);
  });

  it('that goes away is unknown, never nobody, and no message holds its URL', async () => {
    const people = keep(await openPostgres());
    await postgres.kill();
    const found = await people.find(anna.email);
    expect(found).toEqual({
      found: 'unknown',
      why: expect.stringMatching(/^PostgreSQL cannot be asked \(\w+\)$/),
    });
    const later = keep(await openPostgres());
    expect((await later.find(anna.email)).found).toBe('unknown');
    await expect(migratePostgres(postgres.url)).rejects.toThrow(/^PostgreSQL cannot be migrated \(\w+\)$/);
    expect(problems.join()).not.toContain('postgres://');
  });
});
