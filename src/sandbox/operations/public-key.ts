import { notFound, ok, type Reply, refused } from '../errors.ts';
import { convert, optionalUuid } from '../fields.ts';
import { jwkOf, type Key, pemOf } from '../keys.ts';
import type { Ask } from '../operation.ts';
import { visible } from '../tenant-scope.ts';

/** GET /api/jwt/public-key: by `kid`, by application, or all of them. */
export async function publicKey({ world, request, scope }: Ask): Promise<Reply> {
  const kid = request.query.get('kid');
  const applicationId = convert(request.query.get('applicationId'));
  if (applicationId === null) return refused(optionalUuid('applicationId', applicationId));
  if (kid) return onePem(world.keysByKid.get(kid));
  if (applicationId !== undefined) {
    const application = visible(scope, world.applications.get(applicationId));
    return onePem(application?.jwtIsOwn ? world.keys.get(application.jwt.accessTokenKeyId) : undefined);
  }
  const pems = await Promise.all([...world.keysByKid].map(async ([name, key]) => [name, await pemOf(key)]));
  return ok({ publicKeys: Object.fromEntries(pems.filter(([, pem]) => pem !== null)) });
}

/** GET /.well-known/jwks.json: the public halves of every tenant. */
export async function jwks({ world }: Ask): Promise<Reply> {
  const keys = await Promise.all([...world.keys.values()].map(jwkOf));
  return ok({ keys: keys.filter((key) => key !== null) });
}

async function onePem(key: Key | undefined): Promise<Reply> {
  const pem = key === undefined ? null : await pemOf(key);
  return pem === null ? notFound : ok({ publicKey: pem });
}
