import type { IncomingHttpHeaders } from 'node:http';
import { argSchema, type RestRoute } from '../catalog/rest.ts';
import type { Json, SentArgs, Violation } from '../model/index.ts';
import { parseJson } from '../pipeline/parse-json.ts';
import { sentArgs } from '../pipeline/sent-args.ts';
import type { RestBody } from './rest-body.ts';

/** The parts of a request that arguments come from. */
export interface RestRequest {
  readonly route: RestRoute;
  /** Path parameters as they stand in the path, still encoded. */
  readonly params: ReadonlyMap<string, string>;
  /** The query, without its `?`. */
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: RestBody;
}

/** `Bearer`, or `JWT` as older clients of FusionAuth have it. Any other scheme is no JWT of this call. */
const JWT_SCHEME = /^(?:bearer|jwt) +(.+)$/i;

/** A request in FusionAuth's own form -> the arguments that an MCP client would have sent. */
export function toArgs(request: RestRequest): SentArgs {
  const { route, headers } = request;
  const faults: Violation[] = [];
  const args = new Map<string, Json>();
  for (const [name, text] of request.params) {
    const value = decode(text);
    if (value === null) faults.push({ path: `args.${name}`, expected: ENCODED });
    else args.set(name, value);
  }
  const query = readPairs(request.search, route.query, 'args');
  faults.push(...query.faults);
  for (const [arg, text] of query.values) {
    if (!isLeftOut(route, arg, text)) args.set(arg, toValue(route, arg, text));
  }
  const tenantId = headers['x-fusionauth-tenantid'];
  if (route.takesTenant && typeof tenantId === 'string') args.set('tenantId', tenantId);
  const [, jwt] = JWT_SCHEME.exec(headers.authorization ?? '') ?? [];
  if (route.takesJwt && jwt !== undefined) args.set('encodedJWT', jwt);
  return withBody(request, args, faults);
}

function withBody(
  { route, body }: RestRequest,
  args: ReadonlyMap<string, Json>,
  faults: readonly Violation[],
): SentArgs {
  const others = Object.fromEntries(args);
  if (body.kind === 'none') return { value: others, faults };
  if (body.kind === 'no_text') {
    return { value: others, faults: [...faults, { path: 'args.body', expected: 'text in UTF-8' }] };
  }
  if (body.kind === 'form') {
    const form = readPairs(body.text, new Map(route.operation.form.map((name) => [name, name])), 'args.body');
    const value = { ...others, body: Object.fromEntries(form.values) };
    return { value, faults: [...faults, ...form.faults] };
  }
  const parsed = parseJson(body.text, [], ['body']);
  if (!parsed.ok) {
    const expected = `JSON text: ${parsed.why} at character ${parsed.at}`;
    return { value: others, faults: [...faults, { path: 'args.body', expected }] };
  }
  const bytes = Buffer.byteLength(body.text) + Buffer.byteLength(JSON.stringify(others));
  const sent = sentArgs({ ...parsed, watchedBytes: bytes }, [], { ...others, body: parsed.value });
  return { value: sent.value, faults: [...faults, ...sent.faults] };
}

interface Pairs {
  readonly values: ReadonlyMap<string, string>;
  readonly faults: readonly Violation[];
}

const ENCODED = 'UTF-8 text, percent-encoded';

/** `a=1&b=2` -> values by argument. Each name once, and none that is not known: two readers must see one request. */
function readPairs(text: string, names: ReadonlyMap<string, string>, path: string): Pairs {
  const faults: Violation[] = [];
  const seen = new Set<string>();
  const values = new Map<string, string>();
  for (const pair of text.split('&').filter((each) => each !== '')) {
    const equals = pair.indexOf('=');
    const name = decode(spaced(equals === -1 ? pair : pair.slice(0, equals)));
    const value = decode(spaced(equals === -1 ? '' : pair.slice(equals + 1)));
    const arg = name === null ? undefined : names.get(name);
    if (name === null || arg === undefined) {
      faults.push({ path, expected: noOther(names) });
    } else if (seen.has(name)) {
      faults.push({ path: `${path}.${arg}`, expected: 'one value' });
    } else if (value === null) {
      faults.push({ path: `${path}.${arg}`, expected: ENCODED });
    } else if (values.has(arg) && values.get(arg) !== value) {
      faults.push({ path: `${path}.${arg}`, expected: 'one value, by whichever of its names' });
    } else {
      values.set(arg, value);
    }
    if (name !== null) seen.add(name);
  }
  return { values, faults: unique(faults) };
}

/** In a query and a form `+` is a space, as FusionAuth reads it. */
function spaced(text: string): string {
  return text.replaceAll('+', ' ');
}

/** Percent-encoded UTF-8 -> its text, decoded once; null where it is none. */
function decode(text: string): string | null {
  if (!/^[ -~]*$/.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function noOther(names: ReadonlyMap<string, string>): string {
  const known = Array.from(names.keys(), (name) => `\`${name}\``);
  return known.length === 0 ? 'no parameters' : `no parameter but ${known.join(', ')}`;
}

function unique(faults: readonly Violation[]): readonly Violation[] {
  return [...new Map(faults.map((fault) => [`${fault.path}\n${fault.expected}`, fault])).values()];
}

/**
 * FusionAuth's own client sends an optional credential that it was not given as the word `undefined` or `null`
 * (api-facts.md, section 2.12). No credential is such a word. An id that was left out is not forgiven in this way:
 * without it a revocation would reach further than its caller thought.
 */
function isLeftOut({ operation }: RestRoute, arg: string, text: string): boolean {
  return (
    (text === 'undefined' || text === 'null') &&
    operation.secretArgs.some((path) => path.length === 1 && path[0] === arg)
  );
}

/** A text that is no boolean stays a text, which the schema of the operation does not accept. */
function toValue({ operation }: RestRoute, arg: string, text: string): Json {
  if (argSchema(operation, arg)?.['type'] !== 'boolean') return text;
  if (text === 'true') return true;
  return text === 'false' ? false : text;
}
