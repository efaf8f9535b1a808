import type { Draft } from './json.ts';

/** What goes back over the wire; no body means an empty one. */
export interface Reply {
  readonly status: number;
  readonly body?: Draft;
  /** Values of Set-Cookie. */
  readonly cookies?: readonly string[];
}

/** One member of an error list. */
export interface FieldError {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** The refusal without a reason. */
export const unauthorized: Reply = { status: 401 };
/** The empty answer to what does not exist, or looks as if it did not. */
export const notFound: Reply = { status: 404 };
/** The empty success. */
export const done: Reply = { status: 200 };

/** Success with a body. */
export function ok(body: Draft): Reply {
  return { status: 200, body };
}

/** The refusal where several tenants exist and none is named. */
export const tenantIdRequired: Reply = general(
  '[TenantIdRequired]',
  'A Tenant Id is required to complete this request. To complete this request, you may assign a Tenant to your API key, or add the X-FusionAuth-TenantId HTTP request header with the Tenant Id.',
);

/** A refusal that names no field. */
export function general(code: string, message: string): Reply {
  return { status: 400, body: { generalErrors: [{ code, message }] } };
}

/** A refusal by field: a map of lists, and no empty `generalErrors` beside it. */
export function refused(errors: readonly FieldError[]): Reply {
  const byField = new Map<string, { code: string; message: string }[]>();
  for (const { field, code, message } of errors) {
    byField.set(field, [...(byField.get(field) ?? []), { code, message }]);
  }
  return { status: 400, body: { fieldErrors: Object.fromEntries(byField) } };
}

/** A required field that is not there. */
export function missing(field: string): FieldError {
  return { field, code: `[missing]${field}`, message: `The [${field}] property is required.` };
}

/** A field whose value cannot be used. */
export function invalid(field: string, why: string): FieldError {
  return { field, code: `[invalid]${field}`, message: `Invalid [${field}] property. ${why}` };
}

/** A path or query value of the wrong type. */
export function couldNotConvert(field: string): FieldError {
  return { field, code: `[couldNotConvert]${field}`, message: 'Invalid UUID' };
}

/** A JSON member of the wrong type; like the vendor's, the message repeats the value. */
export function wrongType(field: string, javaType: string, value: Draft): FieldError {
  const detail = `Cannot deserialize value of type \`${javaType}\` from ${JSON.stringify(value)}`;
  return { field, code: '[invalidJSON]', message: invalidJson(field, 'Possible conversion error', detail) };
}

/** The one message that all JSON faults share. */
export function invalidJson(property: string, error: string, detail: string): string {
  return `Invalid JSON in the request body. The property was [${property}]. The error was [${error}]. The detailed exception was [${detail}].`;
}
