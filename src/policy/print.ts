import type { AmountLimit, Condition, JsonObject, Policy, Rule, ToolRules, Window } from '../model/index.ts';
import { isGlob } from './names.ts';
import { calendarWord } from './windows.ts';
import { type Comments, writeYaml } from './write-yaml.ts';

/** A policy as text that parses to an equal policy: JSON, which YAML 1.2 contains. */
export function printPolicy(policy: Policy): string {
  const { description, mode, list, sessionCeiling, hide, grants, tools } = policy;
  return JSON.stringify(
    {
      version: '1',
      ...given('description', description),
      mode,
      ...given('default', policy.default),
      list,
      session_ceiling: sessionCeiling,
      hide,
      ...given('grants', grants),
      tools: Object.fromEntries(tools.map((toolRules) => [toolRules.key, printToolRules(toolRules)])),
    },
    null,
    2,
  );
}

const DEFAULT_CEILING = 10;

/** A policy as a file for people: parses to an equal policy; what is as if left out is left out, all but `default`. */
export function writePolicy(policy: Policy, comments: Comments = new Map()): string {
  const { description, mode, list, sessionCeiling, hide, grants, tools } = policy;
  const document = {
    version: '1',
    ...given('description', description),
    ...(mode === 'enforce' ? {} : { mode }),
    ...given('default', policy.default),
    ...(list === 'all' ? {} : { list }),
    ...(sessionCeiling === DEFAULT_CEILING ? {} : { session_ceiling: sessionCeiling }),
    ...(hide.length === 0 ? {} : { hide }),
    ...given('grants', grants),
    ...(tools.length === 0
      ? {}
      : { tools: Object.fromEntries(tools.map((toolRules) => [toolRules.key, printToolRules(toolRules)])) }),
  };
  return writeYaml(document satisfies object as JsonObject, comments);
}

function given(key: string, value: unknown): object {
  return value === null ? {} : { [key]: value };
}

function printToolRules({ key, secrets, rules, ...rest }: ToolRules): object {
  return {
    ...given('arguments', rest.arguments satisfies JsonObject | null),
    ...given('secrets', secrets),
    ...(rules.length === 0 ? {} : { rules: rules.map((rule) => printRule(rule, key)) }),
  };
}

function printRule(rule: Rule, key: string): object {
  const { name, when, observe, deny, rateLimit, amountLimit, because } = rule;
  const conditions = [...rule.conditions, ...(amountLimit === null ? [] : [boundOf(amountLimit, key)])];
  const works = conditions.length > 0 || rateLimit !== null;
  return {
    ...given('name', name),
    ...(when.length === 0 ? {} : { when }),
    ...(observe ? { mode: 'observe' } : {}),
    ...(deny ? { action: 'deny' } : works ? {} : { action: 'allow' }),
    ...(conditions.length === 0 ? {} : { conditions }),
    ...(rateLimit === null ? {} : { rate_limit: { ...rateLimit, window: printWindow(rateLimit.window) } }),
    ...(amountLimit === null ? {} : { state: printState(amountLimit) }),
    ...given('on_deny', because),
  };
}

function boundOf({ counter, bound }: AmountLimit, key: string): Condition {
  return { path: `state.${isGlob(key) ? '_global' : key}.${counter}`, ...bound };
}

function printState({ counter, window, per, increment }: AmountLimit): object {
  const amount = 'fixed' in increment ? { increment: increment.fixed } : { increment_from: increment.from };
  return { counter, window: printWindow(window), per, ...amount };
}

function printWindow({ kind, ms }: Window): string | number {
  return kind === 'calendar' ? calendarWord(ms) : ms / 1000;
}
