import { existsSync } from 'node:fs';
import Database from 'libsql';
import {
  type Migrated,
  migrationsFor,
  VERSION_QUERY,
  VERSION_TABLE,
  versionObjection,
} from './migrations.ts';
import type { TenantPeople } from './people.ts';
import { toPerson } from './person-row.ts';

const LISTS = [
  ['roles', 'role', 'portcullis_user_roles'],
  ['scopes', 'scope', 'portcullis_user_scopes'],
  ['groups', 'group_name', 'portcullis_user_groups'],
  ['resources', 'resource', 'portcullis_user_resources'],
] as const;

const QUERY = `SELECT u.id, u.email, ${LISTS.map(
  ([name, column, table]) =>
    `(SELECT json_group_array(${column}) FROM (SELECT ${column} FROM ${table} WHERE user_id = u.id ORDER BY ${column})) AS "${name}"`,
).join(', ')} FROM portcullis_users u WHERE u.email = ? AND u.disabled = 0`;

/** The users of a tenant in a SQLite file, which is only read. Throws where it is not there or of another version. */
export function sqlitePeople(file: string): TenantPeople {
  const database = open(file);
  const objection = versionObjection(versionOf(database));
  if (objection !== null) {
    database.close();
    throw new Error(`\`${file}\`: ${objection}`);
  }
  const query = database.prepare(QUERY);
  return {
    async find(email) {
      try {
        const row = query.get(email);
        if (row === undefined) return { found: 'nobody' };
        const person = toPerson(withLists(row));
        return person === null ? OTHER : { found: 'person', person };
      } catch (error) {
        return { found: 'unknown', why: `the SQLite file cannot be read (${codeOf(error)})` };
      }
    },
    ready: async () => database.open,
    async close() {
      database.close();
    },
  };
}

const OTHER = { found: 'unknown', why: 'a row of the database is not what its schema says' } as const;

/** Applies what is missing, each file as a whole or not at all. The file is made where it is missing. */
export function migrateSqlite(file: string): Migrated {
  const database = new Database(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
    database.exec(VERSION_TABLE);
    const from = versionOf(database);
    const missing = migrationsFor('sqlite').filter(({ version }) => version > from);
    for (const { version, sql } of missing) {
      database.exec(sql);
      database.prepare('INSERT INTO portcullis_schema (version) VALUES (?)').run(version);
    }
    database.exec('COMMIT');
    return { from, to: missing.at(-1)?.version ?? from };
  } finally {
    database.close();
  }
}

/** libsql makes a file that is missing and lets a database that is opened to be read be written. */
function open(file: string): Database.Database {
  if (!existsSync(file)) throw new Error(`there is no SQLite file \`${file}\``);
  const database = new Database(file);
  try {
    database.exec('PRAGMA busy_timeout = 2000; PRAGMA query_only = ON');
    return database;
  } catch (error) {
    database.close();
    throw new Error(`the SQLite file \`${file}\` cannot be opened (${codeOf(error)})`);
  }
}

function versionOf(database: Database.Database): number {
  const known = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'portcullis_schema'").get();
  if (known === undefined) return 0;
  const row = database.prepare(VERSION_QUERY).get();
  return Number((row as { version?: unknown }).version);
}

function withLists(row: unknown): unknown {
  const lists = LISTS.map(([name]) => {
    const text = (row as Record<string, unknown>)[name];
    return [name, typeof text === 'string' ? JSON.parse(text) : null] as const;
  });
  return { ...(row as object), ...Object.fromEntries(lists) };
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String(code ?? name);
}
