import { Client, Pool, type PoolConfig } from 'pg';
import {
  type Migrated,
  migrationsFor,
  VERSION_QUERY,
  VERSION_TABLE,
  versionObjection,
} from './migrations.ts';
import type { TenantPeople } from './people.ts';
import { toPerson } from './person-row.ts';

const QUERY = {
  name: 'portcullis-person',
  text: `SELECT u.id, u.email,
    ARRAY(SELECT role FROM portcullis_user_roles WHERE user_id = u.id ORDER BY role) AS roles,
    ARRAY(SELECT scope FROM portcullis_user_scopes WHERE user_id = u.id ORDER BY scope) AS scopes,
    ARRAY(SELECT group_name FROM portcullis_user_groups WHERE user_id = u.id ORDER BY group_name) AS groups,
    ARRAY(SELECT resource FROM portcullis_user_resources WHERE user_id = u.id ORDER BY resource) AS resources
    FROM portcullis_users u WHERE u.email = $1 AND NOT u.disabled`,
};
const CONNECT_MS = 3_000;
const QUERY_MS = 5_000;
const CONNECTIONS = 8;
/** Two programs that migrate one database follow each other. */
const LOCK = 7_262_735_001;

export interface PostgresOptions {
  /** `postgres://…`; never repeated in a message. */
  readonly url: string;
  /** Told of a connection that broke while nobody used it. */
  readonly onProblem: (message: string) => void;
}

/**
 * The users of a tenant in a PostgreSQL database, which is only read. Rejects where the database answers and is of
 * another version; one that does not answer now is asked again for each user.
 */
export async function postgresPeople({ url, onProblem }: PostgresOptions): Promise<TenantPeople> {
  const pool = new Pool({
    ...settings(url),
    max: CONNECTIONS,
    options: '-c default_transaction_read_only=on',
  });
  // An error of a connection in use ends its query, which tells; without a listener it would end the process as well.
  pool.on('connect', (client) => client.on('error', () => {}));
  pool.on('error', (error) => onProblem(`a connection to PostgreSQL broke (${codeOf(error)})`));
  const objection = await versionOf(pool).then(versionObjection, (error: unknown) => {
    onProblem(`PostgreSQL cannot be asked (${codeOf(error)})`);
    return null;
  });
  if (objection !== null) {
    await pool.end();
    throw new Error(objection);
  }
  return {
    async find(email) {
      try {
        const { rows } = await pool.query<Record<string, unknown>>({ ...QUERY, values: [email] });
        const [row] = rows;
        if (row === undefined) return { found: 'nobody' };
        const person = toPerson(row);
        return person === null ? OTHER : { found: 'person', person };
      } catch (error) {
        return { found: 'unknown', why: `PostgreSQL cannot be asked (${codeOf(error)})` };
      }
    },
    ready: () =>
      pool.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    close: () => pool.end(),
  };
}

const OTHER = { found: 'unknown', why: 'a row of the database is not what its schema says' } as const;

/** Applies what is missing, all of it or nothing. */
export async function migratePostgres(url: string): Promise<Migrated> {
  const client = new Client(settings(url));
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query(VERSION_TABLE);
    const from = await versionOf(client);
    const missing = migrationsFor('postgres').filter(({ version }) => version > from);
    for (const { version, sql } of missing) {
      await client.query(sql);
      await client.query('INSERT INTO portcullis_schema (version) VALUES ($1)', [version]);
    }
    await client.query('COMMIT');
    return { from, to: missing.at(-1)?.version ?? from };
  } catch (error) {
    throw new Error(`PostgreSQL cannot be migrated (${codeOf(error)})`);
  } finally {
    await client.end().catch(() => {});
  }
}

function settings(url: string): PoolConfig {
  return {
    connectionString: url,
    application_name: 'portcullis',
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
  };
}

/** 0 where the database was never migrated. */
async function versionOf(database: Pick<Client, 'query'> | Pick<Pool, 'query'>): Promise<number> {
  const known = "SELECT to_regclass('portcullis_schema') IS NOT NULL AS known";
  const { rows } = await database.query<{ known: boolean }>(known);
  if (rows[0]?.known !== true) return 0;
  const found = await database.query<{ version: number }>(VERSION_QUERY);
  return found.rows[0]?.version ?? 0;
}

/** What PostgreSQL says of an error may repeat values or the connection string. */
function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String(code ?? name);
}
