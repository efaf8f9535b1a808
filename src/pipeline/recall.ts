import type { AuditRecord, Json, JsonObject, Operation, Path, Violation } from '../model/index.ts';
import type { Unseen } from '../policy/conditions.ts';
import type { DimCall } from '../policy/dim-call.ts';
import { isList, isObject, valueAt, writePath } from '../policy/paths.ts';
import { FORMATS } from '../policy/schema.ts';
import { schemasAt } from '../policy/vocabulary.ts';
import type { ParseCall } from './parse-call.ts';

/** What stands in a record for what must not be in it (audit-record.ts). */
const FINGERPRINT = 'hmac:';
const ALL: readonly Path[] = [[]];
/** Members of an identity that a record has. */
const RECORDED = new Set(['sub', 'client_id', 'tenant', 'anonymous']);

/**
 * The call of a record, as far as the record tells. Its secrets, its JWT and most of its caller are not in the record:
 * what stood there is unseen. A tool that does not exist gives a call of that name without arguments.
 *
 * A call that was denied before its arguments were looked at is taken to have been well-formed JSON: the record does
 * not say whether a key was there twice.
 */
export function recall(record: AuditRecord, parse: ParseCall): DimCall {
  const { tool, transport, args, code } = record;
  const isWhole = isObject(args) && !isBug(record);
  const parsed = parse({ tool, transport, args: { value: isWhole ? args : {}, faults: [] } });
  if (parsed === null) {
    const call = { tool, transport, args: {}, jwt: null, violations: [] };
    return { call, unseen: () => null, places: [], mayViolate: false };
  }
  const { operation, call } = parsed;
  const places = isWhole ? placesOf(call.args, operation) : ALL;
  const accepted = wereArgumentsAccepted(record);
  const isPlain = call.violations.length === 0;
  const violations = isPlain || accepted ? [] : call.violations.filter((each) => isSure(each, places));
  const isOpen = violations.length === 0 && !accepted;
  return {
    call: isPlain ? call : { ...call, violations },
    unseen: unseenOf({ operation, args: call.args, places, accepted }),
    places,
    mayViolate: isOpen && (places.length > 0 || code === 'invalid_arguments'),
  };
}

/** A bug on our side is recorded without the arguments. */
function isBug({ code, note }: AuditRecord): boolean {
  return code === 'internal_error' && note === undefined;
}

const BEFORE_ARGUMENTS = new Set<AuditRecord['code']>([
  'unknown_tool',
  'not_listed',
  'not_granted',
  'unauthenticated',
]);

/** A call that came further than its arguments had none of the faults that block under every policy. */
function wereArgumentsAccepted(record: AuditRecord): boolean {
  const { code, rule } = record;
  if (code === 'invalid_arguments') return rule !== null;
  return !BEFORE_ARGUMENTS.has(code) && !isBug(record);
}

/** A violation where nothing is seen is none for certain, but for what was recorded as no id because it is none. */
function isSure({ path, expected }: Violation, places: readonly Path[]): boolean {
  return expected === FORMATS['uuid'] || !places.some((place) => path.startsWith(writePath('args', place)));
}

function placesOf(args: JsonObject, { schema }: Operation): readonly Path[] {
  return hasFingerprint(args) ? placesIn(args, [], schema) : NOWHERE;
}

/** Most calls have none, and their places need not be looked for. */
function hasFingerprint(value: Json): boolean {
  if (typeof value === 'string') return value.startsWith(FINGERPRINT);
  if (typeof value !== 'object' || value === null) return false;
  if (isList(value)) return value.some(hasFingerprint);
  for (const name of Object.keys(value)) {
    if (name.startsWith(FINGERPRINT) || hasFingerprint(value[name] ?? null)) return true;
  }
  return false;
}

/**
 * Where fingerprints stand, and the open objects that have them as names. In a closed object such a name is one that
 * the tool does not know, whichever it is.
 */
function placesIn(value: Json, at: Path, schema: Json | undefined): readonly Path[] {
  if (typeof value === 'string') return value.startsWith(FINGERPRINT) ? [at] : NOWHERE;
  if (typeof value !== 'object' || value === null) return NOWHERE;
  if (isList(value)) return value.flatMap((element, i) => placesIn(element, [...at, i], undefined));
  const found: Path[] = [];
  const isClosed = isObject(schema) && schema['additionalProperties'] === false;
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith(FINGERPRINT) && !isClosed) found.push(at);
    found.push(...placesIn(member, [...at, name], valueAt(schema, ['properties', name])));
  }
  return found;
}

const NOWHERE: readonly Path[] = [];

function unseenOf(recorded: Recorded): Unseen {
  const { operation, args, places } = recorded;
  const { jwtArg } = operation;
  return (root, path) => {
    switch (root) {
      case 'identity':
        return RECORDED.has(String(path[0])) ? null : 'anything';
      case 'args':
        return places.length === 0 ? null : unseenArg(path, recorded);
      case 'jwt': {
        if (jwtArg === null) return null;
        const isThere = valueAt(args, jwtArg) !== undefined || unseenArg(jwtArg, recorded) !== null;
        return isThere ? 'anything' : null;
      }
      default:
        return null;
    }
  };
}

interface Recorded {
  readonly operation: Operation;
  readonly args: JsonObject;
  readonly places: readonly Path[];
  readonly accepted: boolean;
}

function unseenArg(path: Path, { operation, args, places, accepted }: Recorded): ReturnType<Unseen> {
  const over = places.filter((place) => place.every((step, i) => step === path[i]));
  for (const place of over) {
    const value = valueAt(args, place);
    if (typeof value !== 'string') {
      // An object with names that are fingerprints: any name that is not there may be one of these.
      if (path.length === place.length || valueAt(args, path.slice(0, place.length + 1)) === undefined)
        return 'anything';
      continue;
    }
    const isText = isTextAt(place, operation, accepted);
    if (!isText) return 'anything';
    // A text has no members.
    return path.length === place.length ? 'text' : null;
  }
  // An object or list that a fingerprint stands in.
  return places.some((place) => path.length < place.length && path.every((step, i) => step === place[i]))
    ? 'anything'
    : null;
}

/** Where a tool has secrets, whatever stood there was hidden; elsewhere only texts that look like one are. */
function isTextAt(place: Path, operation: Operation, accepted: boolean): boolean {
  if (!accepted) return false;
  const isSecret = operation.secretArgs.some((secret) => secret.every((step, i) => step === place[i]));
  if (!isSecret) return true;
  const schemas = schemasAt(writePath('args', place), [operation]);
  return schemas.length > 0 && schemas.every(({ type }) => type === 'string');
}
