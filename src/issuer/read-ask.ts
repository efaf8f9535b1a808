import type { Json, SentArgs, Violation } from '../model/index.ts';

/** What a client says when it asks for a token for one of its users. */
export interface GenerateAsk {
  readonly tenant: string;
  readonly project: string;
  readonly client: string;
  readonly email: string;
  readonly secret: string | null;
}

/** A body that was read, or everything that is wrong with it; `path` is the member's name. */
export type Read<T> =
  | { readonly ok: true; readonly ask: T }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** A member of a body: how long its text may be, and whether it may be left out. */
interface Member {
  readonly max: number;
  readonly optional?: true;
}

const GENERATE = membersOf({
  client_id: { max: 128 },
  email_id: { max: 254 },
  project_id: { max: 128 },
  secret_id: { max: 1024, optional: true },
  tenant_id: { max: 128 },
});
const EXCHANGE = membersOf({ oidc_token: { max: 16_384 } });

/** The body of `generateToken`. */
export function readGenerate(body: SentArgs): Read<GenerateAsk> {
  const read = readTexts(body, GENERATE);
  if (!read.ok) return read;
  const { tenant_id, project_id, client_id, email_id, secret_id } = read.ask;
  return {
    ok: true,
    ask: {
      tenant: tenant_id ?? '',
      project: project_id ?? '',
      client: client_id ?? '',
      email: email_id ?? '',
      secret: secret_id ?? null,
    },
  };
}

/** The body of `oidcToken`: the ID token. */
export function readExchange(body: SentArgs): Read<string> {
  const read = readTexts(body, EXCHANGE);
  return read.ok ? { ok: true, ask: read.ask.oidc_token ?? '' } : read;
}

type Members<Name extends string> = ReadonlyMap<Name, Member>;

function membersOf<Name extends string>(members: Readonly<Record<Name, Member>>): Members<Name> {
  return new Map(Object.entries(members) as [Name, Member][]);
}

/** A closed object of texts. Control characters are refused: no name has one, and a database may stumble over them. */
function readTexts<Name extends string>(
  { value, faults }: SentArgs,
  members: Members<Name>,
): Read<Partial<Record<Name, string>>> {
  if (!isObject(value))
    return { ok: false, violations: [...faults, { path: 'body', expected: 'an object' }] };
  const violations = [...faults];
  const isKnown = (name: string) => (members as ReadonlyMap<string, Member>).has(name);
  if (!Object.keys(value).every(isKnown)) violations.push({ path: 'body', expected: noOther(members) });
  for (const [name, member] of members) {
    const sent = Object.hasOwn(value, name) ? value[name] : undefined;
    if ((sent !== undefined || member.optional !== true) && !isText(sent, member.max)) {
      violations.push({ path: `body.${name}`, expected: textOf(member) });
    }
  }
  if (violations.length > 0) return { ok: false, violations };
  return { ok: true, ask: value as Partial<Record<Name, string>> };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CONTROL = /\p{Cc}/u;

function isText(value: Json | undefined, max: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= max && !CONTROL.test(value);
}

function textOf({ max }: Member): string {
  return `a text of 1 to ${max} characters without control characters`;
}

function noOther(known: ReadonlyMap<string, Member>): string {
  return `no member but ${Array.from(known.keys(), (name) => `\`${name}\``).join(', ')}`;
}
