import type { Json, JsonObject, Operator, Path, Tool } from '../model/index.ts';
import { nearest } from './located.ts';
import { isList, isObject, parsePath, writePath } from './paths.ts';

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
  call: closed({ tool: TEXT, transport: TEXT, kind: TEXT }),
  jwt: OPEN,
  time: closed({ hour: { type: 'integer' }, weekday: TEXT }),
};
const ROOT_NAMES = ['args', ...Object.keys(ROOTS), 'state'];

/**
 * What is wrong with a path of a condition, in words; null where nothing is.
 *
 * @param tools the tools that the condition can see; null where they are not known.
 */
export function pathProblem(text: string, op: Operator, tools: readonly Tool[] | null): string | null {
  const parsed = parsePath(text);
  if (parsed === null)
    return `expected a path such as \`args.tokenId\` or \`identity.roles[0]\`; found \`${text}\``;
  const { root, path } = parsed;
  if (root === 'state') {
    return 'a condition on `state.` stands only at the top level of the `conditions` of the rule with that `state`';
  }
  if (root === 'args') return tools === null ? null : argsProblem(text, path, tools);
  const schema = Object.hasOwn(ROOTS, root) ? ROOTS[root] : undefined;
  if (schema === undefined) {
    return `unknown root \`${root}\`; expected one of ${ROOT_NAMES.map((name) => `\`${name}.\``).join(', ')}`;
  }
  if (text === 'identity.claims' && op !== 'exists') return 'expected a claim, `identity.claims.NAME`';
  const wrong = follow(schema, path);
  return wrong === null ? null : memberProblem(text, root, wrong);
}

/** What is wrong with the `increment_from` of a counter, in words; null where nothing is. */
export function incrementProblem(text: string, tools: readonly Tool[] | null): string | null {
  if (parsePath(text)?.root !== 'args')
    return `expected a path that begins with \`args.\`; found \`${text}\``;
  return pathProblem(text, 'lte', tools);
}

/** The schemas that the tools have at an `args.` path; empty where none has it or it is open there. */
export function schemasAt(text: string, tools: readonly Tool[]): readonly JsonObject[] {
  const parsed = parsePath(text);
  if (parsed === null || parsed.root !== 'args') return [];
  return tools.flatMap((tool) => {
    let schema: Json | undefined = tool.schema;
    for (const step of parsed.path) schema = isObject(schema) ? memberOf(schema, step) : undefined;
    return isObject(schema) ? [schema] : [];
  });
}

type Wrong = { readonly why: 'no_member' | 'beyond_scalar' | 'list'; readonly known: readonly string[] };

function argsProblem(text: string, path: Path, tools: readonly Tool[]): string | null {
  const wrongs = tools.map((tool) => follow(tool.schema, path));
  if (wrongs.length === 0 || wrongs.includes(null)) return null;
  if (wrongs.every((wrong) => wrong?.why !== 'no_member'))
    return memberProblem(text, 'args', wrongs[0] ?? null);
  const near = nearestPath(path, tools);
  return `no tool here has \`${text}\` in normal form${near === null ? '' : `; did you mean \`${near}\`?`}`;
}

function memberProblem(text: string, root: string, wrong: Wrong | null): string {
  if (wrong?.why === 'list')
    return `\`${text}\` goes on with a name where a list is; expected an index such as \`[0]\``;
  if (wrong?.why === 'beyond_scalar') return `\`${text}\` goes on beyond a single value`;
  const known = (wrong?.known ?? []).map((name) => `\`${name}\``).join(', ');
  return `unknown member in \`${text}\`; \`${root}.\` has ${known}`;
}

/** Follows a path through a schema; null where something may stand at its end. */
function follow(schema: JsonObject, path: Path): Wrong | null {
  let here: Json = schema;
  for (const step of path) {
    if (!isObject(here)) return null;
    const type = here['type'];
    if (typeof type === 'string' && type !== 'object' && type !== 'array')
      return { why: 'beyond_scalar', known: [] };
    if (type === 'array' && typeof step === 'string') return { why: 'list', known: [] };
    const member = memberOf(here, step);
    if (member === undefined) return { why: 'no_member', known: Object.keys(propertiesOf(here)) };
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

/** An argument path that ends in the same name, else the one with the fewest edits. */
function nearestPath(path: Path, tools: readonly Tool[]): string | null {
  const all = [...new Set(tools.flatMap((tool) => pathsOf(tool.schema, [])))];
  const last = path[path.length - 1];
  return all.find((each) => each.endsWith(`.${last}`)) ?? nearest(writePath('args', path), all);
}

function pathsOf(schema: JsonObject, at: Path): readonly string[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, member]) => {
    const path = [...at, name];
    return [writePath('args', path), ...(isObject(member) && !isList(member) ? pathsOf(member, path) : [])];
  });
}
