import type { Json, Operation, UpstreamError } from '../model/index.ts';
import { isList, isObject } from '../policy/paths.ts';

/** What FusionAuth's refusal says, without any value that it may echo. */
export interface Rejection {
  readonly reason: string;
  readonly errors: readonly UpstreamError[];
}

/** Codes are `[kind]field` (api-facts.md, section 1.3); whatever has another form is not repeated. */
const CODE = /^\[[A-Za-z]{1,40}\][A-Za-z0-9_.]{0,80}$/;
const FIELD = /^[A-Za-z][A-Za-z0-9_.]{0,80}$/;

/** A 4xx of FusionAuth -> a sentence that helps, and its error codes. */
export function explainRejection(operation: Operation, status: number, body: Json): Rejection {
  const errors = errorsIn(body);
  return { reason: sentence(operation, status, errors), errors };
}

function sentence({ meaning }: Operation, status: number, errors: readonly UpstreamError[]): string {
  if (status === 401) return meaning[401];
  if (status === 404) return meaning[404];
  if (errors.some(({ code }) => code === '[TenantIdRequired]')) {
    return 'FusionAuth has several tenants and needs to know which one is meant: give `tenantId`.';
  }
  const list = errors.map(({ field, code }) => (field === null ? code : `${code} on ${field}`)).join(', ');
  return `FusionAuth answered ${status}${list === '' ? '' : `: ${list}`}.`;
}

function errorsIn(body: Json): readonly UpstreamError[] {
  if (!isObject(body)) return [];
  const fields = isObject(body['fieldErrors']) ? Object.entries(body['fieldErrors']) : [];
  return [
    ...fields.flatMap(([field, errors]) =>
      codesIn(errors).map((code) => ({ field: plainField(field), code })),
    ),
    ...codesIn(body['generalErrors']).map((code) => ({ field: null, code })),
  ];
}

function codesIn(errors: Json | undefined): readonly string[] {
  if (!isList(errors)) return [];
  return errors
    .map((error) => (isObject(error) ? error['code'] : undefined))
    .filter((code): code is string => typeof code === 'string' && CODE.test(code));
}

function plainField(field: string): string | null {
  return FIELD.test(field) ? field : null;
}
