import type { AuditRecord, Json } from '../model/index.ts';

const ALL_CODES: Readonly<Record<AuditRecord['code'], true>> = {
  allowed: true,
  unknown_tool: true,
  not_listed: true,
  not_granted: true,
  invalid_arguments: true,
  denied_by_rule: true,
  condition_failed: true,
  rate_limited: true,
  budget_exceeded: true,
  limits_unavailable: true,
  unauthenticated: true,
  upstream_rejected: true,
  upstream_unavailable: true,
  internal_error: true,
};
/** The codes that a record can have. */
export const CODES: readonly string[] = Object.keys(ALL_CODES);

/** Texts of JSON without escapes; nearly all that an audit holds are. */
const CHARACTERS = String.raw`[^"\\\x00-\x1f]*`;
const TEXT = `"${CHARACTERS}"`;
const TEXT_OR_NULL = `(?:null|${TEXT})`;
/** No longer than a double holds. */
const NUMBER = String.raw`(?:0|[1-9]\d{0,14})(?:\.\d{1,20})?`;
/** Each such text is a time, if not always one that a calendar would write so. */
export const TIME = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z`;
const CODE = `"(?:${CODES.join('|')})"`;
const HASH = '"[0-9a-f]{64}"';

/** Who called what, and what was said to it: these are the same for many calls. */
const ASKED = [
  `"tool":${TEXT}`,
  `"operation":${TEXT_OR_NULL}`,
  '"transport":"(?:stdio|http|rest)"',
  `"caller":\\{"sub":${TEXT_OR_NULL},"client_id":${TEXT_OR_NULL},"tenant":${TEXT_OR_NULL},"session":${TEXT_OR_NULL}\\}`,
].join(',');
const ANSWERED = [
  '"verdict":"(?:allow|deny)"',
  `"code":${CODE}`,
  `"rule":${TEXT_OR_NULL}`,
  `"policy":${TEXT}`,
  '"mode":"(?:enforce|observe)"',
  `"would":(?:null|\\{"code":${CODE},"rule":${TEXT_OR_NULL}\\})`,
].join(',');

/** A record as the proxy writes it (`closeRecord`, `link`), its members in that order. */
const FORM = new RegExp(
  [
    `^\\{"id":"(${CHARACTERS})"`,
    `"at":"(${TIME})"`,
    `(${ASKED})`,
    `(${ANSWERED})`,
    `"args":(\\{[^\\\\]*?\\}|${TEXT})`,
    `"upstream":(?:null|\\{"status":(null|\\d{3}),"ms":(${NUMBER})\\})`,
    `"ms":(${NUMBER})(?:,"note":"(${CHARACTERS})")?(,"intent":true)?(?:,"prev":${HASH},"hash":${HASH})?\\}$`,
  ].join(','),
);

type Asked = Pick<AuditRecord, 'tool' | 'operation' | 'transport' | 'caller'>;
type Answered = Pick<AuditRecord, 'verdict' | 'code' | 'rule' | 'policy' | 'mode' | 'would'>;

/** So many different ones are kept, and none that is longer: memory must not grow with the texts of a file. */
const MAX_KNOWN = 20_000;
const MAX_KEPT_CHARACTERS = 2_000;

/**
 * A line in the form that the proxy gives it -> its record; null for any other, which may be a record all the same.
 *
 * JSON can be read in one way only: where a line has this form and what stands for `args` is JSON, it is what
 * `JSON.parse` finds in it, and no key outside of `args` is there twice. That is known in half of the time, and
 * records of the same caller share what is the same. Texts may be windows onto the line: whoever keeps some should
 * copy them.
 *
 * @param readArgs the value of a text; undefined where it is none, or may hide a key that is there twice.
 */
export function auditLineReader(
  readArgs: (text: string) => Json | undefined,
): (line: string) => AuditRecord | null {
  const asked = keptByText<Asked>();
  const answered = keptByText<Answered>();
  return (line) => {
    const found = FORM.exec(line);
    if (found === null) return null;
    const [, id = '', at = '', who = '', said = '', sent = '', status, took, ms, note, intent] = found;
    const args = readArgs(sent);
    if (args === undefined) return null;
    const { tool, operation, transport, caller } = asked(who);
    const { verdict, code, rule, policy, mode, would } = answered(said);
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
      upstream:
        took === undefined ? null : { status: status === 'null' ? null : Number(status), ms: Number(took) },
      ms: Number(ms),
    };
    if (note === undefined && intent === undefined) return record;
    return {
      ...record,
      ...(note === undefined ? {} : { note }),
      ...(intent === undefined ? {} : { intent: true }),
    };
  };
}

/** Members of an object, as text -> the object; the same one for the same text. */
function keptByText<T>(): (members: string) => T {
  const kept = new Map<string, T>();
  const keep = (members: string): T => {
    const made = JSON.parse(`{${members}}`) as T;
    if (members.length > MAX_KEPT_CHARACTERS) return made;
    if (kept.size >= MAX_KNOWN) kept.clear();
    // Copied: the text is a window onto that of a whole block of the file.
    const copy = Buffer.from(members).toString();
    kept.set(copy, made);
    return made;
  };
  let last = '';
  let lastMade: T | undefined;
  return (members) => {
    if (lastMade !== undefined && members === last) return lastMade;
    last = members;
    // A long text is not looked for either: of those, all that are as long have one hash.
    lastMade = (members.length > MAX_KEPT_CHARACTERS ? undefined : kept.get(members)) ?? keep(members);
    return lastMade;
  };
}
