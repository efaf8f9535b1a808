import type { Identity, Position, SentArgs } from '../model/index.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import { isObject } from '../policy/paths.ts';
import { type CallLine, kindOf, type Read, readCallLine, readIdentity, readTime } from './call-line.ts';
import { shown } from './excerpt.ts';
import { CommandError, exit } from './exit-codes.ts';
import { type Tools, toolsOf } from './load-policy.ts';
import { readFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';

/** A call as it is given by flags. */
export interface OneCall {
  readonly tool: string;
  readonly args?: string;
  readonly identity?: string;
  readonly session?: string;
  readonly transport?: string;
  readonly at?: string;
}

/** Flags -> a call. Throws a `CommandError` where one of them is wrong. */
export function readOneCall(
  { tool, args = '{}', identity = '{}', session, transport, at }: OneCall,
  tools: Tools,
): CallLine {
  const line = readCallLine(
    JSON.stringify({
      tool: toolsOf(tools)?.find((each) => each.operationId === tool)?.name ?? tool,
      ...(session === undefined ? {} : { session }),
      ...(transport === undefined ? {} : { transport }),
    }),
  );
  const who = readJson(identity, '--identity');
  const time = readTime(at, '`--at`');
  return {
    ...usable(line),
    args: usable(
      args.startsWith('@') ? readJson(readArgs(args.slice(1)), `--args ${args}`) : readJson(args, '--args'),
    ),
    identity: usable(who.ok ? asIdentity(who.value) : who),
    at: usable(time.ok ? time : { ok: false, error: `${time.error}; found \`${shown(at ?? '')}\`` }),
  };
}

function asIdentity({ value = null, faults }: SentArgs): Read<Identity> {
  const [fault] = faults;
  if (fault === undefined) return readIdentity(value);
  return { ok: false, error: `expected \`--identity\` with ${fault.expected}` };
}

function usable<T>(read: Read<T>): T {
  if (!read.ok) throw new CommandError(read.error, exit.usage);
  return read.value;
}

function readJson(text: string, flag: string): Read<SentArgs> {
  const parsed = parseJson(text);
  if (!parsed.ok) {
    const { line, column } = placeAt(text, parsed.at);
    return {
      ok: false,
      error: `\`${flag}\` is not JSON: ${line}:${column}: ${parsed.why}${quotesHint(text)}`,
    };
  }
  if (!isObject(parsed.value)) {
    return { ok: false, error: `expected \`${flag}\`, a JSON object; found ${kindOf(parsed.value)}` };
  }
  return { ok: true, value: sentArgs(parsed, [], parsed.value) };
}

/** Where a character of a text stands, lines and columns from 1. */
function placeAt(text: string, index: number): Position {
  const before = text.slice(0, index).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A shell takes quotes away that are not quoted themselves. */
function quotesHint(text: string): string {
  return /[{[,]/.test(text) && !text.includes('"') ? "; in a shell, put it in '…'" : '';
}

/** More than any arguments that are accepted. */
const MAX_ARGS_BYTES = 4 * 1024 * 1024;

function readArgs(file: string): string {
  try {
    return readFile(file, MAX_ARGS_BYTES).toString();
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
}
