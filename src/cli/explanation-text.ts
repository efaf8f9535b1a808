import type { Accepted } from '../policy/accepted.ts';
import { conditionText, type LookedAt } from '../policy/conditions.ts';
import type { Check, Explanation } from '../policy/explanation.ts';
import type { DecisionLine, Explained } from './decider.ts';
import { printable } from './excerpt.ts';
import { type Ink, inkFor } from './ink.ts';
import { type Branch, treeLines } from './tree.ts';

/** A decision for people: the answer, why, what was looked at, and what would have been accepted. */
export function explanationText(
  { decision, explanation }: Explained,
  { policy, color }: { readonly policy: string; readonly color: boolean },
): string {
  const ink = inkFor(color);
  return [
    ...headLines(decision, ink),
    ...explanationLines(explanation(), decision, ink),
    ink.faint(`  policy ${policy} (${decision.policy})`),
  ].join('\n');
}

/** Why, what was looked at as a tree, and what would have been accepted. */
export function explanationLines(
  explanation: Explanation,
  decision: Pick<DecisionLine, 'verdict' | 'would'>,
  ink: Ink,
): readonly string[] {
  return [
    `  ${printable(explanation.answer)}`,
    ...treeLines(explanation.checks.map((check) => checkBranch(check, ink))),
    ...notReachedLines(explanation, ink),
    ...acceptedLines(decision, explanation.accepted, ink),
  ];
}

function headLines({ verdict, code, rule, reason, retry_after_ms: wait, tool }: DecisionLine, ink: Ink) {
  const head = verdict === 'allow' ? ink.good('ALLOW') : ink.bad('DENY');
  return [
    `${head}  ${printable(`${tool}  ${code}${rule === null ? '' : ` by ${rule}`}`)}`,
    ...(reason === null ? [] : [`  ${printable(reason)}`]),
    ...(wait === null ? [] : [`  Retry in ${Math.ceil(wait / 1000)} s.`]),
  ];
}

const MARKS: Readonly<Record<Check['result'], string>> = {
  passed: '✓',
  counted: '✓',
  skipped: '·',
  failed: '✗',
};

function checkBranch(check: Check, ink: Ink): Branch {
  const { result, when, conditions, violations, parts } = check;
  const paint = result === 'failed' ? ink.bad : result === 'skipped' ? ink.faint : ink.good;
  const under = [
    ...when.map((looked) => lookedBranch(looked, 'when ', ink)),
    ...conditions.map((looked) => lookedBranch(looked, '', ink)),
    ...violations.map(({ path, expected }) => ({
      text: printable(`${path}: expected ${expected}`),
      under: [],
    })),
    ...parts.map((part) => checkBranch(part, ink)),
  ];
  return { text: `${paint(MARKS[result])} ${checkText(check, ink)}`, under };
}

/** Checks whose name says what they are. */
const NAMED: ReadonlySet<Check['check']> = new Set(['default', 'grants', 'arguments']);

function checkText({ check, name, line, says, observed }: Check, ink: Ink): string {
  const what = NAMED.has(check) ? name : `${check} \`${name}\``;
  const where = line === null ? '' : ink.faint(` (line ${line})`);
  return `${printable(what)}${where}: ${printable(says)}${observed && !says.includes('observes') ? ', only observed' : ''}`;
}

const HELD: Readonly<Record<LookedAt['held'], string>> = {
  yes: 'holds',
  no: 'does not hold',
  unknown: 'cannot be told',
};
const GROUPS = { any: 'any of these', all: 'all of these', not: 'not this' } as const;

function lookedBranch(looked: LookedAt, prefix: string, ink: Ink): Branch {
  const held = looked.held === 'yes' ? HELD.yes : ink.bad(HELD[looked.held]);
  if ('group' in looked) {
    const under = looked.members.map((member) => lookedBranch(member, '', ink));
    return { text: `${prefix}${GROUPS[looked.group]}: ${held}`, under };
  }
  const seen = looked.seen === undefined ? 'it is missing' : `it is ${JSON.stringify(looked.seen)}`;
  return { text: `${prefix}${printable(conditionText(looked))}: ${held}, ${printable(seen)}`, under: [] };
}

function notReachedLines({ not_reached: names }: Explanation, ink: Ink): readonly string[] {
  return names.length === 0 ? [] : [ink.faint(`  Not looked at after that: ${names.join(', ')}.`)];
}

function acceptedLines(
  { verdict, would }: Pick<DecisionLine, 'verdict' | 'would'>,
  accepted: Accepted | null,
  ink: Ink,
): readonly string[] {
  if (verdict === 'allow' && would === null) return [];
  if (accepted === null) {
    const nothing = 'No change to this call would';
    return [`  ${nothing} ${verdict === 'allow' ? 'pass if it were enforced' : 'have been accepted'}.`];
  }
  const title = verdict === 'allow' ? 'What would pass if it were enforced' : 'What would have been accepted';
  const still = ink.faint('  What passes now has to pass then too.');
  if ('any' in accepted || 'all' in accepted) {
    const { text, under } = acceptedBranch(accepted, ink);
    return [`  ${title}: ${text}`, ...treeLines(under), still];
  }
  return [`  ${title}:`, ...treeLines([acceptedBranch(accepted, ink)]), still];
}

function acceptedBranch(accepted: Accepted, ink: Ink): Branch {
  if ('any' in accepted)
    return { text: 'any one of', under: accepted.any.map((each) => acceptedBranch(each, ink)) };
  if ('all' in accepted)
    return { text: 'all of', under: accepted.all.map((each) => acceptedBranch(each, ink)) };
  if ('path' in accepted)
    return { text: ink.good(printable(`${accepted.path}: ${accepted.expected}`)), under: [] };
  const time = 'from' in accepted ? `from ${accepted.from}` : `at ${accepted.at}`;
  return { text: ink.good(`the same call ${time}, in ${durationText(accepted.wait_s)}`), under: [] };
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** Seconds in the two largest units that they fill, rounded up: `13 h 50 min`. */
function durationText(seconds: number): string {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  const [large, small] = UNITS.slice(Math.max(first, 0));
  if (large === undefined || small === undefined) return `${seconds} s`;
  const [per, whole] = [large[1] / small[1], Math.ceil(seconds / small[1])];
  const rest = whole % per;
  return `${Math.floor(whole / per)} ${large[0]}${rest === 0 ? '' : ` ${rest} ${small[0]}`}`;
}
