import { authorize } from './authorize.ts';
import { deletedCookie } from './cookies.ts';
import { notFound, type Reply, unauthorized } from './errors.ts';
import { parseBody } from './read-body.ts';
import type { Request } from './request.ts';
import { type Route, routesAt } from './routes.ts';
import { type Scope, tenantScope } from './tenant-scope.ts';
import type { World } from './world.ts';

const EVERY: { readonly scope: Scope } = { scope: 'every tenant' };

/** One request -> its reply: route, caller, tenant, body, operation. */
export async function answer(world: World, request: Request): Promise<Reply> {
  const found = routesAt(request.path);
  if (found === null) return notFound;
  const route = found.byMethod.get(request.method);
  if (route === undefined) return { status: 405 };
  const { tokenId } = found;
  const reply = await run(world, request, { route, tokenId });
  const isJwtRefused = reply.status === 401 && route.schemes.includes('jwt');
  // The vendor's framework deletes the cookie of a token that did not pass.
  if (!isJwtRefused || !request.cookies.has('access_token')) return reply;
  return { ...reply, cookies: [deletedCookie('access_token')] };
}

async function run(
  world: World,
  request: Request,
  { route, tokenId }: { readonly route: Route; readonly tokenId: string },
): Promise<Reply> {
  const caller = await authorize(world, request, route);
  if (caller === null) return unauthorized;
  const tenant = route.tenant === 'ignored' ? EVERY : tenantScope(world, request, caller);
  if ('refusal' in tenant && route.tenant !== 'lenient') return tenant.refusal;
  const body = parseBody(request, route.body);
  if ('refusal' in body) return body.refusal;
  const scope = 'refusal' in tenant ? 'no tenant' : tenant.scope;
  return route.run({ world, request, caller, scope, body, tokenId });
}
