import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The SQL files that make one kind of database what this program reads. */
export interface Migration {
  /** From 1, without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** How a database was migrated. */
export interface Migrated {
  readonly from: number;
  readonly to: number;
}

/** The migrations of a kind of database, in order. */
export function migrationsFor(kind: 'postgres' | 'sqlite'): readonly Migration[] {
  const folder = fileURLToPath(new URL(`./migrations/${kind}/`, import.meta.url));
  return readdirSync(folder)
    .filter((name) => /^\d{3}-[a-z-]+\.sql$/.test(name))
    .toSorted()
    .map((name) => ({
      version: Number(name.slice(0, 3)),
      name,
      sql: readFileSync(join(folder, name), 'utf8'),
    }));
}

/** Where a database keeps how far it was migrated. */
export const VERSION_TABLE =
  'CREATE TABLE IF NOT EXISTS portcullis_schema (version integer NOT NULL PRIMARY KEY)';
export const VERSION_QUERY = 'SELECT coalesce(max(version), 0) AS version FROM portcullis_schema';
/** The version that this program reads. */
export const VERSION = 1;

/** What is wrong with the version of a database, or null. */
export function versionObjection(found: number): string | null {
  if (found === VERSION) return null;
  const hint = found < VERSION ? '; `portcullis migrate-directory` applies what is missing' : '';
  return `expected a database of version ${VERSION}; found version ${found}${hint}`;
}
