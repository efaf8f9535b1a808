import type { Json, JsonObject, Operator, Path, Tool } from '../model/index.ts';
import { clip, didYouMean, nearest, suggestion, type Words } from './located.ts';
import { isObject, parsePath, writePath } from './paths.ts';

const MAX_NAMES_TOLD = 12;
const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT };
const OPEN = { type: 'object' };

function closed(properties: JsonObject): JsonObject {
  return { type: 'object', additionalProperties: false, properties };
}

/** What the roots hold whose members the language fixes, and the open `jwt.`; `args.` is the tools' own. */
const ROOTS: Readonly<Record<string, JsonObject>> = {
  identity: closed({
    sub: TEXT,
    client_id: TEXT,
    issuer: TEXT,
    tenant: TEXT,
    project: TEXT,
    email: TEXT,
    roles: TEXTS,
    scopes: TEXTS,
    groups: TEXTS,
    resources: TEXTS,
    anonymous: { type: 'boolean' },
    claims: OPEN,
  }),
  call: closed({
    tool: TEXT,
    transport: { type: 'string', enum: ['stdio', 'http', 'rest'] },
    kind: { type: 'string', enum: ['read', 'reveal', 'mint', 'revoke'] },
  }),
  jwt: OPEN,
  time: closed({
    hour: { type: 'integer', minimum: 0, maximum: 23 },
    weekday: { type: 'string', enum: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
  }),
};
/** What other languages call the roots. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ...['user', 'principal', 'caller', 'subject', 'client', 'claims'].map(
    (word) => [word, 'identity.'] as const,
  ),
  ...['$', 'input', 'request', 'params', 'arguments', 'arg'].map((word) => [word, 'args.'] as const),
  ['body', 'args.body.'],
  ['token', 'jwt.'],
  ['tool', 'call.tool'],
]);
/** The roots of paths. */
export const ROOT_NAMES = ['args', ...Object.keys(ROOTS), 'state'];

/**
 * What is wrong with a path of a condition, in words; null where nothing is.
 *
 * @param tools the tools that the condition can see; null where they are not known.
 */
export function pathProblem(text: string, op: Operator, tools: readonly Tool[] | null): Words | null {
  const parsed = parsePath(text);
  if (parsed === null) {
    return () => {
      const near = /^\w+$/.test(text) ? pathTo(text, tools ?? []) : null;
      return `expected a path such as \`args.tokenId\` or \`identity.roles[0]\`; found \`${clip(text)}\`${didYouMean(near)}`;
    };
  }
  const { root, path } = parsed;
  if (root === 'state') {
    return 'a condition on `state.` stands only at the top level of the `conditions` of the rule with that `state`';
  }
  if (root === 'args') return tools === null ? null : argsProblem(text, path, tools);
  const schema = Object.hasOwn(ROOTS, root) ? ROOTS[root] : undefined;
  if (schema === undefined) {
    const expected = ROOT_NAMES.map((name) => `\`${name}.\``).join(', ');
    const meant =
      ELSEWHERE.get(root) ??
      nearest(
        `${root}.`,
        ROOT_NAMES.map((name) => `${name}.`),
      );
    return `unknown root \`${clip(root)}\`; expected one of ${expected}${didYouMean(meant)}`;
  }
  if (text === 'identity.claims' && op !== 'exists') return 'expected a claim, `identity.claims.NAME`';
  const wrong = follow(schema, path);
  return wrong === null ? null : memberProblem(text, root, wrong);
}

/** What is wrong with the `increment_from` of a counter, in words; null where nothing is. */
export function incrementProblem(text: string, tools: readonly Tool[] | null): Words | null {
  if (parsePath(text)?.root !== 'args')
    return `expected a path that begins with \`args.\`; found \`${clip(text)}\``;
  return pathProblem(text, 'lte', tools);
}

/** What may stand at a path, a schema for each tool that has it; an empty schema where anything may. */
export function schemasAt(text: string, tools: readonly Tool[]): readonly JsonObject[] {
  const parsed = parsePath(text);
  if (parsed === null) return [];
  if (text === 'call.tool')
    return tools.length === 0 ? [] : [{ type: 'string', enum: tools.map(({ name }) => name) }];
  const root = Object.hasOwn(ROOTS, parsed.root) ? ROOTS[parsed.root] : undefined;
  const roots = root === undefined ? tools.map((tool) => tool.schema) : [root];
  return roots
    .map((each) => schemaAt(each, parsed.path))
    .filter((schema) => schema !== undefined)
    .map((schema) => (isObject(schema) ? schema : {}));
}

function schemaAt(root: JsonObject, path: Path): Json | undefined {
  let schema: Json | undefined = root;
  for (const step of path) schema = isObject(schema) ? memberOf(schema, step) : schema;
  return schema;
}

type Wrong =
  | { readonly why: 'no_member'; readonly step: string; readonly known: readonly string[] }
  | { readonly why: 'beyond_scalar' | 'name_of_list' | 'index_of_object' };

function argsProblem(text: string, path: Path, tools: readonly Tool[]): Words | null {
  const wrongs = tools.map((tool) => follow(tool.schema, path));
  if (wrongs.length === 0 || wrongs.includes(null)) return null;
  const [first] = wrongs;
  if (first && wrongs.every((wrong) => wrong?.why !== 'no_member')) return memberProblem(text, 'args', first);
  return () => {
    const near = nearestPath(path, tools);
    const isAbove = near === null || text.startsWith(`${near}.`);
    return `no tool here has \`${clip(text)}\` in normal form${isAbove ? beside(path, tools) : didYouMean(near)}`;
  };
}

function memberProblem(text: string, root: string, wrong: Wrong): string {
  const path = `\`${clip(text)}\``;
  switch (wrong.why) {
    case 'name_of_list':
      return `${path} goes on with a name where a list is; expected an index such as \`[0]\``;
    case 'index_of_object':
      return `${path} goes on with an index where an object is; expected a name`;
    case 'beyond_scalar':
      return `${path} goes on beyond a single value`;
    case 'no_member': {
      const known = wrong.known.map((name) => `\`${name}\``).join(', ');
      return `unknown member in ${path}; \`${root}.\` has ${known}${suggestion(wrong.step, wrong.known)}`;
    }
  }
}

/** Follows a path through a schema; null where something may stand at its end. */
function follow(schema: JsonObject, path: Path): Wrong | null {
  let here: Json = schema;
  for (const step of path) {
    if (!isObject(here)) return null;
    const type = here['type'];
    if (typeof type === 'string' && type !== 'object' && type !== 'array') return { why: 'beyond_scalar' };
    if (type === 'array' && typeof step === 'string') return { why: 'name_of_list' };
    if (type === 'object' && typeof step === 'number') return { why: 'index_of_object' };
    const member = memberOf(here, step);
    if (member === undefined)
      return { why: 'no_member', step: String(step), known: Object.keys(propertiesOf(here)) };
    here = member;
  }
  return null;
}

/** The schema of a member; `true` where anything may stand; undefined where nothing can. */
function memberOf(schema: JsonObject, step: string | number): Json | undefined {
  const type = schema['type'];
  if (typeof step === 'number') {
    if (type === 'object') return undefined;
    return schema['items'] ?? true;
  }
  const properties = propertiesOf(schema);
  if (Object.hasOwn(properties, step)) return properties[step];
  const others = schema['additionalProperties'] ?? true;
  return others === false ? undefined : others;
}

function propertiesOf(schema: JsonObject): JsonObject {
  return isObject(schema['properties']) ? schema['properties'] : {};
}

/** What stands in the last part of a path that there is; empty where that is nothing or much. */
function beside(path: Path, tools: readonly Tool[]): string {
  const above = path.slice(0, -1);
  const names = new Set(
    tools.flatMap((tool) => {
      const schema = schemaAt(tool.schema, above);
      return isObject(schema) ? Object.keys(propertiesOf(schema)) : [];
    }),
  );
  if (names.size === 0 || names.size > MAX_NAMES_TOLD) return '';
  return `; \`${writePath('args', above)}\` has ${[...names].map((name) => `\`${name}\``).join(', ')}`;
}

/** A path that ends in this word; null where there is none. */
function pathTo(word: string, tools: readonly Tool[]): string | null {
  const paths = Object.entries(ROOTS).flatMap(([root, schema]) => {
    return Object.keys(propertiesOf(schema)).map((name) => `${root}.${name}`);
  });
  const all = [...paths, ...tools.flatMap((tool) => pathsOf(tool.schema, []))];
  return all.find((each) => each.endsWith(`.${word}`)) ?? null;
}

/** An argument path that ends in the same name, else the one with the fewest edits. */
function nearestPath(path: Path, tools: readonly Tool[]): string | null {
  const all = [...new Set(tools.flatMap((tool) => pathsOf(tool.schema, [])))];
  const last = path[path.length - 1];
  return all.find((each) => each.endsWith(`.${last}`)) ?? nearest(writePath('args', path), all);
}

function pathsOf(schema: JsonObject, at: Path): readonly string[] {
  const { items } = schema;
  if (isObject(items)) return pathsOf(items, [...at, 0]);
  return Object.entries(propertiesOf(schema)).flatMap(([name, member]) => {
    const path = [...at, name];
    return [writePath('args', path), ...(isObject(member) ? pathsOf(member, path) : [])];
  });
}
