import type { AuditRecord, Caller, Json, JsonObject, Operation, RawCall } from '../model/index.ts';
import type { Fingerprint } from '../policy/fingerprint.ts';
import { isList, isObject, valueAt } from '../policy/paths.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';
import { looksSecret, withoutSecrets } from '../policy/secrets.ts';
import { isUuid } from '../policy/uuid.ts';

/** What is known of a call from its start; the rest of its record is how it ended. */
export type Opening = Pick<
  AuditRecord,
  'id' | 'at' | 'tool' | 'operation' | 'transport' | 'caller' | 'policy' | 'mode' | 'args'
>;

/** How a call ended, as its record has it. */
export type Closing = Pick<AuditRecord, 'verdict' | 'code' | 'rule' | 'would' | 'upstream'> & {
  readonly note: string | null;
};

/** Arguments whose text is larger are recorded by their fingerprint alone. */
const MAX_ARGS_CHARACTERS = 64 * 1024;
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** The part of an audit record that every call has, whatever becomes of it. */
export function openRecord(
  raw: RawCall,
  operation: Operation | null,
  {
    id,
    at,
    policy,
    fingerprint,
  }: {
    readonly id: string;
    readonly at: number;
    readonly policy: PreparedPolicy;
    readonly fingerprint: Fingerprint;
  },
): Opening {
  const mark = (secret: string) => `hmac:${fingerprint(secret)}`;
  return {
    id,
    at: timeText(at),
    tool: operation?.name ?? (isPlainName(raw.tool) ? raw.tool : mark(raw.tool)),
    operation: operation?.operationId ?? null,
    transport: raw.transport,
    caller: recordedCaller(raw.caller, fingerprint),
    policy: policy.digest,
    mode: policy.policy.mode,
    args: recordedArgs(raw.args.value, operation, mark),
  };
}

/** The whole record. Written out member by member: this is made for every call, and copies cost more than it does. */
export function closeRecord(opening: Opening, closing: Closing, ms: number): AuditRecord {
  const { verdict, code, rule, would, upstream, note } = closing;
  const { id, at, tool, operation, transport, caller, policy, mode, args } = opening;
  const record: AuditRecord = {
    id,
    at,
    tool,
    operation,
    transport,
    caller,
    verdict,
    code,
    rule,
    policy,
    mode,
    would,
    args,
    upstream,
    ms,
  };
  return note === null ? record : { ...record, note };
}

let lastTime = { at: Number.NaN, text: '' };

/** Many calls share a millisecond; writing it takes as long as judging one of them. */
function timeText(at: number): string {
  if (lastTime.at !== at) lastTime = { at, text: new Date(at).toISOString() };
  return lastTime.text;
}

type RecordedCaller = AuditRecord['caller'];

/** Callers outlive their calls; a keyed hash of the same session is not made again. */
const knownCallers = new WeakMap<Fingerprint, WeakMap<Caller, RecordedCaller>>();

function recordedCaller(caller: Caller, fingerprint: Fingerprint): RecordedCaller {
  const known = knownCallers.get(fingerprint) ?? new WeakMap<Caller, RecordedCaller>();
  const before = known.get(caller);
  if (before !== undefined) return before;
  const { identity, session } = caller;
  const recorded: RecordedCaller = {
    sub: identity.sub ?? null,
    client_id: identity.client_id ?? null,
    tenant: identity.tenant ?? null,
    session: session === null ? null : `hmac:${fingerprint(session)}`,
  };
  knownCallers.set(fingerprint, known.set(caller, recorded));
  return recorded;
}

/** A tool that does not exist is recorded by its name, unless an agent may have put a secret there. */
function isPlainName(tool: string): boolean {
  return TOOL_NAME.test(tool) && !/[0-9]/.test(tool) && !looksSecret(tool);
}

/** Arguments as sent, with everything that is or may be a secret as a fingerprint. */
function recordedArgs(
  sent: Json | undefined,
  operation: Operation | null,
  mark: (secret: string) => string,
): Json {
  if (sent === undefined) return {};
  if (!isObject(sent) || mayBeLong(sent)) {
    const text = JSON.stringify(sent);
    if (text.length > MAX_ARGS_CHARACTERS || !isObject(sent)) return mark(text);
  }
  const known = knownOnly(sent, operation?.inputSchema ?? NOTHING_KNOWN, mark);
  const places = operation?.secretArgs ?? [];
  return withoutSecrets(known, [], { places, isSecret: looksSecret, replace: mark });
}

/** False only where the text of an object is certainly no longer than what is recorded; to write it out costs more. */
function mayBeLong(sent: JsonObject): boolean {
  let most = 2;
  for (const [name, member] of Object.entries(sent)) {
    if (typeof member === 'object' && member !== null) return true;
    most += MOST_ESCAPED * (name.length + (typeof member === 'string' ? member.length : 0)) + MOST_AROUND;
  }
  return most > MAX_ARGS_CHARACTERS;
}

/** Characters of JSON that one of a string becomes, `\uXXXX`. */
const MOST_ESCAPED = 6;
/** More than the longest number has, with the quotes, colon and comma of a member. */
const MOST_AROUND = 40;

const NOTHING_KNOWN: JsonObject = { type: 'object', additionalProperties: false };

/** Replaces what the schema does not know, name and value: an agent may put a secret where none belongs. */
function knownOnly(value: Json, schema: Json | undefined, mark: (secret: string) => string): Json {
  if (isList(value)) {
    const items = isObject(schema) ? schema['items'] : undefined;
    return value.map((element) => knownOnly(element, items, mark));
  }
  if (isObject(value)) {
    const shown: Record<string, Json> = {};
    for (const [name, member] of Object.entries(value)) {
      const place = placeOf(schema, name);
      if (place === null) shown[mark(name)] = mark(JSON.stringify(member));
      else shown[name] = knownOnly(member, place, mark);
    }
    return shown;
  }
  const isNoId =
    isObject(schema) && schema['format'] === 'uuid' && !(typeof value === 'string' && isUuid(value));
  return isNoId ? mark(JSON.stringify(value)) : value;
}

/** The schema of a member; undefined where anything may stand, null where the schema knows no such member. */
function placeOf(schema: Json | undefined, name: string): Json | undefined | null {
  if (!isObject(schema)) return undefined;
  const member = valueAt(schema, ['properties', name]);
  if (member !== undefined) return member;
  return schema['additionalProperties'] === false ? null : undefined;
}
