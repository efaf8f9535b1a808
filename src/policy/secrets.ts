import type { Json, Path } from '../model/index.ts';
import { isList, isObject } from './paths.ts';

/** What has the shape of a JWT, a refresh token or a key is treated as a secret, wherever it stands. */
const LOOKS_SECRET = /eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.|^[A-Za-z0-9+/_-]{40,}={0,2}$/;

/**
 * A value with every secret in it replaced.
 *
 * @param at where the value stands.
 * @param secrets where secrets stand; `*` means every element of a list. What stands below such a place is secret too.
 */
export function withoutSecrets(
  value: Json,
  at: Path,
  secrets: readonly Path[],
  replace: (secret: string) => string,
): Json {
  if (secrets.some((secret) => secret.length <= at.length && secret.every((step, i) => fits(step, at[i])))) {
    return replace(typeof value === 'string' ? value : JSON.stringify(value));
  }
  if (typeof value === 'string') return LOOKS_SECRET.test(value) ? replace(value) : value;
  if (isList(value)) return value.map((element, i) => withoutSecrets(element, [...at, i], secrets, replace));
  if (!isObject(value)) return value;
  const shown: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value))
    shown[key] = withoutSecrets(member, [...at, key], secrets, replace);
  return shown;
}

function fits(secret: string | number, step: string | number | undefined): boolean {
  return secret === step || (secret === '*' && typeof step === 'number');
}
