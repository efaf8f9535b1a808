import type { Ajv2020, ErrorObject } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import type { Json, JsonObject, Position } from '../model/index.ts';
import { clip, type Report, suggestion } from './located.ts';
import { isList, isObject } from './paths.ts';
import { placeOfPointer, resolve } from './pointers.ts';
import { FORMATS } from './schema.ts';

/** What a keyword of JSON Schema 2020-12 holds: a plain value, or schemas of the same or of another place. */
type Holds =
  | 'value'
  | 'here'
  | 'heres'
  | 'hereMap'
  | 'elsewhere'
  | 'elsewhereList'
  | 'elsewhereMap'
  | 'items';
const KEYWORDS: Readonly<Record<string, Holds>> = {
  ...rows('value', [
    ...[
      '$schema',
      '$id',
      '$anchor',
      '$dynamicAnchor',
      '$comment',
      '$ref',
      '$dynamicRef',
      'type',
      'enum',
      'const',
    ],
    ...['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum', 'maxLength', 'minLength'],
    ...['pattern', 'maxItems', 'minItems', 'uniqueItems', 'maxContains', 'minContains', 'maxProperties'],
    ...['minProperties', 'required', 'dependentRequired', 'format', 'title', 'description', 'default'],
    ...[
      'deprecated',
      'readOnly',
      'writeOnly',
      'examples',
      'contentEncoding',
      'contentMediaType',
      'properties',
    ],
  ]),
  ...rows('here', ['not', 'if', 'then', 'else']),
  ...rows('heres', ['allOf', 'anyOf', 'oneOf']),
  ...rows('hereMap', ['dependentSchemas']),
  ...rows('items', ['items', 'contains', 'unevaluatedItems']),
  ...rows('elsewhere', ['additionalProperties', 'propertyNames', 'unevaluatedProperties', 'contentSchema']),
  ...rows('elsewhereList', ['prefixItems']),
  ...rows('elsewhereMap', ['patternProperties', '$defs']),
};
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

function rows(holds: Holds, keywords: readonly string[]): Record<string, Holds> {
  return Object.fromEntries(keywords.map((keyword) => [keyword, holds]));
}

/** The schemas of the tools at one place of the arguments; null where anything may stand. */
type Targets = readonly JsonObject[] | null;

/**
 * Reports what is wrong with the `arguments` of a tool key (policy-language.md, "Bounds on arguments").
 *
 * @param targets the input schemas of the tools that the key matches; null where tools are not known.
 */
export function checkSchema(
  schema: JsonObject,
  targets: Targets,
  ajv: Ajv2020,
  report: Report,
  at: Position,
): void {
  const before = report.problems.length;
  new Walk(schema, report).visit(schema, targets);
  const { $schema: _, ...body } = schema;
  if (!ajv.validateSchema(body)) reportInvalid(schema, ajv.errors ?? [], report, at);
  if (report.problems.length > before) return;
  try {
    ajv.compile(schema);
  } catch (error) {
    report.error(
      at,
      'bad_schema',
      `expected a JSON Schema: ${error instanceof Error ? clip(error.message, 200) : ''}`,
    );
  }
}

/** At most one problem for each place: what more the metaschema says of it are its other ways to be right. */
function reportInvalid(
  schema: JsonObject,
  errors: readonly ErrorObject[],
  report: Report,
  at: Position,
): void {
  for (const { instancePath, message } of errors) {
    const place = placeOfPointer(schema, instancePath, report) ?? at;
    const isTold = report.problems.some(
      ({ at: { line, column } }) => line === place.line && column === place.column,
    );
    if (isTold) continue;
    report.error(
      place,
      'bad_schema',
      `expected a JSON Schema: \`${clip(instancePath.slice(1))}\` ${message}`,
    );
  }
}

/** One walk over one schema. Its life is one `checkSchema`. */
class Walk {
  private readonly followed = new Set<Json>();
  private readonly root: JsonObject;
  private readonly report: Report;

  constructor(root: JsonObject, report: Report) {
    this.root = root;
    this.report = report;
  }

  visit(schema: Json | undefined, targets: Targets): void {
    if (!isObject(schema)) return;
    for (const [keyword, value] of Object.entries(schema)) {
      const at = this.report.placeOf(schema, keyword);
      const holds = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
      if (holds === undefined) {
        const near = suggestion(keyword, Object.keys(KEYWORDS));
        this.report.error(
          at,
          'unknown_keyword',
          `unknown keyword \`${clip(keyword)}\` of JSON Schema${near}`,
        );
      } else {
        this.checkValue(keyword, value, at);
        this.descend(holds, value, targets);
      }
    }
    this.checkNames(schema, targets);
  }

  private descend(holds: Holds, value: Json, targets: Targets): void {
    const members = isList(value) ? value : isObject(value) ? Object.values(value) : [];
    if (holds === 'here') this.visit(value, targets);
    else if (holds === 'heres' || holds === 'hereMap') for (const each of members) this.visit(each, targets);
    else if (holds === 'items') this.visit(value, elementsOf(targets));
    else if (holds === 'elsewhere') this.visit(value, null);
    else if (holds !== 'value') for (const each of members) this.visit(each, null);
  }

  private checkValue(keyword: string, value: Json, at: Position): void {
    if (keyword === '$schema' && value !== DRAFT) {
      this.report.error(at, 'bad_schema', `expected \`${DRAFT}\` as \`$schema\``);
    }
    if (keyword === '$ref' || keyword === '$dynamicRef') this.checkRef(keyword, String(value), at);
    if (keyword === 'format' && !Object.hasOwn(FORMATS, String(value))) {
      const names = Object.keys(FORMATS).map((name) => `\`${name}\``);
      this.report.error(
        at,
        'unknown_format',
        `unknown format \`${clip(String(value))}\`; expected one of ${names.join(', ')}`,
      );
    }
    if (keyword === 'pattern') this.checkPattern(String(value), at);
    if (keyword === 'patternProperties' && isObject(value)) {
      for (const pattern of Object.keys(value))
        this.checkPattern(pattern, this.report.placeOf(value, pattern));
    }
  }

  private checkRef(keyword: string, ref: string, at: Position): void {
    if (!ref.startsWith('#')) {
      const expected = `expected a \`${keyword}\` within the document, beginning with \`#\``;
      this.report.error(at, 'bad_schema', expected);
    } else if (resolve(this.root, ref) === undefined) {
      this.report.error(at, 'bad_schema', `nothing stands at \`${clip(ref)}\``);
    }
  }

  private checkPattern(pattern: string, at: Position): void {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      const why = error instanceof Error ? clip(error.message, 200) : 'it does not compile';
      this.report.error(at, 'bad_regex', `expected a regular expression in RE2 syntax: ${why}`);
    }
  }

  private checkNames(schema: JsonObject, targets: Targets): void {
    const { properties, required, $ref, $dynamicRef } = schema;
    if (isObject(properties)) {
      for (const [name, value] of Object.entries(properties)) {
        this.checkName(name, targets, this.report.placeOf(properties, name));
        this.visit(value, membersOf(targets, name));
      }
    }
    if (isList(required)) {
      required.forEach((name, i) => {
        this.checkName(String(name), targets, this.report.placeOf(required, i));
      });
    }
    if (this.followed.has(schema)) return;
    this.followed.add(schema);
    for (const ref of [$ref, $dynamicRef]) {
      if (typeof ref === 'string' && ref.startsWith('#')) this.visit(resolve(this.root, ref), targets);
    }
  }

  private checkName(name: string, targets: Targets, at: Position): void {
    if (targets === null || membersOf(targets, name)?.length !== 0) return;
    const known = [...new Set(targets.flatMap((target) => Object.keys(propertiesOf(target))))];
    const expected =
      known.length === 0 ? 'no members here' : `one of ${known.map((each) => `\`${each}\``).join(', ')}`;
    const near = suggestion(name, known);
    this.report.error(
      at,
      'unknown_argument',
      `no tool here has the argument \`${clip(name)}\`; expected ${expected}${near}`,
    );
  }
}

function propertiesOf(schema: JsonObject): JsonObject {
  return isObject(schema['properties']) ? schema['properties'] : {};
}

/** What the tools accept under a name; empty where none accepts it, null where one accepts anything. */
function membersOf(targets: Targets, name: string): Targets {
  if (targets === null) return null;
  const members: JsonObject[] = [];
  for (const target of targets) {
    const properties = propertiesOf(target);
    const member = Object.hasOwn(properties, name) ? properties[name] : target['additionalProperties'];
    if (isObject(member)) members.push(member);
    else if (member === true || (member === undefined && isOpen(target))) return null;
  }
  return members;
}

/** Whether a schema without a word on further members is one of an object. */
function isOpen(target: JsonObject): boolean {
  return target['type'] === undefined || target['type'] === 'object';
}

function elementsOf(targets: Targets): Targets {
  if (targets === null) return null;
  const elements = targets.map((target) => target['items']).filter(isObject);
  return elements.length === 0 ? null : elements;
}
