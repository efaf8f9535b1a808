import type { Condition, Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { checkSchema } from './check-schema.ts';
import { clip, type Report, suggestion } from './located.ts';
import { isGlob, means } from './names.ts';
import { isList } from './paths.ts';
import { newAjv } from './schema.ts';
import { incrementProblem, pathProblem, schemasAt } from './vocabulary.ts';

/**
 * Reports what a policy of the right form says that cannot be meant: names and paths that do not exist, wrong
 * schemas; and, as warnings, what is legal but likely not intended.
 *
 * @param tools what the policy may speak of; null switches the knowledge of tools off.
 */
export function checkPolicy(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  const ajv = newAjv();
  checkNames(policy.hide, tools, report);
  for (const grant of policy.grants ?? []) {
    checkNames(grant.tools, tools, report);
    checkConditions(grant.to, matched(grant.tools, tools), report);
  }
  checkKeys(policy.tools, tools, report);
  for (const toolRules of policy.tools) {
    const under = matched([toolRules.key], tools);
    if (toolRules.arguments !== null) {
      const targets = under === null ? null : under.map((tool) => tool.schema);
      checkSchema(toolRules.arguments, targets, ajv, report, report.placeOf(toolRules, 'key'));
    }
    for (const rule of toolRules.rules) checkRule(rule, under, report);
  }
  warn(policy, tools, report);
}

/** The tools that some of these names mean; null where tools are not known. */
function matched(names: readonly string[], tools: readonly Tool[] | null): readonly Tool[] | null {
  return tools?.filter((tool) => names.some((name) => means(name, tool))) ?? null;
}

function checkKeys(toolRules: readonly ToolRules[], tools: readonly Tool[] | null, report: Report): void {
  const names: string[] = [];
  for (const each of toolRules) {
    report.note(names, names.length, report.placeOf(each, 'key'));
    names.push(each.key);
  }
  checkNames(names, tools, report);
}

function checkNames(names: readonly string[], tools: readonly Tool[] | null, report: Report): void {
  const seen = new Map<string, string>();
  names.forEach((name, i) => {
    const at = report.placeOf(names, i);
    const tool = tools?.find((each) => !isGlob(name) && means(name, each));
    if (tools !== null && tool === undefined && !(isGlob(name) && tools.some((each) => means(name, each)))) {
      report.error(at, 'unknown_tool', unknownTool(name, tools));
      return;
    }
    const same = tool?.name ?? name;
    const before = seen.get(same);
    if (before !== undefined) {
      const other = before === name ? '' : `, also as \`${before}\``;
      report.error(at, 'duplicate_tool', `\`${clip(name)}\` is named twice${other}; expected each tool once`);
    }
    seen.set(same, name);
  });
}

function unknownTool(name: string, tools: readonly Tool[]): string {
  if (isGlob(name)) return `no tool matches \`${clip(name)}\``;
  const client = tools.find((tool) => tool.clientNames.includes(name));
  if (client !== undefined) {
    return `\`${name}\` is the name in a FusionAuth client; expected \`${client.operationId}\` or \`${client.name}\``;
  }
  return `unknown tool \`${clip(name)}\`${suggestion(
    name,
    tools.flatMap((tool) => [tool.operationId, tool.name]),
  )}`;
}

function checkRule(rule: Rule, tools: readonly Tool[] | null, report: Report): void {
  checkConditions(rule.when, tools, report);
  const bound = report.broken.has(rule);
  checkConditions(
    rule.conditions.filter(
      (condition) => !(bound && 'path' in condition && condition.path.startsWith('state.')),
    ),
    tools,
    report,
  );
  const { amountLimit } = rule;
  if (amountLimit === null || !('from' in amountLimit.increment)) return;
  const problem = incrementProblem(amountLimit.increment.from, tools);
  if (problem !== null) report.error(report.placeOf(amountLimit, 'increment_from'), 'unknown_path', problem);
}

function checkConditions(
  conditions: readonly Condition[],
  tools: readonly Tool[] | null,
  report: Report,
): void {
  for (const condition of conditions) {
    if ('any' in condition) checkConditions(condition.any, tools, report);
    else if ('all' in condition) checkConditions(condition.all, tools, report);
    else if ('not' in condition) checkConditions([condition.not], tools, report);
    else checkCondition(condition, tools, report);
  }
}

function checkCondition(
  condition: Extract<Condition, { path: string }>,
  tools: readonly Tool[] | null,
  report: Report,
): void {
  const problem = pathProblem(condition.path, condition.op, tools);
  if (problem !== null) {
    report.error(report.placeOf(condition, 'path'), 'unknown_path', problem);
    return;
  }
  if (!['eq', 'neq', 'in', 'not_in'].includes(condition.op)) return;
  const values = isList(condition.value) ? condition.value : [condition.value];
  const ids = schemasAt(condition.path, tools ?? []).some((schema) => schema['format'] === 'uuid');
  if (ids && values.some((value) => typeof value === 'string' && /[A-F]/.test(value))) {
    const message = 'ids are compared in lower case; this value is never equal to one';
    report.warn(report.placeOf(condition, 'value'), 'never_equal', message);
  }
}

function warn(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  if (policy.default === null) {
    const message =
      '`default` is left out, which means `allow`: a tool that is not listed can be called without limits';
    report.warn(report.placeOf(policy, 'default'), 'default_left_out', message);
  }
  if (policy.grants?.length === 0) {
    report.warn(report.placeOf(policy, 'grants'), 'no_grants', '`grants: []` denies every call');
  }
  for (const tool of tools ?? []) warnOfTool(tool, policy, report);
  for (const { key } of tools === null ? policy.tools : []) {
    warnOfTool({ name: key, operationId: key }, policy, report);
  }
}

function warnOfTool(tool: Pick<Tool, 'name' | 'operationId'>, policy: Policy, report: Report): void {
  const listing = policy.tools.find((each) => each.key !== '*' && means(each.key, tool));
  const own = policy.tools.find((each) => !isGlob(each.key) && means(each.key, tool));
  const grant = policy.grants?.find((each) => each.tools.some((name) => means(name, tool)));
  if (own !== undefined && policy.hide.some((name) => means(name, tool))) {
    const { rules, arguments: schema } = own;
    if (rules.length > 0 || schema !== null) {
      report.warn(
        report.placeOf(own, 'key'),
        'hidden_with_rules',
        `\`${own.key}\` is hidden; its rules never apply`,
      );
    }
  }
  if (grant !== undefined && listing === undefined && policy.default === 'deny') {
    const i = grant.tools.findIndex((name) => means(name, tool));
    const message = `\`${tool.operationId}\` is granted but not listed, and \`default: deny\` denies it`;
    report.warn(report.placeOf(grant.tools, i), 'granted_not_listed', message);
  }
  if (policy.grants !== null && policy.grants.length > 0 && grant === undefined && listing !== undefined) {
    const message = `\`${tool.operationId}\` is listed but in no grant: nobody can call it`;
    report.warn(report.placeOf(listing, 'key'), 'listed_not_granted', message);
  }
}
