import type { RuleId, Step, UsedLimit, Violation, Would } from '../model/index.ts';
import { type Accepted, allOf } from './accepted.ts';
import type { LookedAt } from './conditions.ts';
import { type CheckScope, checksOf } from './explain-checks.ts';
import type { PreparedTool } from './prepare.ts';

/** Why the answer is what it is, and what would have been accepted; all of it for people and for programs alike. */
export interface Explanation {
  /** Why, in a sentence. */
  readonly answer: string;
  /** What was looked at, in the order of a decision. */
  readonly checks: readonly Check[];
  /** Of a denial, or of what was only observed; null: nothing would have been, or nothing was refused. */
  readonly accepted: Accepted | null;
  /** What comes after the failure and was not looked at. */
  readonly not_reached: readonly string[];
}

/** One thing that was looked at. */
export interface Check {
  readonly check: Step['step'];
  readonly name: string;
  /** Of the policy file, where it stands in one. */
  readonly line: number | null;
  readonly result: Step['result'];
  /** It failed and did not block. */
  readonly observed: boolean;
  /** How it went, in words. */
  readonly says: string;
  readonly when: readonly LookedAt[];
  readonly conditions: readonly LookedAt[];
  readonly violations: readonly Violation[];
  readonly limit: UsedLimit | null;
  /** Each grant, each schema. */
  readonly parts: readonly Check[];
  /** Of a check that failed; null: nothing. */
  readonly accepted: Accepted | null;
}

/** A decision that is to be explained: its trace and what it was about. */
export interface Decided extends CheckScope {
  readonly code: string;
  readonly rule: RuleId | null;
  readonly would: Would | null;
  readonly steps: readonly Step[];
}

/** Explains a decision from its trace: what the trace says went wrong, and what its conditions ask for. */
export function explain(decided: Decided): Explanation {
  const { code, would, prepared, call } = decided;
  const tool = prepared.tool(call.tool);
  const checks = checksOf(decided);
  const failed = checks.filter(
    ({ result, observed }) => result === 'failed' && (code === 'allowed' || !observed),
  );
  return {
    answer: code === 'allowed' ? allowedAnswer(decided) : (deniedAnswer(decided, tool) ?? code),
    checks,
    accepted: code === 'allowed' && would === null ? null : allOf(failed.map(({ accepted }) => accepted)),
    not_reached: tool === null || tool.hidden ? [] : notReached(decided, tool),
  };
}

function allowedAnswer({ would, prepared }: Decided): string {
  if (would === null) return 'Allowed: nothing in the policy objects.';
  const who = prepared.policy.mode === 'observe' ? 'the policy only observes' : 'that rule only observes';
  const named = would.rule === null ? '' : ` by the rule \`${would.rule}\``;
  return `Allowed, because ${who}: enforced, it would have been denied${named} (${would.code}).`;
}

/** One row a code: why, in a sentence. */
const ANSWERS: Readonly<Record<string, (rule: string) => string>> = {
  not_listed: () => 'Denied: `default: deny` lets through only tools that a key other than `"*"` names.',
  not_granted: () => 'Denied: no grant gives this caller this tool.',
  denied_by_rule: (rule) => `Denied: the rule ${rule} denies such calls.`,
  condition_failed: (rule) => `Denied: the rule ${rule} asks for something that this call does not have.`,
  rate_limited: (rule) => `Denied: the limit of the rule ${rule} is used up.`,
  budget_exceeded: (rule) => `Denied: the amount does not fit into what the rule ${rule} leaves.`,
  limits_unavailable: () => 'Denied: the limits of this call cannot be asked.',
};

function deniedAnswer({ code, rule }: Decided, tool: PreparedTool | null): string | undefined {
  if (code === 'unknown_tool') {
    return tool === null
      ? 'Denied: there is no such tool.'
      : 'Denied: the policy hides this tool, so agents are told that there is no such tool.';
  }
  const line = tool?.rules.find(({ id }) => id === rule)?.line;
  const named = `\`${rule}\`${line === undefined ? '' : ` (line ${line})`}`;
  if (code === 'invalid_arguments') {
    return rule === null
      ? 'Denied: the arguments are not accepted.'
      : `Denied: what the rule ${named} counts is no amount.`;
  }
  return ANSWERS[code]?.(named);
}

const STAGES = ['grants', 'arguments', 'rules', 'limits'] as const;

/** The first stage that is not reached after a denial. */
const REACHED: Readonly<Record<string, (typeof STAGES)[number]>> = {
  not_listed: 'grants',
  not_granted: 'arguments',
  denied_by_rule: 'limits',
  condition_failed: 'limits',
};

function notReached({ code, rule }: Decided, tool: PreparedTool): readonly string[] {
  const next = code === 'invalid_arguments' ? (rule === null ? 'rules' : 'limits') : REACHED[code];
  if (next === undefined) return [];
  const there = {
    grants: tool.grants !== null,
    arguments: true,
    rules: tool.rules.length > 0,
    limits: tool.limited.length > 0,
  };
  return STAGES.slice(STAGES.indexOf(next)).filter((stage) => there[stage]);
}
