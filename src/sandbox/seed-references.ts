import type { SeedApplication, SeedDocument, SeedTenant, SeedUser } from './seed.ts';
import { SeedError } from './seed-error.ts';

/** The ids that a seed declares, in lower case, and what was found wrong so far. */
interface Survey {
  readonly problems: string[];
  readonly tenants: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  /** Tenant id by application id. */
  readonly applications: ReadonlyMap<string, string>;
  readonly defaultTenant: string;
}

/** Throws a SeedError where a seed names what it does not declare, or declares one thing twice. */
export function checkReferences(seed: SeedDocument): void {
  const { tenants, keys, applications = [], users = [], identityProviders = [], apiKeys = [] } = seed;
  const problems: string[] = [];
  const defaultTenant = tenants[0]?.id.toLowerCase() ?? '';
  const survey: Survey = {
    problems,
    tenants: declared(problems, 'tenants', tenants),
    keys: declared(problems, 'keys', keys),
    applications: new Map(
      applications.map(({ id, tenantId = defaultTenant }) => [id.toLowerCase(), tenantId.toLowerCase()]),
    ),
    defaultTenant,
  };
  if (tenants.length === 0) problems.push('tenants: expected at least one');
  declared(problems, 'applications', applications);
  declared(problems, 'users', users);
  declared(problems, 'identityProviders', identityProviders);
  checkKeys(survey, seed);
  tenants.forEach((tenant, index) => void checkTenant(survey, tenant, `tenants[${index}]`));
  applications.forEach((row, index) => void checkApplication(survey, row, `applications[${index}]`));
  users.forEach((user, index) => void checkUser(survey, user, `users[${index}]`));
  checkTokens(survey, users);
  identityProviders.forEach(({ applicationConfiguration }, index) => {
    for (const id of Object.keys(applicationConfiguration)) {
      known(survey, survey.applications, id, `identityProviders[${index}].applicationConfiguration`);
    }
  });
  apiKeys.forEach(({ tenantId }, index) => {
    if (tenantId !== undefined) known(survey, survey.tenants, tenantId, `apiKeys[${index}].tenantId`);
  });
  if (problems.length > 0) throw new SeedError(problems);
}

function checkKeys({ problems }: Survey, { keys, apiKeys = [] }: SeedDocument): void {
  keys.forEach(({ algorithm, secret }, index) => {
    if (secret !== undefined && !algorithm.startsWith('HS')) {
      problems.push(`keys[${index}].secret: only HMAC keys have one, not \`${algorithm}\``);
    }
  });
  unique(
    problems,
    'keys',
    'kid',
    keys.map(({ kid }) => kid),
  );
  unique(
    problems,
    'apiKeys',
    'key',
    apiKeys.map(({ key }) => key),
  );
}

function checkTenant(survey: Survey, { jwtConfiguration }: SeedTenant, at: string): void {
  const { accessTokenKeyId } = jwtConfiguration;
  if (accessTokenKeyId === undefined)
    survey.problems.push(`${at}.jwtConfiguration: expected the key \`accessTokenKeyId\``);
  else known(survey, survey.keys, accessTokenKeyId, `${at}.jwtConfiguration.accessTokenKeyId`);
}

function checkApplication(survey: Survey, { tenantId, jwtConfiguration }: SeedApplication, at: string): void {
  if (tenantId !== undefined) known(survey, survey.tenants, tenantId, `${at}.tenantId`);
  const id = jwtConfiguration?.accessTokenKeyId;
  if (id !== undefined) known(survey, survey.keys, id, `${at}.jwtConfiguration.accessTokenKeyId`);
}

function checkUser(survey: Survey, user: SeedUser, at: string): void {
  const { tenantId = survey.defaultTenant, registrations = [], refreshTokens = [] } = user;
  known(survey, survey.tenants, tenantId, `${at}.tenantId`);
  const named = [
    ...registrations.map(
      ({ applicationId }, index) => [applicationId, `${at}.registrations[${index}]`] as const,
    ),
    ...refreshTokens.map(
      ({ applicationId }, index) => [applicationId, `${at}.refreshTokens[${index}]`] as const,
    ),
  ];
  for (const [applicationId, place] of named) {
    if (applicationId === undefined) continue;
    const of = survey.applications.get(applicationId.toLowerCase());
    if (of === undefined) known(survey, survey.applications, applicationId, `${place}.applicationId`);
    else if (of !== tenantId.toLowerCase()) {
      survey.problems.push(`${place}.applicationId: expected an application of the user's own tenant`);
    }
  }
}

function checkTokens({ problems }: Survey, users: readonly SeedUser[]): void {
  const tokens = users.flatMap(({ refreshTokens = [] }) => refreshTokens);
  unique(
    problems,
    'refreshTokens',
    'id',
    tokens.map(({ id }) => id?.toLowerCase()),
  );
  unique(
    problems,
    'refreshTokens',
    'token',
    tokens.map(({ token }) => token),
  );
}

function declared(
  problems: string[],
  list: string,
  rows: readonly { readonly id: string }[],
): ReadonlySet<string> {
  const ids = rows.map(({ id }) => id.toLowerCase());
  unique(problems, list, 'id', ids);
  return new Set(ids);
}

function known(
  { problems }: Survey,
  rows: ReadonlySet<string> | ReadonlyMap<string, string>,
  id: string,
  at: string,
): void {
  if (!rows.has(id.toLowerCase())) problems.push(`${at}: expected the id of a declared row; got \`${id}\``);
}

/** The value is not repeated in the message: some of them are secret. */
function unique(
  problems: string[],
  list: string,
  member: string,
  values: readonly (string | undefined)[],
): void {
  const given = values.filter((value) => value !== undefined);
  if (new Set(given).size < given.length) problems.push(`${list}: expected every \`${member}\` once`);
}
