import type { PeopleSource, Person, Tenant } from '../model/tokens.ts';
import { type Fields, readFields, readList, readText } from '../policy/fields.ts';
import { clip, describe, type Entry, type Located, type Report, suggestion } from '../policy/located.ts';
import { ADMIN } from './claims.ts';
import type { DirectoryCode } from './directory-problems.ts';
import { isEmail, SCOPE } from './names.ts';

const LISTS = ['roles', 'scopes', 'groups', 'resources'] as const;
const USER_KEYS = ['id', ...LISTS];
const DATABASE_KEYS = ['sqlite', 'postgres_url_env', 'postgres_url_file'];
const EMAIL = 'an email in lower case';
const MAX_WORD = 256;

/** The users of a tenant, from `users` or a `database`, and which of them are administrators. */
export function readPeople(tenant: Fields, report: Report<DirectoryCode>): Pick<Tenant, 'people' | 'admins'> {
  const [users, database, admins] = ['users', 'database', 'admins'].map((key) => tenant.get(key));
  if ((users === undefined) === (database === undefined)) {
    const at = tenant.placeOf('database');
    report.error(at, 'users', 'expected either `users` or `database` in a tenant');
  }
  const people = users === undefined ? null : readUsers(users, report);
  const source = database === undefined ? null : readDatabase(database, report);
  return {
    people: source ?? { in: 'file', people: people ?? new Map() },
    admins: new Set(admins === undefined ? [] : readAdmins(admins, people, report)),
  };
}

function readUsers(node: Located, report: Report<DirectoryCode>): ReadonlyMap<string, Person> | null {
  if (node.kind !== 'map') {
    report.error(node.at, 'wrong_type', `expected \`users\`, a mapping of emails; found ${describe(node)}`);
    return null;
  }
  const ids = new Set<string>();
  return new Map(
    node.entries.map((entry) => {
      const person = readUser(entry, report);
      if (ids.has(person.id)) {
        report.error(entry.at, 'duplicate_id', `two users have the id \`${clip(person.id)}\``);
      }
      ids.add(person.id);
      return [entry.key, person];
    }),
  );
}

function readUser({ key: email, at, value }: Entry, report: Report<DirectoryCode>): Person {
  checkEmail(email, at, report);
  const fields = readFields(value, `the user \`${clip(email)}\``, USER_KEYS, report);
  const id = fields?.get('id');
  const [roles, scopes, groups, resources] = LISTS.map((key) => readWords(fields?.get(key), key, report));
  return {
    id: (id && readText(id, '`id`', report)) ?? email,
    email,
    roles: roles ?? [],
    scopes: scopes ?? [],
    groups: groups ?? [],
    resources: resources ?? [],
  };
}

function readWords(
  node: Located | undefined,
  key: (typeof LISTS)[number],
  report: Report<DirectoryCode>,
): readonly string[] {
  if (node === undefined) return [];
  const words = (readList(node, `\`${key}\``, 'may be empty', report) ?? []).flatMap((item) => {
    const word = readText(item, `one of \`${key}\``, report);
    if (word === null) return [];
    if (word.length > MAX_WORD || /\p{Cc}/u.test(word) || (key === 'scopes' && !SCOPE.test(word))) {
      const form = key === 'scopes' ? 'a scope of visible ASCII without `"` and `\\`' : 'a text on one line';
      report.error(item.at, 'word', `expected ${form}, of at most ${MAX_WORD} characters`);
    } else if (word === ADMIN && (key === 'roles' || key === 'scopes')) {
      const message = `\`${ADMIN}\` is what admin tokens have; expected another word, or the user in \`admins\``;
      report.error(item.at, 'reserved', message);
    }
    return [word];
  });
  if (new Set(words).size < words.length) {
    report.error(node.at, 'duplicate', `expected each of \`${key}\` once`);
  }
  return words;
}

function readAdmins(
  node: Located,
  people: ReadonlyMap<string, Person> | null,
  report: Report<DirectoryCode>,
): readonly string[] {
  return (readList(node, '`admins`', 'may be empty', report) ?? []).flatMap((item) => {
    const email = readText(item, EMAIL, report);
    if (email === null) return [];
    checkEmail(email, item.at, report);
    if (people !== null && isEmail(email) && !people.has(email)) {
      const near = suggestion(email, [...people.keys()]);
      report.error(item.at, 'unknown_user', `\`${clip(email)}\` is none of \`users\`${near}`);
    }
    return [email];
  });
}

function checkEmail(email: string, at: Located['at'], report: Report<DirectoryCode>): void {
  if (!isEmail(email)) report.error(at, 'email', `expected ${EMAIL}; found \`${clip(email)}\``);
}

/** Where a database is. What stands here in place of a name may be a password, so it is not repeated. */
function readDatabase(node: Located, report: Report<DirectoryCode>): PeopleSource | null {
  const fields = readFields(node, '`database`', DATABASE_KEYS, report);
  if (fields === null) return null;
  const [key, other] = DATABASE_KEYS.filter((name) => fields.has(name));
  if (key === undefined || other !== undefined) {
    report.error(
      fields.at,
      'database',
      `expected one of ${DATABASE_KEYS.map((name) => `\`${name}\``).join(', ')}`,
    );
    return null;
  }
  const value = fields.get(key);
  const text = value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : '';
  const isName = key === 'postgres_url_env' ? /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) : /^[^:]+$/.test(text);
  if (!isName) {
    const what = key === 'postgres_url_env' ? 'the name of an environment variable' : 'the name of a file';
    report.error(fields.placeOf(key), 'database', `expected \`${key}\` as ${what}, not a connection string`);
    return null;
  }
  if (key === 'sqlite') return { in: 'sqlite', file: text };
  return { in: 'postgres', url: key === 'postgres_url_env' ? { env: text } : { file: text } };
}
