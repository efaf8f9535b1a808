import type { Json, JsonObject } from '../model/index.ts';
import { isList, isObject } from './paths.ts';

/** The types of JSON Schema, numbers as one. */
export const JSON_TYPES = ['object', 'array', 'string', 'number', 'boolean', 'null'] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** What the schemas in a keyword look at, from the place that their own schema looks at. */
export type Looks =
  | 'here'
  /** Elements of the list here. */
  | 'elements'
  /** Any member of the object here. */
  | 'members'
  /** The member that has the name of the schema. */
  | 'named'
  /** The members that match the name of the schema. */
  | 'matching'
  /** Something that no tool says anything of. */
  | 'elsewhere';

interface Keyword {
  /** The only type that it says anything of; null: of all. What has names is checked by its names. */
  readonly of: JsonType | null;
  /** Null where it holds no schema. */
  readonly looks: Looks | null;
  /** Whether it holds one schema, a list or a mapping of them. */
  readonly holds: 'one' | 'list' | 'map';
}

/** A schema that stands in another one, and under what: its keyword and, in a list or mapping, its own key. */
export interface Part {
  readonly looks: Looks;
  readonly keyword: string;
  readonly key: string | number | null;
  readonly schema: Json;
}

/** Every keyword of JSON Schema 2020-12. */
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ...plain(null, '$schema $id $anchor $dynamicAnchor $comment $ref $dynamicRef type enum const'),
  ...plain(null, 'title description default deprecated readOnly writeOnly examples'),
  ...plain(null, 'required dependentRequired'),
  ...plain('number', 'multipleOf maximum exclusiveMaximum minimum exclusiveMinimum'),
  ...plain('string', 'maxLength minLength pattern format contentEncoding contentMediaType'),
  ...plain('array', 'maxItems minItems uniqueItems maxContains minContains'),
  ...plain('object', 'maxProperties minProperties'),
  ...schemas('here', null, 'one', 'not if then else'),
  ...schemas('here', null, 'list', 'allOf anyOf oneOf'),
  ...schemas('here', null, 'map', 'dependentSchemas'),
  ...schemas('elements', 'array', 'one', 'items contains unevaluatedItems'),
  ...schemas('elements', 'array', 'list', 'prefixItems'),
  ...schemas('members', 'object', 'one', 'additionalProperties unevaluatedProperties'),
  ...schemas('named', null, 'map', 'properties'),
  ...schemas('matching', null, 'map', 'patternProperties'),
  ...schemas('elsewhere', 'object', 'one', 'propertyNames'),
  ...schemas('elsewhere', 'string', 'one', 'contentSchema'),
  ...schemas('elsewhere', null, 'map', '$defs'),
]);

/** The names of all keywords. */
export const KEYWORD_NAMES: readonly string[] = [...KEYWORDS.keys()];

/** A keyword by its name; undefined where JSON Schema has none. */
export function keywordOf(name: string): Keyword | undefined {
  return KEYWORDS.get(name);
}

/** The schemas directly within a schema. */
export function partsOf(schema: JsonObject): readonly Part[] {
  return Object.entries(schema).flatMap(([keyword, value]): readonly Part[] => {
    const { looks = null, holds } = KEYWORDS.get(keyword) ?? {};
    if (looks === null) return [];
    if (holds === 'one') return [{ looks, keyword, key: null, schema: value }];
    if (isList(value)) return value.map((each, key) => ({ looks, keyword, key, schema: each }));
    if (!isObject(value)) return [];
    return Object.entries(value).map(([key, each]) => ({ looks, keyword, key, schema: each }));
  });
}

function plain(of: JsonType | null, names: string): readonly (readonly [string, Keyword])[] {
  return names.split(' ').map((name) => [name, { of, looks: null, holds: 'one' }]);
}

function schemas(looks: Looks, of: JsonType | null, holds: Keyword['holds'], names: string) {
  return names.split(' ').map((name): readonly [string, Keyword] => [name, { of, looks, holds }]);
}
