import type { Condition, Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { checkSchema } from './check-schema.ts';
import { clip, type Report, suggestion } from './located.ts';
import { isGlob, meant, means } from './names.ts';
import { pointlessValue } from './pointless.ts';
import { newAjv } from './schema.ts';
import { pathProblem, schemasAt } from './vocabulary.ts';

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
    checkConditions(grant.to, meant(grant.tools, tools), report);
  }
  checkKeys(policy.tools, tools, report);
  for (const toolRules of policy.tools) {
    const under = meant([toolRules.key], tools);
    if (toolRules.arguments !== null) {
      const targets = under === null ? null : under.map((tool) => tool.schema);
      checkSchema(toolRules.arguments, targets, ajv, report, report.placeOf(toolRules, 'key'));
    }
    for (const rule of toolRules.rules) checkRule(rule, under, report);
  }
  warn(policy, tools, report);
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
  const client = tools.find((tool) => tool.clientNames.includes(name));
  if (client !== undefined) {
    return `\`${name}\` is the name in a FusionAuth client; expected \`${client.operationId}\` or \`${client.name}\``;
  }
  const near = suggestion(
    name,
    tools.flatMap((tool) => [tool.operationId, tool.name]),
  );
  const end = near === '' ? '; `portcullis tools` lists them' : near;
  return `${isGlob(name) ? 'no tool matches' : 'unknown tool'} \`${clip(name)}\`${end}`;
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
  const pointless = pointlessValue(condition, schemasAt(condition.path, tools ?? []), tools ?? []);
  if (pointless !== null) report.warn(report.placeOf(condition, 'value'), pointless.code, pointless.message);
}

function warn(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  if (policy.default === null && !report.broken.has(policy)) {
    const message =
      '`default` is left out, which means `allow`: tools that no key names can be called too; write `default: deny` or `default: allow`';
    report.warn(report.placeOf(policy, 'default'), 'default_left_out', message);
  }
  if (policy.grants?.length === 0) {
    report.warn(report.placeOf(policy, 'grants'), 'no_grants', '`grants: []` denies every call');
  }
  for (const toolRules of policy.tools)
    warnOfHidden(toolRules, meant([toolRules.key], tools), policy, report);
  for (const tool of tools ?? namedTools(policy)) warnOfTool(tool, policy, report);
}

type Named = Pick<Tool, 'name' | 'operationId'>;

/** The tools that a policy names without a glob: all that can be told of where tools are not known. */
function namedTools({ tools, grants }: Policy): readonly Named[] {
  const names = new Set([...tools.map(({ key }) => key), ...(grants ?? []).flatMap((grant) => grant.tools)]);
  return [...names].filter((name) => !isGlob(name)).map(asTool);
}

function asTool(name: string): Named {
  return { name, operationId: name };
}

/** A name of hidden tools that hides a glob as text hides all that the glob matches. */
function warnOfHidden(
  own: ToolRules,
  tools: readonly Named[] | null,
  { hide }: Policy,
  report: Report,
): void {
  if (own.rules.length === 0 && own.arguments === null) return;
  const under = tools ?? [asTool(own.key)];
  if (under.length === 0 || !under.every((tool) => hide.some((name) => means(name, tool)))) return;
  const message = `\`${clip(own.key)}\` is hidden; its rules never apply`;
  report.warn(report.placeOf(own, 'key'), 'hidden_with_rules', message);
}

function warnOfTool(tool: Named, policy: Policy, report: Report): void {
  const listing = policy.tools.find((each) => each.key !== '*' && means(each.key, tool));
  const grant = policy.grants?.find((each) => each.tools.some((name) => means(name, tool)));
  if (grant !== undefined && listing === undefined && policy.default === 'deny') {
    const i = grant.tools.findIndex((name) => means(name, tool));
    const message = `\`${clip(tool.operationId)}\` is granted but not listed, and \`default: deny\` denies it`;
    report.warn(report.placeOf(grant.tools, i), 'granted_not_listed', message);
  }
  if (policy.grants !== null && policy.grants.length > 0 && grant === undefined && listing !== undefined) {
    const message = `\`${clip(tool.operationId)}\` is listed but in no grant: nobody can call it`;
    report.warn(report.placeOf(listing, 'key'), 'listed_not_granted', message);
  }
}
