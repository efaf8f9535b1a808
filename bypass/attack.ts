import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/** The ways in that an attack can be tried on. */
export type DoorName = 'stdio' | 'http' | 'rest';

/** Bytes to send: text as it stands, or base64 of bytes that are no text. */
export type Payload = { readonly text: string } | { readonly base64: string };

/** What may be answered: one answer or several, for every door or by door. */
export type Expected = string | readonly string[];

interface Repeat {
  /** How often it is sent; default 1. */
  readonly times?: number;
  /** Sent all at once instead of one after the other. */
  readonly at_once?: true;
  /** A session of its own each time. */
  readonly new_session?: true;
  /** Answers that are accepted here; each must be among them. */
  readonly expect: Expected;
}

/** One thing that an attacker sends or does. `@ID@` in a text becomes a fresh request id. */
export type Step =
  | ({ readonly call: string; readonly args?: string } & Repeat)
  | ({ readonly frame: string; readonly base64?: string } & Repeat)
  | ({
      readonly http: { readonly method?: string; readonly headers?: Headers; readonly body?: Payload };
    } & Repeat)
  | ({
      readonly rest: {
        readonly method: string;
        readonly target: string;
        readonly headers?: Headers;
        readonly body?: Payload;
      };
    } & Repeat)
  | ({ readonly raw: string; readonly to: 'http' | 'rest' } & Repeat)
  | { readonly act: Act };

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** What happens around the proxy. */
export type Act =
  | { readonly wait_ms: number }
  | { readonly replace_policy: string }
  | { readonly remove_policy: true }
  | { readonly redis: 'kill' | 'freeze' };

/** One numbered attack: what it tries, why it worked somewhere, and what the answer is here. */
export interface Attack {
  readonly id: number;
  readonly title: string;
  readonly tries: string;
  readonly worked: string;
  readonly answer: string;
  readonly steps: readonly Step[];
}

/** What may not arrive at the upstream: requests whose `METHOD /path?query` matches, and that have all that is said beside it. */
export interface Forbidden {
  readonly request: string;
  /** One of these words stands in it, in any spelling: case, escapes, percent signs and look-alikes are undone first. */
  readonly mentions?: readonly string[];
  /** None of these words stands in it. */
  readonly lacks?: readonly string[];
  /** A member of that name has a number above or below these, or no number. */
  readonly number?: { readonly name: string; readonly above: number; readonly below: number };
  /** More of them than this, within so many milliseconds where that is said. */
  readonly more_than?: { readonly count: number; readonly within_ms?: number };
  /** The numbers of a member of that name add up to more than this. */
  readonly sum_above?: { readonly name: string; readonly sum: number };
}

/** A file of attacks under one policy. */
export interface Theme {
  readonly theme: string;
  /** Of its own, with what it forbids; left out, both are those of the suite. */
  readonly policy?: string;
  /** Needs a new proxy for each attack: budgets, or acts around it. */
  readonly fresh?: true;
  /** Limits in a redis-server of its own. */
  readonly redis?: true;
  readonly forbidden?: readonly Forbidden[];
  /** Words that no answer may have. */
  readonly never_says?: readonly string[];
  readonly attacks: readonly Attack[];
}

const text = { type: 'string', minLength: 1 };
const payload = {
  oneOf: ['text', 'base64'].map((key) => ({
    type: 'object',
    required: [key],
    additionalProperties: false,
    properties: { [key]: { type: 'string' } },
  })),
};
const headers = {
  type: 'object',
  additionalProperties: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
};
const repeat = {
  times: { type: 'integer', minimum: 2 },
  at_once: { const: true },
  new_session: { const: true },
  expect: { anyOf: [text, { type: 'array', items: text, minItems: 1 }] },
};

function closed(properties: Readonly<Record<string, object>>, required: readonly string[]): object {
  return { type: 'object', properties, required, additionalProperties: false };
}

const step = {
  oneOf: [
    closed({ call: { type: 'string' }, args: { type: 'string' }, ...repeat }, ['call', 'expect']),
    closed({ frame: { type: 'string' }, base64: text, ...repeat }, ['frame', 'expect']),
    closed({ http: closed({ method: text, headers, body: payload }, []), ...repeat }, ['http', 'expect']),
    closed(
      {
        rest: closed({ method: text, target: text, headers, body: payload }, ['method', 'target']),
        ...repeat,
      },
      ['rest', 'expect'],
    ),
    closed({ raw: text, to: { enum: ['http', 'rest'] }, ...repeat }, ['raw', 'to', 'expect']),
    closed(
      {
        act: {
          oneOf: [
            closed({ wait_ms: { type: 'integer', maximum: 5000 } }, ['wait_ms']),
            closed({ replace_policy: { type: 'string' } }, ['replace_policy']),
            closed({ remove_policy: { const: true } }, ['remove_policy']),
            closed({ redis: { enum: ['kill', 'freeze'] } }, ['redis']),
          ],
        },
      },
      ['act'],
    ),
  ],
};
const words = { type: 'array', items: text, minItems: 1 };
const number = { type: 'number' };
const forbidden = closed(
  {
    request: text,
    mentions: words,
    lacks: words,
    number: closed({ name: text, above: number, below: number }, ['name', 'above', 'below']),
    more_than: closed({ count: number, within_ms: number }, ['count']),
    sum_above: closed({ name: text, sum: number }, ['name', 'sum']),
  },
  ['request'],
);
const attack = closed(
  {
    id: { type: 'integer', minimum: 1 },
    title: text,
    tries: text,
    worked: text,
    answer: text,
    steps: { type: 'array', items: step, minItems: 1 },
  },
  ['id', 'title', 'tries', 'worked', 'answer', 'steps'],
);
const theme = {
  ...closed(
    {
      theme: text,
      policy: text,
      fresh: { const: true },
      redis: { const: true },
      forbidden: { type: 'array', items: forbidden, minItems: 1 },
      never_says: words,
      attacks: { type: 'array', items: attack, minItems: 1 },
    },
    ['theme', 'attacks'],
  ),
  dependentRequired: { policy: ['forbidden'], forbidden: ['policy'] },
};

const isTheme = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile<Theme>(theme);

/** A theme with the policy that it is tried under. */
export type ReadyTheme = Theme &
  Required<Pick<Theme, 'policy' | 'forbidden'>> & { readonly isShared: boolean };

const folder = import.meta.dirname;

/** The published attacks, in the order of their files. Throws where one is not of the form: a typo must not disarm it. */
export function loadThemes(): readonly ReadyTheme[] {
  const policy = readFileSync(join(folder, 'policy.yaml'), 'utf8');
  const forbidden = parse(readFileSync(join(folder, 'forbidden.yaml'), 'utf8')) as readonly Forbidden[];
  const themes = readdirSync(join(folder, 'attacks'))
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => {
      const value: unknown = parse(readFileSync(join(folder, 'attacks', name), 'utf8'));
      if (isTheme(value))
        return { policy, forbidden, ...value, isShared: value.policy === undefined && !value.fresh };
      const wrong = (isTheme.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
      throw new Error(`${name}: ${wrong.join('; ')}`);
    });
  const ids = themes.flatMap(({ attacks }) => attacks.map(({ id }) => id));
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new Error(`two attacks have the number ${twice}`);
  return themes;
}
