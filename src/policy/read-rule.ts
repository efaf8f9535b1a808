import type { Condition, Rule, Tool } from '../model/index.ts';
import { type Fields, readFields, readText, readWord } from './fields.ts';
import { clip, type Located, type Report } from './located.ts';
import { meant } from './names.ts';
import { readConditions } from './read-condition.ts';
import { readAmountLimit, readRateLimit } from './read-limit.ts';

/** The keys of a rule. */
export const RULE_KEYS = [
  'name',
  'when',
  'mode',
  'action',
  'conditions',
  'rate_limit',
  'state',
  'validate',
  'on_deny',
  'reason',
] as const;
export const MODES = ['enforce', 'observe'] as const;
/** What other tools call the modes. */
export const MEANT_MODES: ReadonlyMap<string, (typeof MODES)[number]> = new Map([
  ...['monitor', 'audit', 'log', 'dry-run', 'dry_run', 'dryrun', 'shadow', 'report', 'warn'].map(
    (word) => [word, 'observe'] as const,
  ),
  ...['active', 'strict', 'block', 'on'].map((word) => [word, 'enforce'] as const),
]);
export const ACTIONS = ['deny', 'allow', 'evaluate'] as const;
type Action = (typeof ACTIONS)[number];

const MEANT_ACTIONS: ReadonlyMap<string, Action> = new Map([
  ...['block', 'reject', 'forbid', 'refuse', 'drop'].map((word) => [word, 'deny'] as const),
  ...['permit', 'accept', 'pass'].map((word) => [word, 'allow'] as const),
  ['check', 'evaluate'],
]);
/** What other tools call the keys of a rule, and what they have and a rule has not. */
const HINTS = {
  ...{ id: 'name', title: 'name', effect: 'action', decision: 'action', message: 'reason', msg: 'reason' },
  ...{ if: 'when', match: 'when', where: 'when', condition: 'conditions', require: 'conditions' },
  ...{ limit: 'rate_limit', throttle: 'rate_limit', quota: 'rate_limit', counter: 'state' },
  deny: 'write `action: deny`, and in `when` which calls',
  allow: 'write `action: allow`, or `conditions` that have to hold',
  unless: 'put a condition in `not` under `when`',
  arguments: '`arguments` belongs under the tool, beside `rules`',
};

/** The key of `tools` a rule stands under, and the tools there are; null where they are not known. */
export interface Under {
  readonly key: string;
  readonly tools: readonly Tool[] | null;
}

/** One rule; null, with its errors, where it is not even a mapping. */
export function readRule(node: Located, under: Under, report: Report): Rule | null {
  const fields = readFields(node, 'a rule', RULE_KEYS, report, HINTS);
  if (fields === null) return null;
  const action = readOptional(fields, 'action', (value) => readWord(value, ACTIONS, report, MEANT_ACTIONS));
  const conditions =
    readOptional(fields, 'conditions', (value) => readConditions(value, '`conditions`', report)) ?? [];
  checkCombination(fields, action, report);
  readValidate(fields, report);
  const amount = readState(fields, conditions, under, report);
  const rule: Rule = {
    name: readOptional(fields, 'name', (value) => readText(value, '`name`', report)),
    when: readOptional(fields, 'when', (value) => readConditions(value, '`when`', report)) ?? [],
    observe:
      readOptional(fields, 'mode', (value) => readWord(value, MODES, report, MEANT_MODES)) === 'observe',
    deny: action === 'deny',
    conditions: amount.conditions,
    rateLimit: readOptional(fields, 'rate_limit', (value) => readRateLimit(value, report)),
    amountLimit: amount.amountLimit,
    because: readBecause(fields, report),
  };
  report.note(rule, 'rule', fields.at);
  report.note(rule, 'name', fields.get('name')?.at ?? fields.at);
  if (fields.has('state') && amount.amountLimit === null) report.broken.add(rule);
  return rule;
}

function readOptional<T>(fields: Fields, key: string, read: (node: Located) => T | null): T | null {
  const node = fields.get(key);
  return node === undefined ? null : read(node);
}

function readBecause(fields: Fields, report: Report): string | null {
  if (fields.has('on_deny') && fields.has('reason')) {
    report.error(fields.placeOf('reason'), 'bad_rule', 'expected `on_deny` or `reason`, not both');
  }
  const key = fields.has('on_deny') ? 'on_deny' : 'reason';
  return readOptional(fields, key, (value) => readText(value, `\`${key}\``, report));
}

/** What may stand beside each action (policy-language.md, "Rules"). */
export const FORBIDDEN: Readonly<Record<Action, readonly (typeof RULE_KEYS)[number][]>> = {
  deny: ['conditions', 'rate_limit', 'state'],
  allow: ['conditions'],
  evaluate: [],
};
/** What a rule can do beside denying. */
export const WORKS = ['conditions', 'rate_limit', 'state'] as const;

function checkCombination(fields: Fields, action: Action | null, report: Report): void {
  for (const key of action === null ? [] : FORBIDDEN[action]) {
    if (fields.has(key)) {
      const hint = action === 'deny' && key === 'conditions' ? '; `when` says which calls are denied' : '';
      const message = `expected no \`${key}\` beside \`action: ${action}\`${hint}`;
      report.error(fields.placeOf(key), 'bad_rule', message);
    }
  }
  const works = WORKS.some((key) => fields.has(key));
  if (action === 'evaluate' && !works) {
    report.error(
      fields.placeOf('action'),
      'bad_rule',
      'expected `conditions`, `rate_limit` or `state` beside `action: evaluate`',
    );
  }
  if (!fields.has('action') && !works && !fields.has('validate') && !fields.hasUnknown) {
    report.error(
      fields.at,
      'bad_rule',
      'expected a rule to do something: `action`, `conditions`, `rate_limit`, `state` or `validate`',
    );
  }
}

function readValidate(fields: Fields, report: Report): void {
  const node = fields.get('validate');
  const inner = node === undefined ? null : readFields(node, '`validate`', ['required_args'], report);
  if (inner === null) return;
  const required = inner.get('required_args');
  if (required === undefined) {
    report.error(inner.at, 'missing_key', 'expected `required_args: true` in `validate`');
  } else if (required.kind !== 'scalar' || required.value !== true) {
    report.error(required.at, 'wrong_value', 'expected `true`: required arguments are always enforced');
  }
}

function readState(fields: Fields, conditions: readonly Condition[], under: Under, report: Report) {
  const node = fields.get('state');
  if (node === undefined) return { amountLimit: null, conditions };
  const about = { scopes: scopesOf(under), tools: meant([under.key], under.tools) };
  return readAmountLimit(node, conditions, about, report);
}

/** What may stand for a key in `state.SCOPE.COUNTER`: `_global` for a glob, else either name of the tool. */
function scopesOf({ key, tools }: Under): readonly string[] {
  if (key.includes('*')) return ['_global'];
  const tool = tools?.find((each) => each.name === key || each.operationId === key);
  return tool === undefined ? [key] : [key, tool.operationId, tool.name];
}

/** Reports rules of one key that share a name, given or made. */
export function checkNames(key: string, rules: readonly (Rule | null)[], report: Report): void {
  const names = new Map<string, number>();
  rules.forEach((rule, i) => {
    if (rule !== null && rule.name === null) names.set(ruleName(key, i), i);
  });
  rules.forEach((rule, i) => {
    if (rule === null || rule.name === null) return;
    if (names.has(rule.name)) {
      const place = report.placeOf(rule, 'name');
      report.error(place, 'duplicate_name', `the name \`${clip(rule.name)}\` is taken; expected another one`);
    }
    names.set(rule.name, i);
  });
}

/** What a rule without a name is called: the key as written and its position among all the key's rules. */
export function ruleName(key: string, index: number): string {
  return `${key}#${index + 1}`;
}
