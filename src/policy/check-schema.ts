import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js';
import type { JsonObject, Position } from '../model/index.ts';
import { clip, type Report } from './located.ts';
import { placeOfPointer, resolver } from './pointers.ts';
import { newAjv } from './schema.ts';
import { checkEnds, gatherSchemas, MAX_SCHEMAS } from './schema-size.ts';
import { SchemaWalk } from './schema-walk.ts';
import type { Targets } from './targets.ts';

/**
 * Reports what is wrong with the `arguments` of a tool key (policy-language.md, "Bounds on arguments").
 *
 * @param targets the input schemas of the tools that the key matches; null where tools are not known.
 * @param at where the key stands.
 */
export type CheckSchema = (schema: JsonObject, targets: Targets, at: Position) => void;

/** A check of all the `arguments` of one file, which share one bound. */
export function schemaChecker(report: Report): CheckSchema {
  /** Made once a file has `arguments`: many have none. */
  let ajv: Ajv2020 | undefined;
  /** Null once there were too many, which is told once. */
  let left: number | null = MAX_SCHEMAS;
  return (schema, targets, at) => {
    if (left === null) return;
    const before = report.errors;
    const resolve = resolver(schema);
    const gathered = gatherSchemas(schema, { resolve, most: left }, { report, at });
    left = gathered === null ? null : left - gathered.size;
    if (gathered === null) return;
    checkEnds(gathered.schemas, resolve, report);
    new SchemaWalk(schema, resolve, report).run(targets, at);
    ajv ??= checkingAjv();
    const { $schema: _, ...body } = schema;
    if (!ajv.validateSchema(body)) reportInvalid(schema, ajv.errors ?? [], report, at);
    if (report.errors === before) compile(schema, ajv, report, at);
  };
}

function checkingAjv(): Ajv2020 {
  const ajv = newAjv({ allErrors: true });
  // To tell whether it may put a schema in the place of its `$ref`, Ajv reads every list in it twice, and so for
  // each list in a list. JSON Schema's own schema is compiled by now, and is the faster for it.
  ajv.opts.inlineRefs = false;
  return ajv;
}

/** At most one problem for each place: what more the metaschema says of it are its other ways to be right. */
function reportInvalid(
  schema: JsonObject,
  errors: readonly ErrorObject[],
  report: Report,
  at: Position,
): void {
  for (const { instancePath, message, params } of errors) {
    const place = placeOfPointer(schema, instancePath, report) ?? at;
    if (report.hasErrorAt(place)) continue;
    // Step by step: a path as a whole may look like a credential.
    const steps = instancePath.split('/').slice(1);
    const about = steps.map((step) => clip(step)).join('/');
    report.error(place, 'bad_schema', `expected a JSON Schema: \`${about}\` ${wordsOf(params, message)}`);
  }
}

/** What is wrong, with the values that there are: Ajv only says that there are some. */
function wordsOf({ allowedValues }: ErrorObject['params'], message = 'is wrong'): string {
  const isTold = Array.isArray(allowedValues) && allowedValues.length > 0;
  return isTold ? `must be one of ${allowedValues.map((each) => `\`${String(each)}\``).join(', ')}` : message;
}

function compile(schema: JsonObject, ajv: Ajv2020, report: Report, at: Position): void {
  try {
    ajv.compile(schema);
  } catch (error) {
    const why = error instanceof Error ? clip(error.message, 200) : '';
    report.error(at, 'bad_schema', `expected a JSON Schema: ${why}`);
  }
}
