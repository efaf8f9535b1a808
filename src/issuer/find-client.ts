import type { Client, Directory, Tenant } from '../model/tokens.ts';

/** A client with the tenant that it belongs to. */
export interface KnownClient {
  readonly client: Client;
  readonly tenant: Tenant;
}

/**
 * The client of a project of a tenant; null where any of the three is not known, so that an answer never tells which.
 * Names are compared exactly: another case or another Unicode form is another name.
 */
export function findClient(
  directory: Directory,
  { tenant: name, project, client: id }: { tenant: string; project: string; client: string },
): KnownClient | null {
  const tenant = directory.tenants.get(name);
  const client = tenant?.projects.get(project)?.get(id);
  return tenant === undefined || client === undefined ? null : { client, tenant };
}
