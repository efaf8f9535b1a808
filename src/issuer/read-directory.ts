import type { Problem } from '../model/index.ts';
import type { Client, Directory, Tenant } from '../model/tokens.ts';
import { type Fields, readFields, readInteger } from '../policy/fields.ts';
import { clip, describe, type Entry, type Located, Report } from '../policy/located.ts';
import { readYaml } from '../policy/parse.ts';
import type { DirectoryCode } from './directory-problems.ts';
import { NAME, NAME_WORDS } from './names.ts';
import { readIssuers } from './read-issuers.ts';
import { readPeople } from './read-people.ts';

/** A directory file that may be used, or why it may not. Problems stand in reading order. */
export type ParsedDirectory =
  | { readonly ok: true; readonly directory: Directory; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const KEYS = ['version', 'token_lifetime', 'tenants'];
const TENANT_KEYS = ['issuers', 'admins', 'projects', 'users', 'database'];
const HINTS = { secret: 'secrets are not in this file; see docs/token-service.md' };
const LIFETIME = { what: '`token_lifetime` in seconds', min: 60, max: 86_400 };
const AN_HOUR = 3600;

/** The text of a directory file -> a checked directory, or every problem at once (docs/token-service.md). Never throws. */
export function parseDirectory(text: string): ParsedDirectory {
  const report = new Report<DirectoryCode>();
  const root = readYaml(text.replace(/^\uFEFF/, ''), report);
  const directory = root === null ? null : readDirectory(root, report);
  const problems = report.inOrder().map(ofDirectories);
  const isRight = !problems.some(({ severity }) => severity === 'error');
  return directory !== null && isRight
    ? { ok: true, directory, warnings: problems }
    : { ok: false, problems };
}

/** An empty file is told of in the words of a directory. */
function ofDirectories(problem: Problem): Problem {
  return problem.code === 'empty' ? { ...problem, message: 'expected a directory, with `tenants`' } : problem;
}

function readDirectory(root: Located, report: Report<DirectoryCode>): Directory | null {
  const fields = readFields(root, 'a directory', KEYS, report);
  if (fields === null) return null;
  checkVersion(fields.get('version'), report);
  const lifetime = fields.get('token_lifetime');
  const tenants = entriesOf(fields, 'tenants', 'a directory', report);
  return {
    tokenLifetimeS: (lifetime && readInteger(lifetime, LIFETIME, report)) ?? AN_HOUR,
    tenants: new Map(tenants.map((entry) => [entry.key, readTenant(entry, report)])),
  };
}

function checkVersion(node: Located | undefined, report: Report<DirectoryCode>): void {
  if (node === undefined || (node.kind === 'scalar' && node.source === '1')) return;
  report.error(node.at, 'version', `expected version "1", the only one; found ${describe(node)}`);
}

function readTenant({ key: name, value }: Entry, report: Report<DirectoryCode>): Tenant {
  const nothing = { name, issuers: [], admins: new Set<string>(), projects: new Map() };
  const fields = readFields(value, `the tenant \`${clip(name)}\``, TENANT_KEYS, report, HINTS);
  if (fields === null) return { ...nothing, people: { in: 'file', people: new Map() } };
  const issuers = fields.get('issuers');
  const projects = entriesOf(fields, 'projects', 'a tenant', report).map(
    (entry) => [entry.key, readProject(entry, name, report)] as const,
  );
  return {
    name,
    issuers: issuers === undefined ? [] : readIssuers(issuers, report),
    ...readPeople(fields, report),
    projects: new Map(projects),
  };
}

function readProject(
  { key, value }: Entry,
  tenant: string,
  report: Report<DirectoryCode>,
): ReadonlyMap<string, Client> {
  const fields = readFields(value, `the project \`${clip(key)}\``, ['clients'], report, HINTS);
  if (fields === null) return new Map();
  const clients = entriesOf(fields, 'clients', 'a project', report);
  return new Map(clients.map((entry) => [entry.key, readClient(entry, { tenant, project: key }, report)]));
}

function readClient(
  { key: id, at, value }: Entry,
  place: { readonly tenant: string; readonly project: string },
  report: Report<DirectoryCode>,
): Client {
  const fields = readFields(value, `the client \`${clip(id)}\``, ['public'], report, HINTS);
  const node = fields?.get('public');
  const isPublic = node?.kind === 'scalar' && node.value === true;
  if (node !== undefined && !(node.kind === 'scalar' && typeof node.value === 'boolean')) {
    report.error(node.at, 'wrong_value', `expected \`public\` as true or false; found ${describe(node)}`);
  }
  if (isPublic) {
    const message = `whoever reaches the service gets user tokens of every user of \`${place.tenant}\` through the public client \`${id}\``;
    report.warn(at, 'public_client', message);
  }
  return { ...place, id, isPublic };
}

/** The entries of a mapping of names; every name is well-formed, and no two differ by case alone. */
function entriesOf(
  fields: Fields,
  key: string,
  owner: string,
  report: Report<DirectoryCode>,
): readonly Entry[] {
  const node = fields.get(key);
  if (node === undefined) {
    report.error(fields.at, 'missing_key', `expected \`${key}\` in ${owner}`);
    return [];
  }
  if (node.kind !== 'map') {
    report.error(node.at, 'wrong_type', `expected \`${key}\`, a mapping of names; found ${describe(node)}`);
    return [];
  }
  const seen = new Map<string, string>();
  return node.entries.filter((entry) => {
    const before = seen.get(entry.key.toLowerCase());
    seen.set(entry.key.toLowerCase(), entry.key);
    if (!NAME.test(entry.key)) {
      report.error(entry.at, 'name', `expected ${NAME_WORDS}; found \`${clip(entry.key)}\``);
    } else if (before !== undefined) {
      const message = `\`${clip(entry.key)}\` and \`${clip(before)}\` differ by case alone; expected names that nobody mixes up`;
      report.error(entry.at, 'similar_name', message);
    }
    return NAME.test(entry.key) && before === undefined;
  });
}
