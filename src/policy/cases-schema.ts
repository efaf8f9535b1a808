import type { JsonObject } from '../model/index.ts';
import { denyCodes, wouldCodes } from './cases.ts';
import type { Described } from './policy-schema.ts';
import { TRANSPORTS } from './read-call.ts';
import type { CASE_KEYS, FILE_KEYS } from './read-cases.ts';
import { type ALLOW_KEYS, type DENIAL_KEYS, MAX_WAIT_S, type WOULD_KEYS } from './read-expected.ts';
import { type GIVEN_KEYS, OUTCOMES, TIMES } from './read-given.ts';
import { closed, integer, type Members, text, where, words } from './schema-parts.ts';
import { SHORT_REST } from './short-given.ts';
import { upTo } from './up-to.ts';

/** What test files have in common with calls files, as JSON Schema (`CaseWords` reads the same). */
export interface CaseForms {
  /** What a call may name; null: any name is a tool. */
  readonly tools: readonly Described[] | null;
  readonly identity: JsonObject;
  readonly time: JsonObject;
}

/** Test files as a JSON Schema 2020-12, for editors; what it cannot see stands in `problem-codes.ts`. */
export function casesSchema({ tools, identity, time }: CaseForms): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Tests of a policy of Portcullis',
    ...closed(FILE, undefined, ['policy', 'cases']),
    $defs: {
      case: closed(CASE, 'One call, the calls before it, and what is expected of it.', [
        'name',
        'call',
        'expect',
      ]),
      given: { ...where({ type: 'object' }, closed(GIVEN, undefined, ['call'])), else: SHORT },
      expected: EXPECTED,
      tool: toolSchema(tools),
      identity,
      time,
    },
  };
}

function toolSchema(tools: readonly Described[] | null): JsonObject {
  if (tools === null) return { type: 'string', minLength: 1 };
  return { enum: [...tools.map(({ operationId }) => operationId), ...tools.map(({ name }) => name)] };
}

const FILE = {
  policy: text('The file to test, relative to this one.'),
  at: time('The time of cases that set none; default 2026-01-01T00:00:00Z.'),
  callers: {
    type: 'object',
    additionalProperties: { $ref: '#/$defs/identity' },
    description: 'Names for identities.',
  },
  cases: {
    type: 'array',
    minItems: 1,
    items: { $ref: '#/$defs/case' },
    description: 'They share nothing: each begins with empty counters.',
  },
} satisfies Members<(typeof FILE_KEYS)[number]>;

/** What a case and a given call have in common. */
const CALL = {
  call: { $ref: '#/$defs/tool', description: 'The tool, by its MCP name or its operation id.' },
  args: { type: 'object', description: 'Its arguments, as an agent sends them; default {}.' },
  session: text('The session of the caller.'),
  transport: words('Over REST the identity is the session.', TRANSPORTS),
  caller: text('A name in `callers`.'),
  at: time('When it is made.'),
};

const SHORT: JsonObject = {
  type: 'string',
  pattern: `^(?:${upTo(TIMES.max)})${SHORT_REST}`,
  description: '`N calls of TOOL { ARGS }`.',
};

const CASE = {
  name: text('Unique in the file.'),
  ...CALL,
  given: {
    description: 'The calls before it: `N calls of TOOL { ARGS }`, or a list of calls and of such texts.',
    ...where({ type: 'array' }, { items: { $ref: '#/$defs/given' } }),
    else: SHORT,
  },
  expect: { $ref: '#/$defs/expected', description: 'What is compared, and nothing else.' },
} satisfies Members<(typeof CASE_KEYS)[number]>;

const GIVEN = {
  ...CALL,
  times: { ...integer(TIMES.max), description: 'How often it is made, all at one time; default 1.' },
  outcome: words('What FusionAuth would have done; `unreached` gives back what the call took.', OUTCOMES),
  settled_at: time('When that became known; default its `at`.'),
  expect: { $ref: '#/$defs/expected', description: 'Default `allow`.' },
} satisfies Members<(typeof GIVEN_KEYS)[number]>;

const WOULD = {
  code: words('The code of the denial.', wouldCodes),
  rule: text('The rule that would have denied it.'),
} satisfies Members<(typeof WOULD_KEYS)[number]>;

const ALLOW = {
  allow: { enum: [true, null], description: 'The call is allowed, whatever was observed.' },
  would: {
    description: 'What enforcing would have done: `nothing`, a code, or `{ code, rule }`.',
    ...where({ type: 'object' }, closed(WOULD, undefined, ['code'])),
    else: { enum: ['nothing', ...wouldCodes] },
  },
} satisfies Members<(typeof ALLOW_KEYS)[number]>;

const DENIAL = {
  deny: words('The code of the denial.', denyCodes),
  rule: text('The rule that denied it; one without a name is `KEY#n`.'),
  retry_after_s: { ...integer(MAX_WAIT_S), description: 'Whole seconds, rounded up.' },
  reason: text('What the agent is told.'),
} satisfies Members<(typeof DENIAL_KEYS)[number]>;

const EXPECTED: JsonObject = {
  ...where(
    { type: 'object' },
    { ...where({ required: ['deny'] }, closed(DENIAL)), else: closed(ALLOW, undefined, ['allow']) },
  ),
  else: { const: 'allow' },
};

function time(description: string): JsonObject {
  return { $ref: '#/$defs/time', description };
}
