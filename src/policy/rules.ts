import type { PreparedCondition, Roots } from './conditions.ts';
import type { PreparedRule } from './prepare.ts';

/** What a rule said of a call. A rule that passed may still have a limit. */
export type RuleResult = 'passed' | 'failed' | 'skipped';

/** What a rule says of a call. The list of `when` stops at the first condition that does not hold; unknown counts as holding. */
export function judgeRule({ when, deny, conditions }: PreparedRule, roots: Roots): RuleResult {
  for (const condition of when) if (condition.test(roots) === 'no') return 'skipped';
  return !deny && allHold(conditions, roots) ? 'passed' : 'failed';
}

/** Whether every condition holds; unknown does not. */
export function allHold(conditions: readonly PreparedCondition[], roots: Roots): boolean {
  for (const condition of conditions) if (condition.test(roots) !== 'yes') return false;
  return true;
}
