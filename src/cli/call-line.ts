import type { Identity, Json, JsonObject, SentArgs, Transport } from '../model/index.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import { suggestion } from '../policy/located.ts';
import { isList, isObject } from '../policy/paths.ts';
import { shown } from './excerpt.ts';

/** What FusionAuth would have done with a call. */
export type Fate = 'ok' | 'upstream_error' | 'unreached';

/** One line of a calls file (contracts.md, "dry-run"). Times are milliseconds; absent ones are left to the reader. */
export interface CallLine {
  readonly tool: string;
  readonly args: SentArgs;
  readonly session: string;
  readonly identity: Identity;
  readonly transport: Transport;
  readonly at: number | null;
  readonly outcome: Fate;
  readonly settledAt: number | null;
}

/** A value, or what was expected instead. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

const KEYS = ['tool', 'args', 'session', 'identity', 'transport', 'at', 'outcome', 'settled_at'];
const TRANSPORTS: readonly Transport[] = ['stdio', 'http', 'rest'];
const FATES: readonly Fate[] = ['ok', 'upstream_error', 'unreached'];

/** The text of one line -> a call, or what is wrong with it in words. */
export function readCallLine(text: string): Read<CallLine> {
  const parsed = parseJson(text, ['args']);
  if (!parsed.ok) return no(`not JSON: ${parsed.why}`);
  if (!isObject(parsed.value)) return no('expected a JSON object');
  const line = parsed.value;
  const unknown = Object.keys(line).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    return no(`unknown key; expected one of ${KEYS.map((key) => `\`${key}\``).join(', ')}`);
  const fault = parsed.faults.find(({ path }) => path[0] !== 'args' || path.length === 1);
  if (fault !== undefined)
    return no(`expected each key once and plain values outside \`args\` (${fault.why})`);
  const problem = wrongMember(line);
  if (problem !== null) return no(problem);
  const identity = readIdentity(line['identity'] === undefined ? {} : line['identity']);
  if (!identity.ok) return identity;
  const at = readTime(line['at'], '`at`');
  const settledAt = readTime(line['settled_at'], '`settled_at`');
  if (!at.ok) return at;
  if (!settledAt.ok) return settledAt;
  return {
    ok: true,
    value: {
      tool: String(line['tool']),
      args: sentArgs(parsed, ['args'], line['args']),
      session: typeof line['session'] === 'string' ? line['session'] : 'dry-run',
      identity: identity.value,
      transport: TRANSPORTS.find((each) => each === line['transport']) ?? 'stdio',
      at: at.value,
      outcome: FATES.find((each) => each === line['outcome']) ?? 'ok',
      settledAt: settledAt.value,
    },
  };
}

function no(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

function wrongMember(line: JsonObject): string | null {
  if (typeof line['tool'] !== 'string') return 'expected `tool`, a text';
  if (has(line, 'args') && !isObject(line['args'])) return 'expected `args`, an object';
  if (has(line, 'session') && typeof line['session'] !== 'string') return 'expected `session`, a text';
  if (has(line, 'transport') && !TRANSPORTS.some((each) => each === line['transport'])) {
    return `expected \`transport\`, one of \`stdio\`, \`http\`, \`rest\`${foundWord(line['transport'], TRANSPORTS)}`;
  }
  if (has(line, 'outcome') && !FATES.some((each) => each === line['outcome'])) {
    return 'expected `outcome`, one of `ok`, `upstream_error`, `unreached`';
  }
  return null;
}

/** What was found in place of one of a few words, and which may be meant. */
function foundWord(value: Json | undefined, words: readonly string[]): string {
  if (typeof value !== 'string') return value === undefined ? '' : `; found ${kindOf(value)}`;
  return `; found \`${shown(value)}\`${suggestion(value, words)}`;
}

function has(object: JsonObject, key: string): boolean {
  return Object.hasOwn(object, key);
}

const TEXTS = ['sub', 'client_id', 'issuer', 'tenant', 'project', 'email'];
const LISTS = ['roles', 'scopes', 'groups', 'resources'];

/** What a value is, in words; never the value. */
export function kindOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

/** An identity as JSON Schema: what `readIdentity` reads. */
export const IDENTITY_SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    ...Object.fromEntries(TEXTS.map((name) => [name, { type: 'string' }])),
    ...Object.fromEntries(LISTS.map((name) => [name, { type: 'array', items: { type: 'string' } }])),
    claims: { type: 'object' },
  },
  additionalProperties: false,
};

/** An identity as JSON -> the value, or what is wrong with it. */
export function readIdentity(value: Json): Read<Identity> {
  if (!isObject(value)) return no(`expected \`identity\`, an object; found ${kindOf(value)}`);
  for (const [name, member] of Object.entries(value)) {
    const problem = wrongIdentityMember(name, member);
    if (problem !== null) return no(problem);
  }
  return { ok: true, value: value satisfies JsonObject as Identity };
}

function wrongIdentityMember(name: string, member: Json): string | null {
  if (TEXTS.includes(name))
    return typeof member === 'string'
      ? null
      : `expected \`identity.${name}\`, a text; found ${kindOf(member)}`;
  if (LISTS.includes(name)) {
    const isTexts = isList(member) && member.every((each) => typeof each === 'string');
    return isTexts
      ? null
      : `expected \`identity.${name}\`, a list of texts; found ${isList(member) ? 'a list with something else in it' : kindOf(member)}`;
  }
  if (name === 'claims')
    return isObject(member) ? null : `expected \`identity.claims\`, an object; found ${kindOf(member)}`;
  const names = [...TEXTS, ...LISTS, 'claims'];
  const known = names.map((each) => `\`${each}\``).join(', ');
  return `unknown member of \`identity\`, \`${shown(name)}\`; expected one of ${known}${suggestion(name, names)}`;
}

const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** A time as JSON Schema: the form that `readTime` reads. */
export const TIME_SCHEMA: JsonObject = { type: 'string', pattern: TIME.source };

/** An ISO 8601 time with seconds and offset -> milliseconds; null where it is left out. */
export function readTime(value: Json | undefined, what: string): Read<number | null> {
  if (value === undefined) return { ok: true, value: null };
  const match = typeof value === 'string' ? TIME.exec(value) : null;
  const ms = match === null ? Number.NaN : Date.parse(String(value));
  const isDay =
    match !== null && new Date(`${match[1]}T00:00:00Z`).toJSON()?.startsWith(match[1] ?? '-') === true;
  return isDay && !Number.isNaN(ms)
    ? { ok: true, value: ms }
    : no(`expected ${what}, a time such as 2026-01-01T00:00:00Z`);
}
