import { dirname, resolve } from 'node:path';
import type { Migrated } from '../adapters/directory/migrations.ts';
import { migratePostgres } from '../adapters/directory/postgres.ts';
import { migrateSqlite } from '../adapters/directory/sqlite.ts';
import type { PeopleSource } from '../model/tokens.ts';
import { databaseUrl } from './database-url.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { loadDirectory } from './load-directory.ts';

/** `portcullis migrate-directory`: brings the databases of a directory to the version that this program reads. */
export async function migrateDirectory(
  file: string,
  { tenant: only }: { readonly tenant?: string },
): Promise<ExitCode> {
  const { directory } = loadDirectory(file);
  const tenants = [...directory.tenants.values()].filter(({ name }) => only === undefined || name === only);
  if (only !== undefined && tenants.length === 0) {
    throw new CommandError(`the directory has no tenant \`${only}\``, exit.usage);
  }
  for (const { name, people } of tenants) {
    const done = await migrate(people, { folder: dirname(resolve(file)), tenant: name });
    process.stdout.write(
      `${name}: ${done === null ? 'no database, its users are in the directory' : told(done)}\n`,
    );
  }
  return exit.fine;
}

function told({ from, to }: Migrated): string {
  return from === to ? `version ${to}` : `version ${from} -> ${to}`;
}

/** null where the users of a tenant are in no database. */
async function migrate(
  people: PeopleSource,
  place: { readonly folder: string; readonly tenant: string },
): Promise<Migrated | null> {
  switch (people.in) {
    case 'file':
      return null;
    case 'sqlite':
      return migrateSqlite(resolve(place.folder, people.file));
    case 'postgres':
      return migratePostgres(databaseUrl(people.url, place));
  }
}
