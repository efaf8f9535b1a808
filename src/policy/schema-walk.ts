import { RE2JS } from 're2js';
import type { Json, JsonObject, Position } from '../model/index.ts';
import { impossibleKeyword } from './impossible.ts';
import { JSON_TYPES, KEYWORD_NAMES, keywordOf } from './keywords.ts';
import { whyNever } from './impossible-value.ts';
import { clip, type Report, suggestion } from './located.ts';
import { isList, isObject } from './paths.ts';
import { isId, needsCapital } from './pointless.ts';
import type { Resolve } from './pointers.ts';
import { FORMATS } from './schema.ts';
import { type NamesMatching, visitsOf } from './schema-visits.ts';
import { memberOf, membersOf, namesOf, type Targets, typesOf } from './targets.ts';

const TYPES: ReadonlySet<string> = new Set(JSON_TYPES);
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
/** A schema is visited once for each place that it looks at, and patterns can make many places out of few. */
const MAX_STEPS = 200_000;

/** Keywords that are read as if they did something, and are notes for people alone. */
const NOTES: ReadonlyMap<string, string> = new Map([
  ['default', 'what a call leaves out stays out; `required` asks for it'],
  ['readOnly', '`false` in place of the schema refuses what a call gives'],
  ...['contentEncoding', 'contentMediaType', 'contentSchema'].map(
    (name) => [name, 'a text is not decoded; `pattern` looks at it as it is'] as const,
  ),
]);

/** One walk over one schema, beside what the tools accept at each place: what they do not have is reported. */
export class SchemaWalk {
  private readonly root: JsonObject;
  private readonly resolve: Resolve;
  private readonly report: Report;
  private readonly patterns = new Map<string, RE2JS | null>();
  /** Schemas visited and names looked up. */
  private steps = 0;

  constructor(root: JsonObject, resolve: Resolve, report: Report) {
    this.root = root;
    this.resolve = resolve;
    this.report = report;
  }

  /** @param at where the whole stands, for what has no place of its own. */
  run(targets: Targets, at: Position): void {
    const { resolve, matching } = this;
    for (const visit of visitsOf(this.root, targets, { resolve, matching })) {
      if (this.steps++ > MAX_STEPS) {
        this.report.error(at, 'too_large', 'expected `arguments` that look at fewer places');
        return;
      }
      if (visit.isFirst) this.checkKeywords(visit.schema, visit.targets);
      if (visit.targets === null) continue;
      this.checkNames(visit.schema, visit.targets);
      this.warnOfTypes(visit.schema, visit.targets);
      this.warnOfValues(visit.schema, visit.targets);
    }
  }

  private checkKeywords(schema: JsonObject, targets: Targets): void {
    for (const [keyword, value] of Object.entries(schema)) {
      const at = this.report.placeOf(schema, keyword);
      if (keywordOf(keyword) !== undefined) {
        this.checkValue(keyword, value, at);
        const why = NOTES.get(keyword);
        if (why !== undefined && value !== false)
          this.report.warn(at, 'never_applies', `\`${keyword}\` checks nothing: ${why}`);
      } else {
        this.report.error(at, 'unknown_keyword', () => {
          const isArgument = namesOf(targets).includes(keyword);
          const hint = isArgument
            ? '; arguments stand under `properties`'
            : suggestion(keyword, KEYWORD_NAMES);
          return `unknown keyword \`${clip(keyword)}\` of JSON Schema${hint}`;
        });
      }
    }
    const impossible = impossibleKeyword(schema);
    if (impossible !== null) {
      const message = `\`${impossible}\` and what stands beside it accept no value that they are about`;
      this.report.warn(this.report.placeOf(schema, impossible), 'never_valid', message);
    }
    if (schema !== this.root && schema['$id'] !== undefined) {
      const expected = 'expected `$id` only at the top: references are read from there';
      this.report.error(this.report.placeOf(schema, '$id'), 'bad_schema', expected);
    }
  }

  private checkValue(keyword: string, value: Json, at: Position): void {
    if (keyword === '$schema' && value !== DRAFT) {
      this.report.error(at, 'bad_schema', `expected \`${DRAFT}\` as \`$schema\``);
    }
    if (keyword === 'patternProperties' && isObject(value)) {
      for (const pattern of Object.keys(value))
        this.checkPattern(pattern, this.report.placeOf(value, pattern));
    }
    // What is no text where one belongs is told of by JSON Schema's own schema.
    if (typeof value !== 'string') return;
    if (keyword === '$ref' || keyword === '$dynamicRef') this.checkRef(keyword, value, at);
    if (keyword === 'format' && !Object.hasOwn(FORMATS, value)) {
      const names = Object.keys(FORMATS).map((name) => `\`${name}\``);
      this.report.error(
        at,
        'unknown_format',
        `unknown format \`${clip(value)}\`; expected one of ${names.join(', ')}`,
      );
    }
    if (keyword === 'pattern') this.checkPattern(value, at);
  }

  private checkRef(keyword: string, ref: string, at: Position): void {
    if (!ref.startsWith('#')) {
      const expected = `expected a \`${keyword}\` within the document, beginning with \`#\``;
      this.report.error(at, 'bad_schema', expected);
    } else if (this.resolve(ref) === undefined) {
      this.report.error(at, 'bad_schema', `nothing stands at \`${clip(ref)}\``);
    }
  }

  private checkPattern(pattern: string, at: Position): void {
    try {
      this.patterns.set(pattern, RE2JS.compile(pattern));
    } catch (error) {
      const why = error instanceof Error ? clip(error.message, 200) : 'it does not compile';
      this.report.error(at, 'bad_regex', `expected a regular expression in RE2 syntax: ${why}`);
    }
  }

  private readonly matching: NamesMatching = (pattern) => {
    const compiled = this.patterns.get(pattern);
    return compiled ? (name) => compiled.matcher(name).find() : null;
  };

  /** Every name that a schema speaks of is one that some tool has. */
  private checkNames(schema: JsonObject, targets: Targets): void {
    for (const keyword of ['properties', 'dependentSchemas', 'dependentRequired', 'patternProperties']) {
      const named = schema[keyword];
      if (!isObject(named)) continue;
      for (const [name, value] of Object.entries(named)) {
        const at = this.report.placeOf(named, name);
        if (keyword === 'patternProperties') this.checkMatch(name, targets, at);
        else this.checkName(name, targets, at);
        if (keyword === 'dependentRequired') this.checkList(value, targets);
      }
    }
    this.checkList(schema['required'], targets);
  }

  private checkList(names: Json | undefined, targets: Targets): void {
    if (!isList(names)) return;
    names.forEach((name, i) => {
      if (typeof name === 'string') this.checkName(name, targets, this.report.placeOf(names, i));
    });
  }

  private checkName(name: string, targets: Targets, at: Position): void {
    this.steps++;
    if (memberOf(targets, name)?.length !== 0) return;
    this.report.error(at, 'unknown_argument', () => {
      const near = suggestion(name, namesOf(targets));
      return `no tool here has the argument \`${clip(name)}\`; ${expectedOf(targets)}${near}`;
    });
  }

  private checkMatch(pattern: string, targets: Targets, at: Position): void {
    this.steps++;
    const fits = this.matching(pattern);
    if (fits === null || membersOf(targets, fits)?.length !== 0) return;
    this.report.error(at, 'unknown_argument', () => {
      return `no tool here has an argument that matches \`${clip(pattern)}\`; ${expectedOf(targets)}`;
    });
  }

  /** A keyword of another type than the value has is legal and does nothing. */
  private warnOfTypes(schema: JsonObject, targets: Targets): void {
    const types = typesOf(targets);
    if (types === null) return;
    const accepted = typesOf([schema]);
    if (accepted?.every((type) => TYPES.has(type) && !types.includes(type))) {
      const message = `this accepts nothing: what stands here is \`${types.join('` or `')}\``;
      this.report.warn(this.report.placeOf(schema, 'type'), 'never_valid', message);
    }
    for (const keyword of Object.keys(schema)) {
      const of = keywordOf(keyword)?.of ?? null;
      if (of === null || types.includes(of)) continue;
      const message = `\`${keyword}\` never applies: it is about type \`${of}\`, and what stands here is \`${types.join('` or `')}\``;
      this.report.warn(this.report.placeOf(schema, keyword), 'never_applies', message);
    }
  }

  /** What is compared with a value, and what stands here is never equal to. */
  private warnOfValues(schema: JsonObject, targets: readonly JsonObject[]): void {
    const { const: only, enum: some, pattern } = schema;
    const warn = (keyword: string, message: string) =>
      this.report.warn(this.report.placeOf(schema, keyword), 'never_equal', message);
    for (const [keyword, values] of [
      ['const', only === undefined ? [] : [only]],
      ['enum', isList(some) ? some : []],
    ] as const) {
      const why = values
        .map((each) => (each === null ? null : whyNever(each, targets)))
        .find((each) => each !== null);
      if (why !== undefined) warn(keyword, `what stands here ${why}`);
    }
    if (typeof pattern === 'string' && targets.length > 0 && targets.every(isId) && needsCapital(pattern)) {
      warn('pattern', 'ids are compared in lower case; none matches this');
    }
  }
}

function expectedOf(targets: Targets): string {
  const names = namesOf(targets).map((name) => `\`${name}\``);
  return names.length === 0 ? 'expected no members here' : `expected one of ${names.join(', ')}`;
}
