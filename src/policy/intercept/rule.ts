import type { AmountLimit, Condition, Position, RateLimit, Rule } from '../../model/index.ts';
import { type Fields, readFields, readList, readText, readWord } from '../fields.ts';
import { describe, type Located, type Report } from '../located.ts';
import { type LocatedCondition, readSourceCondition, translateCondition } from './condition.ts';
import { type Findings, isRefusal, type Refusal } from './findings.ts';
import type { Place } from './places.ts';
import { readSourceRate } from './rate.ts';
import { translateState } from './state.ts';

const KEYS = ['name', 'action', 'rate_limit', 'conditions', 'on_deny', 'state', 'reason', 'validate'];
const ACTIONS = ['evaluate', 'deny', 'allow'] as const;
const HINTS = {
  when: '`when` is this project’s own: such a file need not be imported',
  mode: '`mode` is this project’s own: such a file need not be imported',
};

/** What a rule says here; `refused` where calls are denied in its place. */
export interface TranslatedRule {
  readonly rule: Rule;
  readonly at: Position;
  readonly refused: readonly string[];
  /** Whether anything was said of it. */
  readonly told: boolean;
}

/** The value under a key; undefined where there is none, or null, which Go takes for left out. */
export function given(fields: Fields, key: string): Located | undefined {
  const node = fields.get(key);
  return node?.kind === 'scalar' && node.value === null ? undefined : node;
}

/** One rule of Intercept -> one rule; null, with its errors, where it is none. */
export function translateRule(node: Located, place: Place, findings: Findings): TranslatedRule | null {
  const { report } = findings;
  const fields = readFields(node, 'a rule', KEYS, report, HINTS);
  if (fields === null) return null;
  const [before, said] = [report.errors, findings.count];
  const action = read(fields, 'action', (value) => readWord(value, ACTIONS, report));
  checkForm(fields, action, report);
  const parts = action === 'deny' ? NOTHING : partsOf(fields, action, place, findings);
  checkValidate(fields, findings);
  const base = {
    name: textIn(fields, 'name', report),
    because: textIn(fields, given(fields, 'on_deny') === undefined ? 'reason' : 'on_deny', report),
    when: [],
    observe: false,
  };
  if (report.errors > before) return null;
  if (parts.refusals.length === 0) {
    const { conditions, rateLimit, amountLimit } = parts;
    const rule = { ...base, deny: action === 'deny', conditions, rateLimit, amountLimit };
    if (action === 'deny' && fields.has('state'))
      findings.add(
        'same',
        fields.placeOf('state'),
        'state',
        'a `state` beside `action: deny` counts nothing; left out',
      );
    return { rule, at: fields.at, refused: [], told: findings.count > said };
  }
  for (const refusal of parts.refusals) findings.refuse(refusal);
  const because =
    'This could not be carried over from Intercept, so it is denied; ask whoever keeps the policy.';
  const rule = { ...base, ...NOTHING_SAID, deny: true, because };
  return { rule, at: fields.at, refused: parts.refusals.map(({ refused }) => refused), told: true };
}

const NOTHING_SAID = { conditions: [], rateLimit: null, amountLimit: null } as const;
const NOTHING: Parts = { ...NOTHING_SAID, refusals: [] };

interface Parts {
  readonly conditions: readonly Condition[];
  readonly rateLimit: RateLimit | null;
  readonly amountLimit: AmountLimit | null;
  readonly refusals: readonly Refusal[];
}

function read<T>(fields: Fields, key: string, reader: (node: Located) => T | null): T | null {
  const node = given(fields, key);
  return node === undefined ? null : reader(node);
}

/** A text under a key; null where it is left out or empty. */
export function textIn(fields: Fields, key: string, report: Report): string | null {
  const node = given(fields, key);
  if (node?.kind === 'scalar' && node.value === '') return null;
  return node === undefined ? null : readText(node, `\`${key}\``, report);
}

function checkForm(fields: Fields, action: (typeof ACTIONS)[number] | null, report: Report): void {
  const unfit =
    action === 'deny' ? ['conditions', 'rate_limit'].filter((key) => given(fields, key) !== undefined) : [];
  for (const key of unfit) {
    report.error(fields.placeOf(key), 'bad_rule', `expected no \`${key}\` beside \`action: deny\``);
  }
  if (given(fields, 'on_deny') !== undefined && given(fields, 'reason') !== undefined)
    report.error(fields.placeOf('reason'), 'bad_rule', 'expected `on_deny` or `reason`, not both');
  const works = ['action', 'rate_limit', 'conditions', 'state', 'validate'];
  if (!works.some((key) => given(fields, key) !== undefined))
    report.error(
      fields.at,
      'bad_rule',
      'expected a rule to do something: `action`, `conditions` or `rate_limit`',
    );
}

function checkValidate(fields: Fields, findings: Findings): void {
  const { report } = findings;
  const node = given(fields, 'validate');
  const inner = node === undefined ? null : readFields(node, '`validate`', ['required_args'], report);
  const required = inner?.get('required_args');
  if (inner === null || required === undefined) return;
  if (required.kind !== 'scalar' || typeof required.value !== 'boolean')
    report.error(required.at, 'wrong_value', `expected true or false; found ${describe(required)}`);
  else if (!required.value)
    findings.add('differs', required.at, 'required_args', 'required arguments are always enforced here');
}

function partsOf(
  fields: Fields,
  action: (typeof ACTIONS)[number] | null,
  place: Place,
  findings: Findings,
): Parts {
  const { report } = findings;
  const items =
    read(fields, 'conditions', (node) => readList(node, '`conditions`', 'may be empty', report)) ?? [];
  const sources = items.flatMap((item) => readSourceCondition(item, report) ?? []);
  const rateLimit = read(fields, 'rate_limit', (node) => readSourceRate(node, findings));
  if (items.length === 0 && !fields.has('rate_limit') && action === 'evaluate')
    report.error(fields.at, 'bad_rule', 'expected `conditions` or `rate_limit` beside `action: evaluate`');
  const state = read(fields, 'state', (node) => translateState(node, sources, place, findings));
  const isRefused = state !== null && isRefusal(state);
  const counter = state === null || isRefusal(state) ? { amountLimit: null, bounds: null } : state;
  const others = sources.filter(
    (source) => source !== counter.bounds && !(isRefused && source.path.startsWith('state.')),
  );
  const translated = others.map((source) => translateOne(source, place, findings));
  const refusals = [...(state === null ? [] : [state]), ...translated].filter(isRefusal);
  if (action === 'allow' && items.length > 0) {
    const refused = '`conditions` beside `action: allow` have no meaning that is written down';
    refusals.push({ refused, code: 'allow', at: fields.placeOf('conditions') });
  }
  const conditions = translated.flatMap((each) => (isRefusal(each) ? [] : each));
  return { conditions, rateLimit, amountLimit: counter.amountLimit, refusals };
}

function translateOne(
  source: LocatedCondition,
  place: Place,
  findings: Findings,
): readonly Condition[] | Refusal {
  if (!source.path.startsWith('state.')) return translateCondition(source, place, findings);
  const refused = 'a counter is bounded once, with `lt` or `lte`, by the rule that has its `state`';
  return { refused, code: 'state', at: source.at };
}
