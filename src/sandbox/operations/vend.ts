import { randomUUID } from 'node:crypto';
import { invalid, ok, type Reply, refused, tenantIdRequired } from '../errors.ts';
import { objectOf, uuidOf } from '../fields.ts';
import type { Ask } from '../operation.ts';
import { encodeJwt, seconds } from '../tokens.ts';
import { defaultTenant } from '../world.ts';

/** Claims that a request cannot set; they are dropped without a word. */
const RESERVED: ReadonlySet<string> = new Set(['amr', 'cnf', 'exp', 'iat', 'jti']);

/** POST /api/jwt/vend: a token that says what the request says; nothing is stored. */
export async function vend({ world, scope, body }: Ask): Promise<Reply> {
  const isUnnamed = typeof scope === 'string';
  if (isUnnamed && world.assumptions.vendWithoutTenant === 'refused') return tenantIdRequired;
  const { jwt } = isUnnamed ? defaultTenant(world) : scope;
  const keyId = uuidOf(body.json, 'keyId') ?? jwt.accessTokenKeyId;
  const key = world.keys.get(keyId);
  if (key === undefined) return refused([invalid('keyId', `No key exists with an Id [${keyId}].`)]);
  const ttl = Number(body.json?.['timeToLiveInSeconds'] ?? 0);
  if (ttl < 0) return refused([invalid('timeToLiveInSeconds', 'It must be positive.')]);
  const claims = Object.entries(objectOf(body.json, 'claims') ?? {}).filter(([name]) => !RESERVED.has(name));
  const iat = seconds(world.now());
  const added = { exp: iat + (ttl || jwt.timeToLiveInSeconds), iat, jti: randomUUID() };
  return ok({ token: await encodeJwt(key, { ...Object.fromEntries(claims), ...added }) });
}
