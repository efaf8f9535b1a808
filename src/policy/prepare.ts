import type {
  AmountLimit,
  Claim,
  Condition,
  JsonObject,
  Kind,
  Path,
  Per,
  Policy,
  Position,
  Rule,
  RuleId,
  SecretsShown,
  Tool,
  ToolRules,
  Window,
} from '../model/index.ts';
import { inUnits, unitOf } from './amounts.ts';
import { type PreparedCondition, prepareCondition } from './conditions.ts';
import { shortHash } from './fingerprint.ts';
import { schemaWithLowerIds, withLowerIds } from './ids.ts';
import { isGlob, means } from './names.ts';
import { isObject, parsePath } from './paths.ts';
import { ruleName } from './read-rule.ts';
import { type SchemaCompiler, schemaCompiler, type Validate } from './schema.ts';

/** A policy made ready: schemas compiled, regexes built, globs resolved to a list of rules for each tool. */
export interface PreparedPolicy {
  readonly policy: Policy;
  readonly digest: string;
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
  /** The grants that have it; null where no grants are needed. */
  readonly grants: readonly PreparedGrant[] | null;
  readonly schemas: readonly { readonly key: string; readonly validate: Validate }[];
  readonly rules: readonly PreparedRule[];
  /** Those that count calls or amounts, with their numbers among all. */
  readonly limited: readonly (readonly [number: number, rule: PreparedRule])[];
  readonly secrets: SecretsShown;
}

export interface PreparedGrant {
  readonly line: number | undefined;
  readonly to: readonly PreparedCondition[];
}

export interface PreparedRule {
  readonly id: RuleId;
  readonly line: number | undefined;
  readonly observe: boolean;
  readonly deny: boolean;
  readonly when: readonly PreparedCondition[];
  readonly conditions: readonly PreparedCondition[];
  readonly because: string | null;
  /** Its limit of calls: the counter itself and, per session, its ceiling. */
  readonly calls: readonly PreparedLimit[];
  /** Its limit of amounts, and where the amount comes from. */
  readonly amounts: readonly PreparedLimit[];
  readonly amount: { readonly fixed: number } | { readonly from: Path } | null;
}

/** A claim but for its subject and its cost. */
export type PreparedLimit = Pick<Claim, 'window' | 'per' | 'kind' | 'unit' | 'max'> & {
  readonly key: string;
};

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
  const context: Context = { policy, schemas, tools, placeOf };
  const keys = policy.tools.map((toolRules) => prepareKey(toolRules, context));
  const prepared = new Map<string, PreparedTool>();
  for (const tool of tools ?? []) prepared.set(tool.name, prepareTool(tool, tool, context, keys));
  const anyTool = (name: string): PreparedTool => {
    const tool = prepared.get(name) ?? prepareTool({ name, operationId: name }, null, context, keys);
    if (prepared.size < MAX_ANY) prepared.set(name, tool);
    return tool;
  };
  return { policy, digest, tool: tools === null ? anyTool : (name) => prepared.get(name) ?? null };
}

/** What one key of `tools` gives to every tool it means. */
interface PreparedKey extends ToolRules {
  readonly prepared: readonly PreparedRule[];
  readonly validate: Validate | null;
}

interface Context {
  readonly policy: Policy;
  readonly schemas: SchemaCompiler;
  readonly tools: readonly Tool[] | null;
  readonly placeOf: Preparation['placeOf'];
}

function prepareKey(toolRules: ToolRules, { policy, schemas, tools, placeOf }: Context): PreparedKey {
  const { key, rules } = toolRules;
  const tool = tools?.find((each) => !isGlob(key) && means(key, each));
  const lasting = tool?.name ?? key;
  const under = tools?.filter((each) => means(key, each)) ?? [];
  const ready = (conditions: readonly Condition[]) =>
    conditions.map((condition) => prepareCondition(withLowerIds(condition, under)));
  return {
    ...toolRules,
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

function prepareLimits(
  { rateLimit, amountLimit }: Rule,
  owner: readonly [tool: string, rule: string | number],
  ceiling: number,
): Pick<PreparedRule, 'calls' | 'amounts' | 'amount'> {
  return {
    calls:
      rateLimit === null
        ? []
        : levels(rateLimit, { kind: 'calls', unit: 'one', max: rateLimit.max }, [...owner, 'calls'], ceiling),
    amounts:
      amountLimit === null
        ? []
        : levels(amountLimit, boundOf(amountLimit), [...owner, 'amount', amountLimit.counter], ceiling),
    amount: amountLimit === null ? null : amountOf(amountLimit),
  };
}

function boundOf({ bound }: AmountLimit): Pick<PreparedLimit, 'kind' | 'unit' | 'max'> {
  const unit = unitOf(bound.value);
  const whole = unit === 'millionth' ? bound.value : Math.floor(bound.value);
  const isBelow = bound.op === 'lt' && whole === bound.value;
  return { kind: 'amounts', unit, max: inUnits(whole, unit) - (isBelow ? 1 : 0) };
}

function amountOf({ increment }: AmountLimit): { readonly fixed: number } | { readonly from: Path } {
  return 'fixed' in increment ? increment : { from: parsePath(increment.from)?.path ?? [] };
}

/** The counters of one limit: its own and, per session, the ceiling of the identity. */
function levels(
  { window, per }: { readonly window: Window; readonly per: Per },
  { kind, unit, max }: Pick<PreparedLimit, 'kind' | 'unit' | 'max'>,
  owner: readonly (string | number)[],
  ceiling: number,
): readonly PreparedLimit[] {
  const at = (level: Per, most: number): PreparedLimit => ({
    key: shortHash(JSON.stringify([...owner, window.kind, window.ms, level, unit])),
    window,
    per: level,
    kind,
    unit,
    // An amount too large to count costs MAX_SAFE_INTEGER, and must not fit.
    max: Math.min(most, Number.MAX_SAFE_INTEGER - 1),
  });
  return per === 'session' ? [at('session', max), at('identity', max * ceiling)] : [at(per, max)];
}

function prepareTool(
  names: Pick<Tool, 'name' | 'operationId'>,
  tool: Tool | null,
  { policy, placeOf }: Pick<Context, 'policy' | 'placeOf'>,
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
    grants:
      policy.grants
        ?.filter(({ tools }) => tools.some((name) => means(name, names)))
        .map((grant) => ({
          line: placeOf?.(grant, 'grant').line,
          to: grant.to.map((each) => prepareCondition(withLowerIds(each, tool === null ? [] : [tool]))),
        })) ?? null,
    schemas: own.flatMap(({ key, validate }) => (validate === null ? [] : [{ key, validate }])),
    rules,
    limited: Array.from(rules.entries()).filter(([, rule]) => isLimited(rule)),
    secrets: shownSecrets(own, kind),
  };
}

/** Whether a rule counts calls or amounts. */
export function isLimited({ calls, amounts }: PreparedRule): boolean {
  return calls.length > 0 || amounts.length > 0;
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
