import { type Normalised, normaliser } from '../catalog/derive.ts';
import type { Call, JsonObject, Operation, RawCall, Violation } from '../model/index.ts';
import { isObject, valueAt } from '../policy/paths.ts';
import { schemaCompiler, type Validate } from '../policy/schema.ts';
import { readObject } from './read-object.ts';

/** A call in normal form and the operation it is for. */
export interface ParsedCall {
  readonly call: Call;
  readonly operation: Operation;
}

/** A tool name and unknown arguments -> a call; null where there is no such tool. */
export type ParseCall = (raw: Pick<RawCall, 'tool' | 'args' | 'transport'>) => ParsedCall | null;

/**
 * Compiles the schemas of the operations, each once, when its first call comes: all of them together take as long as
 * the rest of a start.
 *
 * @param tenantId the tenant that the proxy is confined to; a call that names none gets it, one that names another
 *   is refused.
 */
export function callParser(operations: readonly Operation[], tenantId: string | null): ParseCall {
  const schemas = schemaCompiler();
  const rows = new Map(
    operations.map((operation) => [
      operation.name,
      {
        operation,
        normalise: normaliser(operation),
        validate: lazily(() => schemas.compile(operation.schema)),
      },
    ]),
  );
  return ({ tool, args, transport }) => {
    const row = rows.get(tool);
    if (row === undefined) return null;
    const { operation } = row;
    const { normal, violations } = toNormalForm(row, args, tenantId);
    return { operation, call: { tool, transport, args: normal, jwt: jwtOf(operation, normal), violations } };
  };
}

function lazily(compile: () => Validate): Validate {
  let compiled: Validate | undefined;
  return (value) => {
    compiled ??= compile();
    return compiled(value);
  };
}

interface NormalForm {
  readonly normal: JsonObject;
  readonly violations: readonly Violation[];
}

interface Row {
  readonly operation: Operation;
  readonly normalise: (args: JsonObject) => Normalised;
  readonly validate: Validate;
}

function toNormalForm(
  { operation, normalise, validate }: Row,
  args: RawCall['args'],
  tenantId: string | null,
): NormalForm {
  const sent = args.value === undefined ? {} : args.value;
  if (!isObject(sent)) {
    return { normal: {}, violations: [...args.faults, { path: 'args', expected: 'a value of type object' }] };
  }
  const confined = confine(operation, sent, tenantId);
  const normalised = normalise(confined.normal);
  return {
    normal: normalised.args,
    violations: joined([args.faults, confined.violations, normalised.violations, validate(normalised.args)]),
  };
}

const NONE: readonly Violation[] = [];

function joined(lists: readonly (readonly Violation[])[]): readonly Violation[] {
  return lists.some((list) => list.length > 0) ? lists.flat() : NONE;
}

function confine(operation: Operation, args: JsonObject, tenantId: string | null): NormalForm {
  if (tenantId === null || valueAt(operation.schema, ['properties', 'tenantId']) === undefined)
    return { normal: args, violations: NONE };
  const { tenantId: asked = tenantId } = args;
  const isOther = typeof asked === 'string' && asked.toLowerCase() !== tenantId;
  return {
    normal: { ...args, tenantId: asked },
    violations: isOther ? [{ path: 'args.tenantId', expected: 'the tenant of this proxy, or none' }] : [],
  };
}

function jwtOf({ jwtArg }: Operation, args: JsonObject): JsonObject | null {
  const jwt = jwtArg === null ? undefined : valueAt(args, jwtArg);
  return typeof jwt === 'string' ? decodeJwt(jwt) : null;
}

/** Claims of a JWT, not verified; null where it is not three parts with header and payload JSON objects. */
export function decodeJwt(jwt: string): JsonObject | null {
  const parts = jwt.split('.');
  if (parts.length !== 3) return null;
  const [header, payload] = parts.slice(0, 2).map(decodePart);
  return header === null || header === undefined ? null : (payload ?? null);
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** A part in which two readers could see different things, by duplicate keys or bad UTF-8, is none. */
function decodePart(part: string): JsonObject | null {
  if (!BASE64URL.test(part)) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(part, 'base64url'),
    );
    return readObject(text);
  } catch {
    return null;
  }
}
