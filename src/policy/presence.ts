import type { Condition, Json, JsonObject, Path, Policy, Tool } from '../model/index.ts';
import { means } from './names.ts';
import { isList, isObject, parsePath } from './paths.ts';

/**
 * Whether every call of a tool that passes its schemas has a value at a path of its arguments.
 *
 * The second argument: how many steps of the path are there already.
 */
export type Requires = (path: Path, below?: number) => boolean;
/** What each tool's own schema and the `arguments` of a policy require. */
export type RequirementsOf = (tool: Tool) => Requires;

/** Reads what a policy requires, once for each tool. */
export function requirementsIn(policy: Policy): RequirementsOf {
  const known = new Map<Tool, Requires>();
  return (tool) => {
    const requires = known.get(tool) ?? requiredBy(schemasOf(tool, policy));
    known.set(tool, requires);
    return requires;
  };
}

function schemasOf(tool: Tool, policy: Policy): readonly JsonObject[] {
  const schemas = [tool.schema];
  for (const toolRules of policy.tools) {
    if (toolRules.arguments !== null && means(toolRules.key, tool)) schemas.push(toolRules.arguments);
  }
  return schemas;
}

function requiredBy(schemas: readonly JsonObject[]): Requires {
  return (path, below = 0) => {
    let here = schemas;
    return path.every((step, i) => {
      const isThere = i < below || here.some(({ required }) => isList(required) && required.includes(step));
      here = here.flatMap((schema) => memberOf(schema, step));
      return isThere;
    });
  };
}

function memberOf({ properties }: JsonObject, step: string | number): readonly JsonObject[] {
  const member: Json | undefined = isObject(properties) ? properties[step] : undefined;
  return isObject(member) ? [member] : [];
}

/**
 * Whether a `when` can be met by a call that lacks an argument: unknown counts as holding.
 *
 * @param missing the path of the argument, below `args.`.
 */
export function canApplyWithout(when: readonly Condition[], missing: Path, requires: Requires): boolean {
  const lacks = (path: Path) => {
    const shared = path.every((step, i) => i >= missing.length || step === missing[i]);
    return shared && (path.length >= missing.length || requires(missing, path.length));
  };
  return when.every((condition) => canAvoid('no', condition, lacks));
}

/** Whether a condition can come out as something else than this, where some arguments are missing. */
function canAvoid(truth: 'yes' | 'no', condition: Condition, lacks: (path: Path) => boolean): boolean {
  if ('not' in condition) return canAvoid(truth === 'yes' ? 'no' : 'yes', condition.not, lacks);
  const avoids = (each: Condition) => canAvoid(truth, each, lacks);
  if ('any' in condition) {
    return truth === 'no' ? condition.any.some(avoids) : condition.any.every(avoids);
  }
  if ('all' in condition) {
    return truth === 'no' ? condition.all.every(avoids) : condition.all.some(avoids);
  }
  const parsed = parsePath(condition.path);
  if (condition.op !== 'exists' || parsed?.root !== 'args' || !lacks(parsed.path)) return true;
  return (condition.value === true ? 'no' : 'yes') !== truth;
}

/** The conditions on single paths, also those in groups. */
export function singlesOf(conditions: readonly Condition[]): readonly Extract<Condition, { path: string }>[] {
  return conditions.flatMap((condition) => {
    if ('any' in condition) return singlesOf(condition.any);
    if ('all' in condition) return singlesOf(condition.all);
    return 'not' in condition ? singlesOf([condition.not]) : [condition];
  });
}
