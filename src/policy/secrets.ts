import type { Json, Path } from '../model/index.ts';
import { isList, isObject } from './paths.ts';
import { isUuid } from './uuid.ts';

/** What is a secret, and what stands in its place. */
export interface Redaction {
  /** Where secrets stand; `*` means every element of a list. What stands below such a place is secret too. */
  readonly places: readonly Path[];
  /** Whether a text is to be taken for a secret wherever it stands, as a value or as a name. */
  readonly isSecret: (text: string) => boolean;
  readonly replace: (secret: string) => string;
}

const JWT = /eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\./;
const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const RUNS = /[A-Za-z0-9+/_-]{32,}/g;

/** Whether a text has a JWT in it. */
export function looksLikeJwt(text: string): boolean {
  return JWT.test(text);
}

/** Whether a text has in it what could be a JWT, a refresh token, an API key or a session id; an id is none. */
export function looksSecret(text: string): boolean {
  if (text.length < 20 || isUuid(text)) return false;
  return looksLikeJwt(text) || (text.replaceAll(UUIDS, ' ').match(RUNS) ?? []).some(isRandom);
}

/**
 * One of two hundred random texts of 32 characters has no digit; of its letters nearly half are capitals, of a name's
 * at most every fourth.
 */
function isRandom(run: string): boolean {
  const share = (letters: RegExp) => (run.match(letters)?.length ?? 0) / run.length;
  return /[0-9]/.test(run) || Math.min(share(/[A-Z]/g), share(/[a-z]/g)) > 1 / 4;
}

/** A text that is to be shown: what looks like a credential is blotted out, and takes as many columns. */
export function blotted(text: string): string {
  return text.replaceAll(/[\w+/.-]{20,}/g, (run) => (looksSecret(run) ? '•'.repeat(run.length) : run));
}

/**
 * A value with every secret in it replaced.
 *
 * @param at where the value stands.
 */
export function withoutSecrets(value: Json, at: Path, redaction: Redaction): Json {
  return shownAt(value, [...at], redaction);
}

/** `at` is where the value stands while it is looked at; it is left as it was. */
function shownAt(value: Json, at: (string | number)[], redaction: Redaction): Json {
  const { isSecret, replace } = redaction;
  if (isSecretPlace(at, redaction)) {
    return replace(typeof value === 'string' ? value : JSON.stringify(value));
  }
  if (typeof value === 'string') return isSecret(value) ? replace(value) : value;
  const below = (step: string | number, member: Json) => {
    at.push(step);
    const shown = shownAt(member, at, redaction);
    at.pop();
    return shown;
  };
  if (isList(value)) return value.map((element, i) => below(i, element));
  if (!isObject(value)) return value;
  const shown: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    shown[isSecret(name) ? replace(name) : name] = below(name, member);
  }
  return shown;
}

function isSecretPlace(at: Path, { places }: Redaction): boolean {
  for (const place of places) {
    if (place.length <= at.length && place.every((step, i) => fits(step, at[i]))) return true;
  }
  return false;
}

function fits(secret: string | number, step: string | number | undefined): boolean {
  return secret === step || (secret === '*' && typeof step === 'number');
}
