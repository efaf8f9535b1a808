import type { Caller } from './authorize.ts';
import { type Reply, tenantIdRequired, unauthorized } from './errors.ts';
import { toUuid } from './fields.ts';
import type { Request } from './request.ts';
import type { Tenant, World } from './world.ts';

/** The tenants whose rows a request sees. */
export type Scope = Tenant | 'every tenant' | 'no tenant';

/** Header, locked key and number of tenants -> the scope, or the refusal. */
export function tenantScope(
  world: World,
  request: Request,
  caller: Caller,
): { readonly scope: Scope } | { readonly refusal: Reply } {
  const named = request.headers['x-fusionauth-tenantid'];
  const locked = caller.as === 'api_key' ? caller.key.tenantId : null;
  if (typeof named === 'string' && named !== '') {
    const tenant = world.tenants.get(toUuid(named) ?? '');
    if (tenant === undefined) return { refusal: tenantIdRequired };
    return locked !== null && locked !== tenant.id ? { refusal: unauthorized } : { scope: tenant };
  }
  if (locked !== null) return { scope: world.tenants.get(locked) ?? 'no tenant' };
  const [only, ...others] = world.tenants.values();
  return { scope: only !== undefined && others.length === 0 ? only : 'every tenant' };
}

/** A row, or undefined where it does not exist or belongs to a tenant outside of the scope. */
export function visible<T extends { readonly tenantId: string }>(
  scope: Scope,
  row: T | null | undefined,
): T | undefined {
  if (!row || scope === 'no tenant') return undefined;
  return scope === 'every tenant' || scope.id === row.tenantId ? row : undefined;
}
