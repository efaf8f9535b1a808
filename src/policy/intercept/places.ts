import type { Operation } from '../../model/index.ts';
import { clip, type Words } from '../located.ts';
import { isGlob, means } from '../names.ts';
import { parsePath } from '../paths.ts';
import { pathProblem } from '../vocabulary.ts';

/** A key of `tools` in the file, and what it means here. */
export interface Place {
  /** As written in the file; counters are named by it. */
  readonly source: string;
  /** As it is written here. */
  readonly key: string;
  /** The tools that it means here; null where tools are not known. */
  readonly tools: readonly Operation[] | null;
}

/** What a foreign name of a tool is here. */
export type FoundTool =
  | { readonly found: 'tool'; readonly place: Place; readonly clientName: boolean }
  /** A `*` within a name, which is no wildcard in Intercept. */
  | { readonly found: 'glob'; readonly place: Place }
  | { readonly found: 'misspelt'; readonly name: string }
  | { readonly found: 'nothing' };

/** A name of a tool in Intercept -> what it is here: MCP name, operation id, or the name in a client of FusionAuth. */
export function findTool(source: string, tools: readonly Operation[] | null): FoundTool {
  if (source === '*') return { found: 'tool', place: { source, key: '*', tools }, clientName: false };
  if (isGlob(source)) {
    const matched = tools?.filter((tool) => means(source, tool)) ?? null;
    if (matched?.length === 0) return { found: 'nothing' };
    return { found: 'glob', place: { source, key: source, tools: matched } };
  }
  if (tools === null) return { found: 'tool', place: { source, key: source, tools }, clientName: false };
  const own = tools.find((tool) => means(source, tool));
  if (own !== undefined)
    return { found: 'tool', place: { source, key: source, tools: [own] }, clientName: false };
  const client = tools.find(({ clientNames }) => clientNames.includes(source));
  if (client !== undefined)
    return { found: 'tool', place: { source, key: client.operationId, tools: [client] }, clientName: true };
  const alike = tools.find(({ name, operationId }) =>
    [name, operationId].some((each) => bare(each) === bare(source)),
  );
  return alike === undefined ? { found: 'nothing' } : { found: 'misspelt', name: alike.operationId };
}

function bare(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9*]/g, '');
}

/** The paths of arguments here for a path in Intercept, which reads arguments as they were sent. */
export type FoundPath =
  | { readonly ok: true; readonly paths: readonly string[] }
  | { readonly ok: false; readonly why: Words };

/**
 * Follows the ways in which arguments are called otherwise here: `requestBody` is `body`, `kid` is `keyId`, and
 * selectors of a body stand at the top. Under several tools there can be several paths; the first is the literal one.
 */
export function findPath(path: string, tools: readonly Operation[] | null): FoundPath {
  if (/[[\]]/.test(path))
    return { ok: false, why: `\`${clip(path)}\` has an index, which Intercept does not know` };
  if (parsePath(path) === null) return { ok: false, why: `\`${clip(path)}\` is not a path of names` };
  if (tools === null) return { ok: true, paths: [path] };
  const renamed = path.replace(/^args\.requestBody(?=\.|$)/, 'args.body');
  const candidates = [renamed, ...new Set(tools.map((tool) => movedIn(renamed, tool)))];
  const paths = [...new Set(candidates)].filter((each) => pathProblem(each, 'exists', tools) === null);
  if (paths.length > 0) return { ok: true, paths };
  return { ok: false, why: pathProblem(renamed, 'exists', tools) ?? '' };
}

function movedIn(path: string, { selectors, query }: Operation): string {
  const selector = selectors.find((name) => path === `args.body.${name}`);
  if (selector !== undefined) return `args.${selector}`;
  const named = Object.entries(query).find(([, onTheWire]) => path === `args.${onTheWire}`);
  return named === undefined ? path : `args.${named[0]}`;
}

/** Whether some tool here takes members out of its `body`, so that an absent `body` says nothing. */
export function bodyMoves(path: string, tools: readonly Operation[] | null): boolean {
  return (
    /^args\.(?:body|requestBody)$/.test(path) && (tools ?? []).some(({ selectors }) => selectors.length > 0)
  );
}
