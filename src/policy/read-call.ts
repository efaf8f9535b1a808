import type { Identity, Instant, Json, JsonObject, Tool, Transport } from '../model/index.ts';
import type { CaseCall } from './cases.ts';
import { type Fields, readText, readWord } from './fields.ts';
import { clip, describe, type Located, type Report, suggestion, toJson } from './located.ts';
import { isObject } from './paths.ts';

/** A value, or what was expected instead. */
type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** What test files have in common with calls files; handed in, so that both are read by the same code. */
export interface CaseWords {
  /** What a call may name; null: any name is a tool. */
  readonly tools: readonly Tool[] | null;
  readonly identity: (value: Json) => Read<Identity>;
  /** An ISO time; null where the value is undefined. */
  readonly time: (value: Json | undefined, what: string) => Read<Instant | null>;
}

/** What the parts of a test file are read with. */
export interface CaseScope {
  readonly words: CaseWords;
  readonly callers: ReadonlyMap<string, Identity>;
  readonly report: Report;
}

export const TRANSPORTS: readonly Transport[] = ['stdio', 'http', 'rest'];

/** A call; what is left out is as in `base`. */
export function readCall(fields: Fields, base: CaseCall, scope: CaseScope): CaseCall {
  const { report } = scope;
  const [tool, args, session, transport] = ['call', 'args', 'session', 'transport'].map((key) =>
    fields.get(key),
  );
  return {
    tool: tool === undefined ? base.tool : readTool(tool, scope),
    args: args === undefined ? base.args : readArgs(args, report),
    identity: readWho(fields.get('caller'), base.identity, scope),
    session: (session && readText(session, '`session`', report)) ?? base.session,
    transport: (transport && readWord(transport, TRANSPORTS, report)) ?? base.transport,
    at: readTimeOf(fields, 'at', base.at, scope),
  };
}

function readTool(node: Located, scope: CaseScope): string {
  const name = readText(node, 'a tool', scope.report);
  return name === null ? '' : toolNamed(name, node, scope);
}

/** The name that agents use for a tool that is named by it or by its operation id. */
export function toolNamed(name: string, { at }: Located, { words: { tools }, report }: CaseScope): string {
  const tool = tools?.find((each) => each.name === name || each.operationId === name);
  if (tools !== null && tool === undefined) {
    const names = tools.flatMap((each) => [each.operationId, each.name]);
    const client = tools.find((each) => each.clientNames.includes(name));
    const near = client === undefined ? suggestion(name, names) : `; did you mean \`${client.operationId}\`?`;
    report.error(at, 'unknown_tool', `unknown tool \`${clip(name)}\`${near}`);
  }
  return tool?.name ?? name;
}

function readArgs(node: Located, report: Report): JsonObject {
  const args = toJson(node, report);
  if (isObject(args)) return args;
  report.error(node.at, 'wrong_type', `expected \`args\`, a mapping; found ${describe(node)}`);
  return {};
}

function readWho(node: Located | undefined, base: Identity, { callers, report }: CaseScope): Identity {
  const name = node && readText(node, '`caller`, a name in `callers`', report);
  if (node === undefined || name === undefined || name === null) return base;
  const identity = callers.get(name);
  if (identity === undefined) {
    const near = suggestion(name, [...callers.keys()]);
    report.error(node.at, 'unknown_caller', `\`callers\` has no \`${clip(name)}\`${near}`);
  }
  return identity ?? {};
}

/** The time under a key; what is left out is `otherwise`. */
export function readTimeOf(
  fields: Fields,
  key: string,
  otherwise: Instant,
  { words, report }: CaseScope,
): Instant {
  const node = fields.get(key);
  if (node === undefined) return otherwise;
  const read = words.time(node.kind === 'scalar' ? node.value : null, `\`${key}\``);
  if (!read.ok) report.error(node.at, 'time', `${read.error}; found ${describe(node)}`);
  return read.ok ? (read.value ?? otherwise) : otherwise;
}
