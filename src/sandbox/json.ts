/** Any value that JSON text can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: Json;
}
/** An object on its way out: members that are undefined are left off. */
export type Draft =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly Draft[]
  | { readonly [key: string]: Draft };

/** Levels of nesting that the vendor's JSON reader accepts by default. */
const MAX_LEVELS = 1000;

/** JSON text -> its value; throws a SyntaxError where the text is not JSON or nested too deeply. */
export function readJson(text: string): Json {
  const value: Json = JSON.parse(text);
  if (!isShallow(value, MAX_LEVELS)) throw new SyntaxError(`nested deeper than ${MAX_LEVELS} levels`);
  return value;
}

/** A value -> compact JSON text with members in alphabetical order, as the vendor's writer has them. */
export function writeJson(value: Draft): string {
  return JSON.stringify(sorted(value));
}

/** Whether a value is an object and neither a list nor null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: Draft): Draft {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  // `fromEntries` keeps a member named `__proto__` a plain member.
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}

/** Bounds what every recursive reader after this one may meet. */
function isShallow(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1));
}
