import type { Condition, Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { warnOfRules } from './check-rules.ts';
import { schemaChecker } from './check-schema.ts';
import { clip, didYouMean, type Report, START } from './located.ts';
import { firstMeaning, isGlob, means, meant, type Named } from './names.ts';
import { nearestTool } from './nearest-tool.ts';
import { warnOfRewritten } from './numbers.ts';
import { oddTexts } from './odd-texts.ts';
import { isOfNumbers, pointlessValue } from './pointless.ts';
import { pathProblem, schemasAt } from './vocabulary.ts';

/** What is compared so is a number. */
const ORDERED: ReadonlySet<string> = new Set(['lt', 'lte', 'gt', 'gte']);
/** Letters of names, once for each glob: a warning is worth no more than a moment. */
const MAX_COMPARED = 10_000_000;

/**
 * Reports what a policy of the right form says that cannot be meant: names and paths that do not exist, wrong
 * schemas; and, as warnings, what is legal but likely not intended.
 *
 * @param tools what the policy may speak of; null switches the knowledge of tools off.
 */
export function checkPolicy(policy: Policy, tools: readonly Tool[] | null, report: Report): void {
  const checkSchema = schemaChecker(report);
  checkNames(policy.hide, tools, report);
  for (const grant of policy.grants ?? []) {
    checkNames(grant.tools, tools, report);
    checkConditions(grant.to, meant(grant.tools, tools), report);
  }
  checkKeys(policy.tools, tools, report);
  for (const toolRules of policy.tools) {
    const under = meant([toolRules.key], tools);
    if (toolRules.arguments !== null) {
      // Of a key that is no tool nothing is known: what is wrong is the key, which was told.
      const targets = under === null || under.length === 0 ? null : under.map((tool) => tool.schema);
      checkSchema(toolRules.arguments, targets, report.placeOf(toolRules, 'key'));
    }
    for (const rule of toolRules.rules) checkRule(rule, under, report);
  }
  warn(policy, tools, report);
  if (report.errors === 0) warnOfRules(policy, tools, report);
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
      report.error(at, 'unknown_tool', () => unknownTool(name, tools));
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
  const near = nearestTool(name, tools);
  const end = near === null ? '; `portcullis tools` lists them' : didYouMean(near);
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
  const schemas = schemasAt(condition.path, tools ?? []);
  const pointless = pointlessValue(condition, schemas, tools ?? []);
  const isUnread = report.broken.has(condition) && pointless?.code === 'never_equal';
  if (pointless !== null && !isUnread)
    report.warn(report.placeOf(condition, 'value'), pointless.code, pointless.message);
  if (report.broken.has(condition)) return;
  const written = report.written.get(condition);
  if (written !== undefined && !isOfNumbers(schemas) && !ORDERED.has(condition.op))
    warnOfRewritten(written, report);
  for (const { of, code, message } of oddTexts(condition, schemas)) {
    if (of === 'value' && pointless !== null) continue;
    report.warn(report.placeOf(condition, of), code, message);
  }
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
  const named = tools ?? namedTools(policy);
  const globs = [...policy.hide, ...listingNames(policy), ...grantedNames(policy)].filter(isGlob).length;
  const compared = tools === null ? [...named, ...policy.tools.map(({ key }) => asTool(key))] : tools;
  const letters = compared.reduce((sum, { name, operationId }) => sum + name.length + operationId.length, 0);
  if (globs * letters > MAX_COMPARED) {
    const message =
      'so many names and globs are not compared: what is hidden, granted or listed in vain is not told';
    report.warn(START, 'not_compared', message);
    return;
  }
  warnOfHidden(policy, tools, report);
  if (tools !== null) warnOfListed(policy, tools, report);
  warnOfTools(policy, named, report);
}

/** The tools that a policy names without a glob: all that can be told of where tools are not known. */
function namedTools(policy: Policy): readonly Named[] {
  const names = new Set([...policy.tools.map(({ key }) => key), ...grantedNames(policy)]);
  return [...names].filter((name) => !isGlob(name)).map(asTool);
}

function listingNames({ tools }: Policy): readonly string[] {
  return tools.map(({ key }) => key).filter((key) => key !== '*');
}

function grantedNames({ grants }: Policy): readonly string[] {
  return (grants ?? []).flatMap((grant) => grant.tools);
}

function asTool(name: string): Named {
  return { name, operationId: name };
}

/** A name of hidden tools that hides a glob as text hides all that the glob matches. */
function warnOfHidden({ tools: keys, hide }: Policy, tools: readonly Tool[] | null, report: Report): void {
  const hidden = firstMeaning(hide.map((name) => [name, name]));
  const hiddenTools = new Set<Named>(tools?.filter((tool) => hidden(tool) !== undefined));
  for (const own of keys) {
    if (own.rules.length === 0 && own.arguments === null) continue;
    const under = meant([own.key], tools);
    const isHidden =
      under === null
        ? hidden(asTool(own.key)) !== undefined
        : under.length > 0 && under.every((tool) => hiddenTools.has(tool));
    if (!isHidden) continue;
    const message = `\`${clip(own.key)}\` is hidden; its rules never apply`;
    report.warn(report.placeOf(own, 'key'), 'hidden_with_rules', message);
  }
}

/** A glob lists what it matches, also where only its rules were meant; only `"*"` lists nothing. */
function warnOfListed(policy: Policy, tools: readonly Tool[], report: Report): void {
  // Where there are grants these say who gets which of them.
  if (policy.default !== 'deny' || policy.grants !== null) return;
  const all = policy.tools.find(({ key }) => key !== '*' && tools.every((tool) => means(key, tool)));
  if (all === undefined) return;
  const message = `\`${clip(all.key)}\` lists every tool, so \`default: deny\` denies none; rules of \`"*"\` are for all and list none`;
  report.warn(report.placeOf(all, 'key'), 'everything_listed', message);
}

function warnOfTools(policy: Policy, tools: readonly Named[], report: Report): void {
  const listing = firstMeaning(policy.tools.filter(({ key }) => key !== '*').map((each) => [each.key, each]));
  const grant = firstMeaning(
    (policy.grants ?? []).flatMap((each) =>
      each.tools.map((name, i) => [name, report.placeOf(each.tools, i)] as const),
    ),
  );
  for (const tool of tools) {
    const [listed, granted] = [listing(tool), grant(tool)];
    if (granted !== undefined && listed === undefined && policy.default === 'deny') {
      const message = `\`${clip(tool.operationId)}\` is granted but not listed, and \`default: deny\` denies it`;
      report.warn(granted, 'granted_not_listed', message);
    }
    if (policy.grants !== null && policy.grants.length > 0 && granted === undefined && listed !== undefined) {
      const message = `\`${clip(tool.operationId)}\` is listed but in no grant: nobody can call it`;
      report.warn(report.placeOf(listed, 'key'), 'listed_not_granted', message);
    }
  }
}
