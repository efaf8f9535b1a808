import type { Grant, JsonObject, Policy, Rule, Tool, ToolRules } from '../model/index.ts';
import { type Fields, readFields, readInteger, readList, readText, readWord } from './fields.ts';
import { clip, describe, type Entry, type Located, type Report, toJson } from './located.ts';
import { isObject } from './paths.ts';
import { readConditions } from './read-condition.ts';
import { checkNames, MEANT_MODES, MODES, readRule } from './read-rule.ts';

/** The keys of a policy. */
export const POLICY_KEYS = [
  'version',
  'description',
  'mode',
  'default',
  'list',
  'session_ceiling',
  'hide',
  'grants',
  'tools',
] as const;
export const GRANT_KEYS = ['to', 'tools'] as const;
const TOOL_HINTS = {
  ...{ rule: 'rules', schema: 'arguments', args: 'arguments', parameters: 'arguments' },
  ...Object.fromEntries(
    ['rate_limit', 'conditions', 'when', 'action', 'state', 'reason', 'on_deny', 'name'].map((key) => [
      key,
      `\`${key}\` belongs into a rule, in the list \`rules\``,
    ]),
  ),
};
export const TOOL_KEYS = ['arguments', 'secrets', 'rules'] as const;
/** The words that a key of a policy can have. */
export const WORDS = {
  mode: MODES,
  default: ['deny', 'allow'],
  list: ['all', 'callable'],
  secrets: ['clear', 'fingerprint'],
} as const;
const HINTS = { rules: '`rules` belongs under a tool in `tools`' };
/** What people write for `deny` and `allow`. */
const MEANT_DEFAULTS: ReadonlyMap<string, 'deny' | 'allow'> = new Map([
  ...['no', 'false', 'none', 'block', 'reject', 'forbid', 'closed'].map((word) => [word, 'deny'] as const),
  ...['yes', 'true', 'all', 'permit', 'accept', 'open'].map((word) => [word, 'allow'] as const),
]);
const ASKS_ROLE = 'write `to: [{ path: identity.roles, op: contains, value: ROLE }]`';
const GRANT_HINTS = {
  ...{ when: 'to', who: 'to', if: 'to', conditions: 'to', tool: 'tools', actions: 'tools' },
  ...{ role: ASKS_ROLE, roles: ASKS_ROLE },
};
export const MAX_CEILING = 1_000_000;
const DEFAULT_CEILING = 10;

/** A whole file; parts that are wrong are reported and left out, so that all problems show at once. */
export function readPolicy(root: Located, tools: readonly Tool[] | null, report: Report): Policy | null {
  const fields = readFields(root, 'a policy', POLICY_KEYS, report, HINTS);
  if (fields === null) return null;
  checkVersion(fields.get('version'), report);
  const policy: Policy = {
    description: optional(fields, 'description', (node) => readText(node, '`description`', report)),
    mode: optional(fields, 'mode', (node) => readWord(node, WORDS.mode, report, MEANT_MODES)) ?? 'enforce',
    default: optional(fields, 'default', (node) => readWord(node, WORDS.default, report, MEANT_DEFAULTS)),
    list: optional(fields, 'list', (node) => readWord(node, WORDS.list, report)) ?? 'all',
    sessionCeiling:
      optional(fields, 'session_ceiling', (node) => readCeiling(node, report)) ?? DEFAULT_CEILING,
    hide: optional(fields, 'hide', (node) => readNames(node, '`hide`', 'may be empty', report)) ?? [],
    grants: optional(fields, 'grants', (node) => readGrants(node, report)),
    tools: optional(fields, 'tools', (node) => readTools(node, tools, report)) ?? [],
  };
  if (fields.has('default') && policy.default === null) report.broken.add(policy);
  if (fields.has('session_ceiling')) {
    report.note(policy, 'session_ceiling', fields.placeOf('session_ceiling'));
  }
  report.note(policy, 'default', fields.placeOf('default'));
  report.note(policy, 'grants', fields.placeOf('grants'));
  return policy;
}

function optional<T>(fields: Fields, key: string, read: (node: Located) => T | null): T | null {
  const node = fields.get(key);
  return node === undefined ? null : read(node);
}

function checkVersion(node: Located | undefined, report: Report): void {
  if (node === undefined) return;
  if (node.kind === 'scalar' && (node.value === '1' || (node.value === 1 && node.source === '1'))) return;
  report.error(node.at, 'version', `expected version "1", the only one; found ${describe(node)}`);
}

function readCeiling(node: Located, report: Report): number | null {
  return readInteger(node, { what: '`session_ceiling`', min: 1, max: MAX_CEILING }, report);
}

function readNames(
  node: Located,
  what: string,
  empty: 'may be empty' | 'not empty',
  report: Report,
): readonly string[] | null {
  const items = readList(node, what, empty, report);
  if (items === null) return null;
  const names: string[] = [];
  for (const item of items) {
    const name = readText(item, 'a tool', report);
    if (name === null) continue;
    report.note(names, names.length, item.at);
    names.push(name);
  }
  return names;
}

function readGrants(node: Located, report: Report): readonly Grant[] | null {
  const items = readList(node, '`grants`', 'may be empty', report);
  return items === null ? null : items.flatMap((item) => readGrant(item, report) ?? []);
}

function readGrant(node: Located, report: Report): Grant | null {
  const fields = readFields(node, 'a grant', GRANT_KEYS, report, GRANT_HINTS);
  if (fields === null) return null;
  for (const key of GRANT_KEYS) {
    if (fields.lacks(key)) report.error(fields.at, 'missing_key', `expected \`${key}\` in a grant`);
  }
  const to = optional(fields, 'to', (value) => readConditions(value, '`to`', report));
  const tools = optional(fields, 'tools', (value) => readNames(value, '`tools`', 'not empty', report));
  if (to === null || tools === null) return null;
  const grant: Grant = { to, tools };
  report.note(grant, 'grant', fields.at);
  return grant;
}

function readTools(
  node: Located,
  tools: readonly Tool[] | null,
  report: Report,
): readonly ToolRules[] | null {
  if (node.kind !== 'map') {
    const hint = node.kind === 'list' ? '; write `NAME: {}` for each, without a dash' : '';
    const expected = 'expected `tools`, a mapping of tools';
    report.error(node.at, 'wrong_type', `${expected}; found ${describe(node)}${hint}`);
    return null;
  }
  return node.entries.flatMap(({ key, at, value }, i) => {
    if (key === '')
      report.unreadable(at, 'unknown_tool', 'expected the name of a tool as key; found an empty text');
    if (isStray(node.entries[i], tools)) {
      const message = `\`${key}\` belongs under a tool, and stands beside them; expected it further to the right`;
      report.unreadable(at, 'unknown_tool', message);
      return [];
    }
    // What is missing under this tool stands beside it, and that is told there.
    if (isNothing(value) && isStray(node.entries[i + 1], tools)) return [];
    const read = readToolRules(key, value, tools, report);
    if (read !== null) report.note(read, 'key', at);
    return read ?? [];
  });
}

/** What should stand under a tool, and was written in its column. */
function isStray(entry: Entry | undefined, tools: readonly Tool[] | null): boolean {
  const isPart = TOOL_KEYS.some((key) => key === entry?.key);
  return isPart && (tools !== null || entry?.value.kind !== 'map');
}

function isNothing(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null;
}

function readToolRules(
  key: string,
  node: Located,
  tools: readonly Tool[] | null,
  report: Report,
): ToolRules | null {
  if (isNothing(node)) {
    const message = `expected the tool \`${clip(key)}\`, a mapping; found nothing; \`{}\` lists it with nothing to check`;
    report.error(node.at, 'wrong_type', message);
    return null;
  }
  const fields = readFields(node, `the tool \`${clip(key)}\``, TOOL_KEYS, report, TOOL_HINTS);
  if (fields === null) return null;
  return {
    key,
    arguments: optional(fields, 'arguments', (value) => readSchema(value, report)),
    secrets: optional(fields, 'secrets', (value) => readWord(value, WORDS.secrets, report)),
    rules: optional(fields, 'rules', (value) => readRules(value, { key, tools }, report)) ?? [],
  };
}

function readSchema(node: Located, report: Report): JsonObject | null {
  const schema = toJson(node, report);
  if (isObject(schema)) return schema;
  report.error(node.at, 'wrong_type', `expected \`arguments\`, a JSON Schema; found ${describe(node)}`);
  return null;
}

function readRules(
  node: Located,
  under: { readonly key: string; readonly tools: readonly Tool[] | null },
  report: Report,
): readonly Rule[] | null {
  const items = readList(node, '`rules`', 'may be empty', report);
  if (items === null) return null;
  const rules = items.map((item) => readRule(item, under, report));
  checkNames(under.key, rules, report);
  return rules.filter((rule) => rule !== null);
}
