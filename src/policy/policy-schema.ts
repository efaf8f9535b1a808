import type { JsonObject, Operation, Operator } from '../model/index.ts';
import { CONDITION_KEYS, OPERATORS, VALUES } from './read-condition.ts';
import { COUNTER, type LIMIT_KEYS, MAX_COUNT, MAX_WINDOW_MS, PERS, type STATE_KEYS } from './read-limit.ts';
import { GRANT_KEYS, MAX_CEILING, type POLICY_KEYS, type TOOL_KEYS, WORDS } from './read-policy.ts';
import { ACTIONS, FORBIDDEN, type RULE_KEYS, WORKS } from './read-rule.ts';
import { closed, integer, type Members, text, where, words } from './schema-parts.ts';
import { UNITS } from './units.ts';
import { upTo } from './up-to.ts';
import { ROOT_NAMES } from './vocabulary.ts';
import { CALENDAR_MS } from './windows.ts';

/** What the schema says of a tool. */
export type Described = Pick<Operation, 'name' | 'operationId' | 'title'>;

/**
 * The policy language as a JSON Schema 2020-12, for editors. It accepts every policy that the parser accepts; which
 * problems it cannot see stands in `problem-codes.ts`.
 *
 * @param tools the tools that a policy may name; null: any.
 */
export function policySchema(tools: readonly Described[] | null): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A policy of Portcullis',
    ...closed(policyMembers(tools)),
    $defs: {
      name: nameSchema(tools),
      tool: closed(TOOL, 'What a tool, or every tool that a glob matches, must pass.'),
      rule: RULE,
      conditions: { type: 'array', minItems: 1, items: { $ref: '#/$defs/condition' } },
      condition: CONDITION,
      single: SINGLE,
      window: WINDOW,
      per: {
        description: 'Who shares the counter; `session` where it is left out.',
        enum: [...PERS],
      },
      value: VALUE,
    },
  };
}

function policyMembers(tools: readonly Described[] | null): Members<(typeof POLICY_KEYS)[number]> {
  return {
    version: { description: 'The version of the language: "1".', enum: ['1', 1] },
    description: text('What the policy is for.'),
    mode: words('`enforce` (default), or `observe`: decide, audit, count, and do not block.', WORDS.mode),
    default: words('What becomes of tools that no key but "*" names. Left out means `allow`.', WORDS.default),
    list: words('What tools/list shows: all that is not hidden, or what the caller can call.', WORDS.list),
    session_ceiling: {
      ...integer(MAX_CEILING),
      description:
        'How many times a limit per session an identity may use up in all its sessions; default 10.',
    },
    hide: {
      type: 'array',
      items: { $ref: '#/$defs/name' },
      description: 'Tools that are as if they were not.',
    },
    grants: {
      type: 'array',
      items: closed(GRANT, 'Who may use which tools.', GRANT_KEYS),
      description: 'Who may use what at all. An empty list denies every call.',
    },
    tools: toolsSchema(tools),
  };
}

function toolsSchema(tools: readonly Described[] | null): JsonObject {
  const entry = { $ref: '#/$defs/tool' };
  const about = { type: 'object', description: 'Rules by the name, operation id or glob of tools.' };
  if (tools === null) return { ...about, propertyNames: { minLength: 1 }, additionalProperties: entry };
  const named = (key: 'name' | 'operationId') =>
    tools.map((tool) => [tool[key], { ...entry, description: tool.title }] as const);
  return {
    ...about,
    properties: Object.fromEntries([...named('operationId'), ...named('name')]),
    patternProperties: { '\\*': entry },
    additionalProperties: false,
  };
}

function nameSchema(tools: readonly Described[] | null): JsonObject {
  if (tools === null) return { type: 'string', minLength: 1 };
  const names = [...tools.map(({ operationId }) => operationId), ...tools.map(({ name }) => name)];
  return { type: 'string', anyOf: [{ enum: names }, { pattern: '\\*' }] };
}

const GRANT = {
  to: { $ref: '#/$defs/conditions', description: 'All of these must hold of the caller.' },
  tools: { type: 'array', minItems: 1, items: { $ref: '#/$defs/name' }, description: 'What they may use.' },
} satisfies Members<(typeof GRANT_KEYS)[number]>;

const TOOL = {
  arguments: { type: 'object', description: "JSON Schema 2020-12, beside the tool's own." },
  secrets: words('How secrets in the result look to the caller.', WORDS.secrets),
  rules: { type: 'array', items: { $ref: '#/$defs/rule' }, description: 'All that apply must pass.' },
} satisfies Members<(typeof TOOL_KEYS)[number]>;

const RULE_MEMBERS = {
  name: text('The name by which denials speak of the rule.'),
  when: { $ref: '#/$defs/conditions', description: 'The rule applies where none of these is false.' },
  mode: words('`observe`: decided, audited and counted, but not blocking.', WORDS.mode),
  action: words('`deny`: the call is denied. `allow`, `evaluate`: what else stands here decides.', ACTIONS),
  conditions: { $ref: '#/$defs/conditions', description: 'All of these must hold, or the call is denied.' },
  rate_limit: {
    description: 'The most calls in a window: `N/UNIT`, or `{ max, window, per }`.',
    anyOf: [
      { type: 'string', pattern: `^(?:${upTo(MAX_COUNT)})/(?:${windowPattern()})$` },
      closed(limitMembers(), undefined, ['max', 'window']),
    ],
  },
  state: closed(stateMembers(), 'A counter of amounts, which a condition on it bounds.', [
    'counter',
    'window',
  ]),
  validate: closed(
    { required_args: { const: true, description: 'Required arguments are always enforced.' } },
    'Accepted, and changes nothing.',
    ['required_args'],
  ),
  on_deny: text('What the agent is told.'),
  reason: text('What the agent is told; the same as `on_deny`.'),
} satisfies Members<(typeof RULE_KEYS)[number]>;

const RULE: JsonObject = {
  ...closed(RULE_MEMBERS),
  anyOf: ['action', ...WORKS, 'validate'].map((key) => ({ required: [key] })),
  allOf: [
    ...ACTIONS.flatMap((action) =>
      FORBIDDEN[action].map((key) => whereAction(action, { not: { required: [key] } })),
    ),
    whereAction('evaluate', { anyOf: WORKS.map((key) => ({ required: [key] })) }),
    { not: { required: ['on_deny', 'reason'] } },
  ],
};

function whereAction(action: (typeof ACTIONS)[number], then: JsonObject): JsonObject {
  return where({ properties: { action: { const: action } }, required: ['action'] }, then);
}

function limitMembers(): Members<(typeof LIMIT_KEYS)[number]> {
  return {
    max: { ...integer(MAX_COUNT), description: 'The most calls in a window.' },
    window: { $ref: '#/$defs/window' },
    per: { $ref: '#/$defs/per' },
  };
}

function stateMembers(): Members<(typeof STATE_KEYS)[number]> {
  return {
    counter: { type: 'string', pattern: COUNTER.source, description: "The counter's name." },
    window: { $ref: '#/$defs/window' },
    increment: { type: 'number', exclusiveMinimum: 0, description: 'What each call counts; default 1.' },
    increment_from: { type: 'string', pattern: '^args[.]', description: 'The path of what a call counts.' },
    per: { $ref: '#/$defs/per' },
  };
}

const WINDOW: JsonObject = {
  description:
    '`minute`, `hour`, `day`: of the clock in UTC. Seconds, or such as `45s`, `10m`, `2h`, `1d`: sliding.',
  anyOf: [integer(MAX_WINDOW_MS / 1000), { type: 'string', pattern: `^(?:${windowPattern()})$` }],
};

function windowPattern(): string {
  const durations = Object.entries(UNITS).map(
    ([unit, ms]) => `(?:${upTo(Math.floor(MAX_WINDOW_MS / ms))})${unit}`,
  );
  return [...Object.keys(CALENDAR_MS), ...durations].join('|');
}

const CONDITION: JsonObject = {
  type: 'object',
  ...where(
    { anyOf: ['any', 'all', 'not'].map((key) => ({ required: [key] })) },
    {
      oneOf: [
        closed({ any: { $ref: '#/$defs/conditions' } }, 'One of these must hold.', ['any']),
        closed({ all: { $ref: '#/$defs/conditions' } }, 'All of these must hold.', ['all']),
        closed({ not: { $ref: '#/$defs/condition' } }, 'This must not hold.', ['not']),
      ],
    },
  ),
  else: { $ref: '#/$defs/single' },
};

const SINGLE: JsonObject = {
  ...closed(
    {
      path: {
        type: 'string',
        description: 'What is looked at.',
        pattern: `^(?:${ROOT_NAMES.join('|')})(?:\\.[^.[\\]]+|\\[(?:0|[1-9][0-9]{0,8})\\])+$`,
      },
      op: { description: 'How it is compared.', enum: [...OPERATORS] },
      value: { description: 'What it is compared with.' },
    } satisfies Members<(typeof CONDITION_KEYS)[number]>,
    undefined,
    CONDITION_KEYS,
  ),
  allOf: OPERATORS.map((op) =>
    where(
      { properties: { op: { const: op } }, required: ['op'] },
      { properties: { value: valueSchema(op) } },
    ),
  ),
};

/** The list of `subset_of` alone may be empty. */
function valueSchema(op: Operator): JsonObject {
  if (op === 'subset_of') return { type: 'array', items: { $ref: '#/$defs/value' } };
  return { allOf: [{ $ref: '#/$defs/value' }, VALUES[op]?.schema ?? {}] };
}

/** No null but as a member of a mapping, and no list that is empty. */
const VALUE: JsonObject = {
  type: ['string', 'number', 'boolean', 'array', 'object'],
  minItems: 1,
  items: { $ref: '#/$defs/value' },
  additionalProperties: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/value' }] },
};
