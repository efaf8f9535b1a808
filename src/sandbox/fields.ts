import { couldNotConvert, type FieldError, missing, wrongType } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** What a JSON member must be; members that no shape names are ignored, as the vendor does. */
export type Shape = keyof typeof kinds | { readonly [member: string]: Shape };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_LONG = 2n ** 63n - 1n;
const MAX_INT = 2 ** 31 - 1;

/** A JSON type that is checked, with the Java type that the error message speaks of. */
const kinds = {
  text: { java: 'java.lang.String', fits: (value: Json) => typeof value === 'string' },
  uuid: { java: 'java.util.UUID', fits: (value: Json) => typeof value === 'string' && UUID.test(value) },
  flag: { java: 'boolean', fits: (value: Json) => typeof value === 'boolean' },
  number: { java: 'double', fits: (value: Json) => typeof value === 'number' },
  int: {
    java: 'int',
    fits: (value: Json) => Number.isInteger(value) && Math.abs(Number(value)) <= MAX_INT,
  },
  long: { java: 'java.lang.Long', fits: (value: Json) => Number.isSafeInteger(value) },
  texts: {
    java: 'java.util.List<java.lang.String>',
    fits: (value: Json) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  },
  object: { java: 'java.util.Map', fits: isObject },
} as const;

/** The context that every writing request may carry; it only travels into events. */
export const eventInfo = {
  data: 'object',
  deviceDescription: 'text',
  deviceName: 'text',
  deviceType: 'text',
  ipAddress: 'text',
  location: {
    city: 'text',
    country: 'text',
    displayString: 'text',
    latitude: 'number',
    longitude: 'number',
    region: 'text',
    zipcode: 'text',
  },
  os: 'text',
  userAgent: 'text',
} as const satisfies Shape;

/** A path or query value; `undefined` where it is absent, null where it cannot be one. */
export type Converted = string | null | undefined;

/** Text -> a UUID in lower case, or null; a bare decimal number is one too, as it is for the vendor. */
export function toUuid(text: string): string | null {
  if (UUID.test(text)) return text.toLowerCase();
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_LONG) return null;
  const hex = BigInt(text).toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A parameter as a UUID: `undefined` where it is absent or empty, null where it is not one. */
export function convert(value: string | null | undefined): Converted {
  return value === null || value === undefined || value === '' ? undefined : toUuid(value);
}

/** What is wrong with a parameter that must be a UUID; one that cannot be converted is missing as well. */
export function requiredUuid(field: string, value: Converted): readonly FieldError[] {
  return value ? [] : [...optionalUuid(field, value), missing(field)];
}

/** What is wrong with a parameter that may be left out. */
export function optionalUuid(field: string, value: Converted): readonly FieldError[] {
  return value === null ? [couldNotConvert(field)] : [];
}

/** The first member of the wrong type, or null; the vendor's reader stops there as well. */
export function firstWrongType(shape: Shape, value: Json, path = ''): FieldError | null {
  if (value === null) return null;
  if (typeof shape === 'string') {
    const { java, fits } = kinds[shape];
    return fits(value) ? null : wrongType(path, java, value);
  }
  if (!isObject(value)) return wrongType(path, 'java.lang.Object', value);
  for (const [name, member] of Object.entries(value)) {
    const wanted = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const wrong = wanted && firstWrongType(wanted, member, path === '' ? name : `${path}.${name}`);
    if (wrong) return wrong;
  }
  return null;
}

/** A text member of a body that was checked against its shape. */
export function textOf(body: JsonObject | null, name: string): string | undefined {
  const value = body?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A UUID member in lower case. */
export function uuidOf(body: JsonObject | null, name: string): string | undefined {
  return textOf(body, name)?.toLowerCase();
}

/** An object member. */
export function objectOf(body: JsonObject | null, name: string): JsonObject | undefined {
  const value = body?.[name];
  return isObject(value) ? value : undefined;
}
