import type { JsonObject, Operation, Policy, Rule, ToolRules } from '../../model/index.ts';
import { type Comments, commentAt } from '../../policy/write-yaml.ts';

/** A policy to be written, with what is said of it and what shows it at work. */
export interface Plan {
  readonly head: readonly string[];
  readonly description: string;
  readonly sessionCeiling: number;
  readonly tools: readonly PlannedTool[];
  /** What is said at the end of `tools`' own comment, of the tools that are not in it. */
  readonly others: readonly string[];
}

export interface PlannedTool {
  readonly operation: Operation;
  readonly why: readonly string[];
  readonly arguments: { readonly schema: JsonObject; readonly why: Comments } | null;
  readonly secrets: ToolRules['secrets'];
  readonly rules: readonly PlannedRule[];
  /** Arguments with which a call passes every rule. */
  readonly sample: JsonObject;
  /** Calls whose arguments are not accepted. */
  readonly invalid: readonly { readonly name: string; readonly args: JsonObject }[];
}

export interface PlannedRule {
  readonly rule: Rule & { readonly name: string };
  readonly why: readonly string[];
  /** Arguments with which the rule denies, and with which it comes near and passes; for rules that look at arguments. */
  readonly denied?: JsonObject;
  readonly passing?: JsonObject;
}

/** The policy that a plan is of. */
export function policyOf({ description, sessionCeiling, tools }: Plan): Policy {
  return {
    description,
    mode: 'enforce',
    default: 'deny',
    list: 'callable',
    sessionCeiling,
    hide: [],
    grants: null,
    tools: tools.map(({ operation, arguments: bounds, secrets, rules }) => ({
      key: operation.operationId,
      arguments: bounds?.schema ?? null,
      secrets,
      rules: rules.map(({ rule }) => rule),
    })),
  };
}

/** What is said in the policy's file, by place. */
export function commentsOf({ head, others, tools }: Plan): Comments {
  const comments = new Map<string, readonly string[]>([[commentAt([]), head]]);
  if (others.length > 0) comments.set(commentAt(['default']), others);
  for (const { operation, why, arguments: bounds, rules } of tools) {
    const key = ['tools', operation.operationId];
    comments.set(commentAt(key), why);
    for (const [place, lines] of bounds?.why ?? [])
      comments.set(commentAt([...key, 'arguments', ...(JSON.parse(place) as readonly string[])]), lines);
    rules.forEach((each, i) => void comments.set(commentAt([...key, 'rules', i]), each.why));
  }
  return new Map([...comments].filter(([, lines]) => lines.length > 0));
}

/** The rule that an identity, or another subject, makes at most so many calls in a sliding window. */
export function callsRule(
  name: string,
  {
    max,
    seconds,
    per,
  }: { readonly max: number; readonly seconds: number; readonly per: 'identity' | 'session' },
): Rule & { readonly name: string } {
  return {
    name,
    when: [],
    observe: false,
    deny: false,
    conditions: [],
    rateLimit: { max, window: { kind: 'sliding', ms: seconds * 1000 }, per },
    amountLimit: null,
    because: null,
  };
}
