import type { Condition, Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { compareRules } from './compare-rules.ts';
import { alwaysHolds, contradictions } from './contradiction.ts';
import { clip, type Report, START } from './located.ts';
import { means, meant } from './names.ts';
import { parsePath } from './paths.ts';
import { canApplyWithout, type RequirementsOf, requirementsIn, singlesOf } from './presence.ts';
import { ruleName } from './read-rule.ts';
import { schemasAt } from './vocabulary.ts';

/** Every rule is compared with every other one, part by part: a warning is worth no more than a moment. */
const MAX_PARTS = 1500;

/**
 * Warns of rules that are legal and likely not what their author meant. Each warning is certain of what it says.
 *
 * @param tools null where tools are not known.
 */
export function warnOfRules(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  const parts = policy.tools.flatMap(({ rules }) => rules).reduce((all, rule) => all + partsOf(rule), 0);
  if (parts > MAX_PARTS) {
    report.warn(START, 'not_compared', 'so many rules are not compared: what is in vain in them is not told');
    return;
  }
  const requires = requirementsIn(policy);
  for (const toolRules of policy.tools) {
    const under = meant([toolRules.key], tools);
    for (const rule of toolRules.rules) {
      const about: About = { rule, tools: under ?? [], requires, report };
      warnOfContradictions(rule.conditions, about);
      warnOfContradictions(rule.when, about);
      warnOfNeverFailing(about);
      if (under === null) continue;
      warnOfSecrets(about);
      warnOfMissing(about);
    }
    warnOfCounters(toolRules, report);
    warnOfSessions(policy, toolRules, tools, report);
  }
  for (const { to, tools: names } of policy.grants ?? []) {
    const granted = meant(names, tools) ?? [];
    warnOfContradictions(to, { tools: granted, report });
  }
  compareRules(policy, tools, report);
}

interface About {
  readonly rule: Rule;
  /** The tools that the rule is for. */
  readonly tools: readonly Tool[];
  readonly requires: RequirementsOf;
  readonly report: Report;
}

function warnOfContradictions(
  conditions: readonly Condition[],
  { tools, report }: Pick<About, 'tools' | 'report'>,
): void {
  for (const { at, message } of contradictions(conditions, (path) => schemasAt(path, tools))) {
    report.warn(report.placeOf(at, 'value'), 'contradiction', clip(message, 300));
  }
  for (const condition of conditions) {
    if ('all' in condition) warnOfContradictions(condition.all, { tools, report });
    if ('any' in condition) for (const each of condition.any) warnOfContradictions([each], { tools, report });
  }
}

function warnOfNeverFailing({ rule, tools, requires, report }: About): void {
  if (rule.deny || rule.rateLimit !== null || rule.amountLimit !== null || report.broken.has(rule)) return;
  const at = report.placeOf(rule, 'rule');
  if (rule.conditions.length === 0 && rule.when.length > 0) {
    const message =
      'this rule has a `when` and nothing that could fail: it makes no exception from other rules, and does nothing';
    report.warn(at, 'rule_never_fails', message);
  }
  const isCertain = (condition: Condition) =>
    'path' in condition &&
    isAlwaysThere(condition.path, tools, requires) &&
    alwaysHolds(condition, schemasAt(condition.path, tools));
  if (rule.conditions.length > 0 && rule.conditions.every(isCertain)) {
    report.warn(at, 'rule_never_fails', 'the conditions of this rule always hold: it does nothing');
  }
}

/** What stands beside the arguments and is there in every call. */
const ALWAYS = /^(?:time\.(?:hour|weekday)|call\.(?:tool|transport|kind)|identity\.anonymous)$/;

function isAlwaysThere(text: string, tools: readonly Tool[], requires: RequirementsOf): boolean {
  if (ALWAYS.test(text)) return text !== 'call.kind' || tools.length > 0;
  const parsed = parsePath(text);
  if (parsed?.root !== 'args' || tools.length === 0) return false;
  return tools.every((tool) => requires(tool)(parsed.path));
}

function warnOfSecrets({ rule, tools, report }: About): void {
  for (const condition of singlesOf([...rule.when, ...rule.conditions])) {
    const parsed = parsePath(condition.path);
    if (parsed?.root !== 'args' || condition.op === 'exists') continue;
    const isSecret = tools.some(({ secretArgs }) =>
      secretArgs.some((secret) => secret.every((step, i) => step === parsed.path[i])),
    );
    if (!isSecret) continue;
    const message = `\`${clip(condition.path)}\` is a secret, and with the value that it is compared with the policy holds one; \`exists\` asks only whether there is one`;
    report.warn(report.placeOf(condition, 'path'), 'secret_compared', message);
  }
}

/** A deny that looks at an argument also meets calls without it, unless its `when` asks whether it is there. */
function warnOfMissing({ rule, tools, requires, report }: About): void {
  if (!rule.deny) return;
  const singles = singlesOf(rule.when);
  for (const condition of singles) {
    const parsed = parsePath(condition.path);
    if (parsed?.root !== 'args' || condition.op === 'exists') continue;
    const isThoughtOf = singles.some(
      ({ path, op, value }) => op === 'exists' && value === false && condition.path.startsWith(path),
    );
    if (isThoughtOf) continue;
    const some = tools.find(
      (tool) => !requires(tool)(parsed.path) && canApplyWithout(rule.when, parsed.path, requires(tool)),
    );
    if (some === undefined) continue;
    const path = clip(condition.path);
    const message = `a call of \`${some.operationId}\` without \`${path}\` is denied too, since unknown counts as holding; put \`{ path: ${path}, op: exists, value: true }\` before it if that is not meant`;
    report.warn(report.placeOf(condition, 'path'), 'deny_without_argument', message);
  }
}

/** Who gives two counters one name may take them for one; with another window, subject or occasion nobody would. */
function warnOfCounters({ key, rules }: ToolRules, report: Report): void {
  const seen = new Map<string, string>();
  rules.forEach((rule, i) => {
    if (rule.amountLimit === null) return;
    const { counter, window, per } = rule.amountLimit;
    const id = rule.name ?? ruleName(key, i);
    const name = JSON.stringify([counter, window, per, rule.observe, rule.when]);
    const first = seen.get(name);
    if (first === undefined) {
      seen.set(name, id);
      return;
    }
    const message = `\`${clip(counter)}\` is counted by \`${clip(first)}\` too, and each rule counts for itself; one sum is that of one rule`;
    report.warn(report.placeOf(rule, 'rule'), 'counter_twice', message);
  });
}

/** A new session costs nothing: what it mints is bounded by the ceiling alone, which should be somebody's decision. */
function warnOfSessions(
  policy: Policy,
  { key, rules }: ToolRules,
  tools: readonly Tool[] | null,
  report: Report,
): void {
  if (tools === null || report.knows(policy, 'session_ceiling')) return;
  const mints = (meant([key], tools) ?? []).filter(({ kind }) => kind === 'mint');
  const open = mints.filter((tool) => !isLimitedByIdentity(tool, policy));
  const [tool] = open;
  if (tool === undefined) return;
  for (const rule of rules) {
    if (rule.rateLimit?.per !== 'session' && rule.amountLimit?.per !== 'session') continue;
    const message = `\`${tool.operationId}\` mints, and its limits are per session only: an identity that opens sessions reaches ${policy.sessionCeiling} times as much, the default of \`session_ceiling\`; write \`per: identity\`, or \`session_ceiling\` as you mean it`;
    report.warn(report.placeOf(rule, 'rule'), 'session_limit_only', message);
  }
}

function isLimitedByIdentity(tool: Tool, policy: Policy): boolean {
  const own = policy.tools.filter(({ key }) => means(key, tool));
  const isHidden = policy.hide.some((name) => means(name, tool));
  return (
    isHidden ||
    own.some(({ rules }) =>
      rules.some(
        ({ deny, when, rateLimit, amountLimit, observe }) =>
          !observe &&
          when.length === 0 &&
          (deny || [rateLimit, amountLimit].some((limit) => limit !== null && limit.per !== 'session')),
      ),
    )
  );
}

/** How much there is to compare in a rule: its conditions, and the longer their values the more. */
function partsOf({ when, conditions }: Rule): number {
  return 1 + sum(when) + sum(conditions);
}

function sum(conditions: readonly Condition[]): number {
  return conditions.reduce((parts, condition) => parts + partsIn(condition), 0);
}

function partsIn(condition: Condition): number {
  if ('any' in condition) return 1 + sum(condition.any);
  if ('all' in condition) return 1 + sum(condition.all);
  if ('not' in condition) return 1 + partsIn(condition.not);
  return 1 + Math.ceil(JSON.stringify(condition.value).length / 20);
}
