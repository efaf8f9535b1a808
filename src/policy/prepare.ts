import type {
  Condition,
  JsonObject,
  Kind,
  Policy,
  Position,
  RuleId,
  SecretsShown,
  Tool,
  ToolRules,
} from '../model/index.ts';
import { type Places, type PreparedCondition, prepareCondition } from './conditions.ts';
import { schemaWithLowerIds, withLowerIds } from './ids.ts';
import { isGlob, means } from './names.ts';
import { isObject } from './paths.ts';
import { isLimited, type PreparedLimits, prepareLimits } from './prepare-limits.ts';
import { ruleName } from './read-rule.ts';
import { type SchemaCompiler, schemaCompiler, type Validate } from './schema.ts';

/** A policy made ready: schemas compiled, regexes built, globs resolved to a list of rules for each tool. */
export interface PreparedPolicy {
  readonly policy: Policy;
  readonly digest: string;
  /** The lines of keys at the top of the file, where they stand in one. */
  readonly lines: { readonly default: number | undefined; readonly grants: number | undefined };
  /** A tool by the name that agents use; null where there is none. A hidden tool is found, marked as hidden. */
  tool(name: string): PreparedTool | null;
}

export interface PreparedTool {
  readonly tool: Tool | null;
  readonly name: string;
  readonly kind: Kind | null;
  readonly hidden: boolean;
  /** Some key other than `"*"` names it. */
  readonly listed: boolean;
  /** The keys that mean it, the nearest first. */
  readonly keys: readonly { readonly key: string; readonly line: number | undefined }[];
  /** The grants that have it; null where no grants are needed. */
  readonly grants: readonly PreparedGrant[] | null;
  readonly schemas: readonly PreparedSchema[];
  readonly rules: readonly PreparedRule[];
  /** Those that count calls or amounts, with their numbers among all. */
  readonly limited: readonly (readonly [number: number, rule: PreparedRule])[];
  readonly secrets: SecretsShown;
}

/** The `arguments` of a key that means the tool. */
export interface PreparedSchema {
  readonly key: string;
  readonly line: number | undefined;
  readonly validate: Validate;
}

export interface PreparedGrant {
  /** Its number among all grants of the policy, from 1. */
  readonly number: number;
  readonly line: number | undefined;
  readonly to: readonly PreparedCondition[];
}

export interface PreparedRule extends PreparedLimits {
  readonly id: RuleId;
  readonly line: number | undefined;
  readonly observe: boolean;
  readonly deny: boolean;
  readonly when: readonly PreparedCondition[];
  readonly conditions: readonly PreparedCondition[];
  readonly because: string | null;
}

export interface Preparation {
  /** The tools there are; null: any name is a tool of which nothing is known (`--tools any`). */
  readonly tools: readonly Tool[] | null;
  readonly digest: string;
  readonly placeOf?: (owner: object, member: string | number) => Position;
}

/** Names of unknown tools that are kept prepared, under `--tools any`. */
const MAX_ANY = 1000;

/** Makes a checked policy ready to decide. */
export function prepare(policy: Policy, { tools, digest, placeOf }: Preparation): PreparedPolicy {
  const schemas = schemaCompiler();
  const context: Context = { policy, schemas, tools, placeOf, places: new Map() };
  const keys = policy.tools.map((toolRules) => prepareKey(toolRules, context));
  const prepared = new Map<string, PreparedTool>();
  for (const tool of tools ?? []) prepared.set(tool.name, prepareTool(tool, tool, context, keys));
  const anyTool = (name: string): PreparedTool => {
    const tool = prepared.get(name) ?? prepareTool({ name, operationId: name }, null, context, keys);
    if (prepared.size < MAX_ANY) prepared.set(name, tool);
    return tool;
  };
  const lines = {
    default: placeOf?.(policy, 'default').line,
    grants: placeOf?.(policy, 'grants').line,
  };
  return { policy, digest, lines, tool: tools === null ? anyTool : (name) => prepared.get(name) ?? null };
}

/** What one key of `tools` gives to every tool it means. */
interface PreparedKey extends ToolRules {
  readonly line: number | undefined;
  readonly prepared: readonly PreparedRule[];
  readonly validate: Validate | null;
}

interface Context {
  readonly policy: Policy;
  readonly schemas: SchemaCompiler;
  readonly tools: readonly Tool[] | null;
  readonly placeOf: Preparation['placeOf'];
  readonly places: Places;
}

function prepareKey(toolRules: ToolRules, { policy, schemas, tools, placeOf, places }: Context): PreparedKey {
  const { key, rules } = toolRules;
  const tool = tools?.find((each) => !isGlob(key) && means(key, each));
  const lasting = tool?.name ?? key;
  const under = tools?.filter((each) => means(key, each)) ?? [];
  const ready = (conditions: readonly Condition[]) =>
    conditions.map((condition) => prepareCondition(withLowerIds(condition, under), places));
  return {
    ...toolRules,
    line: placeOf?.(toolRules, 'key').line,
    validate: toolRules.arguments === null ? null : schemas.compile(lowered(toolRules.arguments, under)),
    prepared: rules.map((rule, i) => ({
      id: rule.name ?? ruleName(key, i),
      line: placeOf?.(rule, 'rule').line,
      observe: rule.observe || policy.mode === 'observe',
      deny: rule.deny,
      when: ready(rule.when),
      conditions: ready(rule.conditions),
      because: rule.because,
      ...prepareLimits(rule, [lasting, rule.name ?? i], policy.sessionCeiling),
    })),
  };
}

function lowered(schema: JsonObject, tools: readonly Tool[]): JsonObject {
  const changed = schemaWithLowerIds(
    schema,
    tools.map((tool) => tool.schema),
  );
  return isObject(changed) ? changed : schema;
}

function prepareTool(
  names: Pick<Tool, 'name' | 'operationId'>,
  tool: Tool | null,
  { policy, placeOf, places }: Pick<Context, 'policy' | 'placeOf' | 'places'>,
  keys: readonly PreparedKey[],
): PreparedTool {
  const own = keys.filter(({ key }) => means(key, names)).toSorted((a, b) => rank(a.key) - rank(b.key));
  const kind = tool?.kind ?? null;
  const rules = own.flatMap(({ prepared }) => prepared);
  return {
    tool,
    name: names.name,
    kind,
    hidden: policy.hide.some((name) => means(name, names)),
    listed: own.some(({ key }) => key !== '*'),
    keys: own.map(({ key, line }) => ({ key, line })),
    grants:
      policy.grants
        ?.map((grant, i) => ({ grant, number: i + 1 }))
        .filter(({ grant }) => grant.tools.some((name) => means(name, names)))
        .map(({ grant, number }) => ({
          number,
          line: placeOf?.(grant, 'grant').line,
          to: grant.to.map((each) =>
            prepareCondition(withLowerIds(each, tool === null ? [] : [tool]), places),
          ),
        })) ?? null,
    schemas: own.flatMap(({ key, line, validate }) => (validate === null ? [] : [{ key, line, validate }])),
    rules,
    limited: Array.from(rules.entries()).filter(([, rule]) => isLimited(rule)),
    secrets: shownSecrets(own, kind),
  };
}

/** Rules of the exact tool come first, then those of globs in file order, then of `"*"`. */
function rank(key: string): number {
  if (key === '*') return 2;
  return isGlob(key) ? 1 : 0;
}

function shownSecrets(keys: readonly ToolRules[], kind: Kind | null): SecretsShown {
  const said = keys.flatMap(({ secrets }) => secrets ?? []);
  if (said.includes('fingerprint')) return 'fingerprint';
  if (said.includes('clear')) return 'clear';
  return kind === 'reveal' ? 'fingerprint' : 'clear';
}
