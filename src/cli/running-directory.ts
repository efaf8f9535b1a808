import { dirname, resolve } from 'node:path';
import { filePeople, peopleOf, type TenantPeople } from '../adapters/directory/people.ts';
import { postgresPeople } from '../adapters/directory/postgres.ts';
import { sqlitePeople } from '../adapters/directory/sqlite.ts';
import type { Directory, People, Tenant, VerifyIdToken } from '../model/tokens.ts';
import { databaseUrl } from './database-url.ts';
import { followFile } from './follow-file.ts';
import { idTokenVerifier } from './id-tokens.ts';
import { type LoadedDirectory, loadDirectory, readDirectoryFile } from './load-directory.ts';
import type { Log } from './log.ts';

/** The directory in force with what it opens: replaced whole when its file changes to another one that can be used. */
export interface RunningDirectory {
  current(): Directory;
  readonly people: People;
  readonly verifyIdToken: VerifyIdToken;
  /** What the start-up lines say of it. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** How a directory is opened. */
export interface DirectoryOptions {
  readonly file: string;
  readonly allowPrivateIssuers: boolean;
  readonly log: Log;
  /** Throws where a directory asks for what is not there. */
  readonly accept: (directory: Directory) => void;
}

/** A directory with its databases and issuers. */
interface Opened {
  readonly directory: Directory;
  readonly people: People;
  readonly verifyIdToken: VerifyIdToken;
  close(): Promise<void>;
}

/** Requests that began with the directory before are over by then. */
const GRACE_MS = 30_000;

/** Opens a directory and follows its file. Throws with one clear message where it cannot be used. */
export async function openDirectory(options: DirectoryOptions): Promise<RunningDirectory> {
  const { file, log } = options;
  const first = readDirectoryFile(file);
  const loaded = loadDirectory(file);
  let opened = await openAll(loaded, options);
  const former = new Map<Opened, NodeJS.Timeout>();
  let turn: Promise<void> = Promise.resolve();

  const retire = (old: Opened) => {
    const close = () => {
      former.delete(old);
      void old.close();
    };
    former.set(old, setTimeout(close, GRACE_MS).unref());
  };
  const reload = async () => {
    try {
      const next = loadDirectory(file);
      const old = opened;
      opened = await openAll(next, options);
      retire(old);
      log.info(`directory reloaded: ${file}`);
      for (const warning of next.warnings) log.warn(warning);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error(`the changed directory was refused; the one before stays in force\n${why}`);
    }
  };
  const stop = followFile(file, {
    read: () => readDirectoryFile(file),
    first,
    onChange: () => {
      turn = turn.then(reload);
    },
    onProblem: (why) => log.error(`${why}; the directory before stays in force`),
  });

  return {
    current: () => opened.directory,
    people: {
      find: (tenant, email) => opened.people.find(tenant, email),
      ready: () => opened.people.ready(),
    },
    verifyIdToken: (token, issuers) => opened.verifyIdToken(token, issuers),
    warnings: loaded.warnings,
    async close() {
      stop();
      await turn;
      for (const timer of former.values()) clearTimeout(timer);
      await Promise.all([opened, ...former.keys()].map((each) => each.close()));
    },
  };
}

async function openAll({ directory }: LoadedDirectory, options: DirectoryOptions): Promise<Opened> {
  const { file, log, allowPrivateIssuers, accept } = options;
  accept(directory);
  const idTokens = idTokenVerifier(directory, { log, allowPrivate: allowPrivateIssuers });
  const tenants = new Map<string, TenantPeople>();
  const close = async () => {
    await Promise.all([idTokens.close(), ...Array.from(tenants.values(), (people) => people.close())]);
  };
  try {
    for (const tenant of directory.tenants.values()) {
      tenants.set(tenant.name, await openTenant(tenant, dirname(resolve(file)), log));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { directory, people: peopleOf(tenants), verifyIdToken: idTokens.verify, close };
}

async function openTenant({ name, people }: Tenant, folder: string, log: Log): Promise<TenantPeople> {
  switch (people.in) {
    case 'file':
      return filePeople(people.people);
    case 'sqlite':
      return sqlitePeople(resolve(folder, people.file));
    case 'postgres': {
      const onProblem = (message: string) => log.error(`the database of \`${name}\`: ${message}`);
      return postgresPeople({ url: databaseUrl(people.url, { folder, tenant: name }), onProblem });
    }
  }
}
