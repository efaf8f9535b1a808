import type { Json, Operation, UpstreamError } from '../model/index.ts';
import { isList, isObject } from '../policy/paths.ts';

/** What FusionAuth's refusal says, without any value that it may echo. */
export interface Rejection {
  readonly reason: string;
  readonly errors: readonly UpstreamError[];
}

/** Codes are `[kind]field` in FusionAuth's documentation of errors. */
const CODE = /^(\[[A-Za-z]{1,24}\])(.*)$/;

/** A 4xx of FusionAuth -> a sentence that helps, and its error codes. */
export function explainRejection(operation: Operation, status: number, body: Json): Rejection {
  const errors = errorsIn(body, namesIn(operation));
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

/** Codes and fields of an answer. Names that the operation does not have are left out: FusionAuth may echo a value. */
function errorsIn(body: Json, names: ReadonlySet<string>): readonly UpstreamError[] {
  if (!isObject(body)) return [];
  const fields = isObject(body['fieldErrors']) ? Object.entries(body['fieldErrors']) : [];
  return [
    ...fields.flatMap(([field, errors]) =>
      codesIn(errors, names).map((code) => ({ field: isKnown(field, names) ? field : null, code })),
    ),
    ...codesIn(body['generalErrors'], names).map((code) => ({ field: null, code })),
  ];
}

function codesIn(errors: Json | undefined, names: ReadonlySet<string>): readonly string[] {
  if (!isList(errors)) return [];
  return errors.flatMap((error) => {
    const code = isObject(error) ? error['code'] : undefined;
    const [, kind, field = ''] = (typeof code === 'string' ? CODE.exec(code) : null) ?? [];
    if (kind === undefined) return [];
    return isKnown(field, names) ? `${kind}${field}` : kind;
  });
}

function isKnown(field: string, names: ReadonlySet<string>): boolean {
  return field.split('.').every((name) => names.has(name));
}

/** Every name that an argument of the operation, or a part of one, has. */
function namesIn({ inputSchema, query }: Operation): ReadonlySet<string> {
  const names = new Set(Object.values(query));
  const waiting: Json[] = [inputSchema];
  for (let schema = waiting.pop(); schema !== undefined; schema = waiting.pop()) {
    if (!isObject(schema)) continue;
    for (const [name, member] of Object.entries(isObject(schema['properties']) ? schema['properties'] : {})) {
      names.add(name);
      waiting.push(member);
    }
    waiting.push(schema['items'] ?? null);
  }
  return names;
}
