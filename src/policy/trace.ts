import type { Call, PolicyCode, RuleId, SeenCondition, Step, Violation } from '../model/index.ts';
import { leavesOf, type PreparedCondition, type Roots, type ShowValue } from './conditions.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import { isLimited } from './prepare-limits.ts';
import { judgeRule, type RuleResult } from './rules.ts';
import { looksSecret, withoutSecrets } from './secrets.ts';

/** A check that did not pass. */
export interface Failure {
  readonly code: PolicyCode;
  readonly rule: RuleId | null;
  readonly because: string;
  readonly observed: boolean;
  readonly violations: readonly Violation[];
}

/** What was found on the way to a decision, as it was found; null: not looked at. */
export interface Finding {
  readonly granted: boolean | null;
  readonly violations: readonly Violation[] | null;
  /** Whether the rules were looked at. What each said is found again: a list of it would cost every call. */
  readonly ruled: boolean;
  readonly wrongAmounts: readonly Failure[];
}

/** What a decision was about. */
export interface Question {
  readonly prepared: PreparedPolicy;
  readonly tool: PreparedTool;
  readonly call: Call;
  readonly roots: Roots;
  readonly fingerprint: Fingerprint;
}

/** The trace of a decision: nobody on the way of a call reads it, so it is made of what was found when it is asked for. */
export function traceOf(question: Question, found: Finding): readonly Step[] {
  const { prepared, tool, roots } = question;
  const show = showFor(question);
  const seen = (conditions: readonly PreparedCondition[]) =>
    conditions.flatMap((condition) => leavesOf(condition.look(roots, show)));
  const steps: Step[] = [];
  if (prepared.policy.default === 'deny') {
    steps.push({ step: 'default', name: 'default: deny', result: tool.listed ? 'passed' : 'failed' });
  }
  if (found.granted !== null) {
    const conditions = (tool.grants ?? []).flatMap(({ to }) => seen(to));
    steps.push({ step: 'grants', name: 'grants', result: found.granted ? 'passed' : 'failed', conditions });
  }
  if (found.violations !== null) steps.push(argumentsStep(found.violations));
  if (found.ruled) {
    for (const rule of tool.rules) steps.push(ruleStep(rule, judgeRule(rule, roots), seen));
  }
  for (const { rule, violations } of found.wrongAmounts) {
    steps.push({ step: 'amount', name: rule ?? '', result: 'failed', violations });
  }
  return steps;
}

/** How the values of a call are shown: secrets become fingerprints, known by their place or by their looks. */
export function showFor({ tool, fingerprint }: Pick<Question, 'tool' | 'fingerprint'>): ShowValue {
  const replace = (secret: string) => `fp:${fingerprint(secret)}`;
  return (root, path, value) => {
    const places = root === 'args' ? (tool.tool?.secretArgs ?? []) : [];
    return withoutSecrets(value, path, { places, isSecret: looksSecret, replace });
  };
}

function argumentsStep(violations: readonly Violation[]): Step {
  const step = { step: 'arguments', name: 'arguments' } as const;
  return violations.length === 0 ? { ...step, result: 'passed' } : { ...step, result: 'failed', violations };
}

function ruleStep(
  rule: PreparedRule,
  result: RuleResult,
  seen: (conditions: readonly PreparedCondition[]) => readonly SeenCondition[],
): Step {
  const { id, line, observe, when, conditions } = rule;
  return {
    step: 'rule',
    name: id,
    ...(line === undefined ? {} : { line }),
    result: result === 'passed' && isLimited(rule) ? 'counted' : result,
    ...(observe ? { observed: true } : {}),
    ...(when.length === 0 ? {} : { when: seen(when) }),
    ...(result === 'skipped' || conditions.length === 0 ? {} : { conditions: seen(conditions) }),
  };
}
