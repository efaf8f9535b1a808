import type { Call, Path } from '../model/index.ts';
import type { PreparedCondition, Unseen } from './conditions.ts';
import type { PreparedPolicy, PreparedTool } from './prepare.ts';
import { isAboutPlace } from './schema-places.ts';

/** A call of which not everything can be seen. */
export interface DimCall {
  /** What is seen of it. Its `violations` are those that it has for certain. */
  readonly call: Call;
  readonly unseen: Unseen;
  /** Where in the arguments nothing is seen; `[]` is all of them. */
  readonly places: readonly Path[];
  /** Whether there may be violations of the bounds and of the tool's own schema beside those that are seen. */
  readonly mayViolate: boolean;
}

/** Whether anything that a policy looks at in calls of a tool cannot be seen. */
export function isDim(
  prepared: PreparedPolicy,
  tool: PreparedTool,
  { unseen, places, mayViolate }: DimCall,
): boolean {
  return (
    mayViolate || hasUnseenSchema(prepared, tool, places) || looksOf(tool).some((look) => sees(look, unseen))
  );
}

/** What cannot be seen of all that a policy looks at in calls of a tool, in words, each once. */
export function unseenLooks(
  prepared: PreparedPolicy,
  name: string,
  { unseen, places, mayViolate }: DimCall,
): readonly string[] {
  const tool = prepared.tool(name);
  if (tool === null) return [];
  const looks = looksOf(tool).filter((look) => sees(look, unseen));
  return [
    ...(mayViolate ? ['whether the arguments are accepted'] : []),
    ...(hasUnseenSchema(prepared, tool, places) ? ['arguments'] : []),
    ...new Set(looks.map(({ rule, condition }) => `${rule}: ${condition}`)),
  ];
}

interface RuleLook {
  readonly rule: string;
  readonly root: string;
  readonly path: Path;
  readonly condition: string;
}

function sees({ root, path }: RuleLook, unseen: Unseen): boolean {
  return unseen(root, path) !== null;
}

const knownLooks = new WeakMap<PreparedTool, readonly RuleLook[]>();

/** Everything that conditions, grants and amounts of a tool look at. */
function looksOf(tool: PreparedTool): readonly RuleLook[] {
  const before = knownLooks.get(tool);
  if (before !== undefined) return before;
  const of = (rule: string, conditions: readonly PreparedCondition[]): readonly RuleLook[] =>
    conditions.flatMap(({ looks }) => looks.map((look) => ({ rule, ...look })));
  const looks = [
    ...of(
      'grants',
      (tool.grants ?? []).flatMap(({ to }) => to),
    ),
    ...tool.rules.flatMap((rule) => [
      ...of(rule.id, [...rule.when, ...rule.conditions]),
      ...(rule.amount !== null && 'from' in rule.amount
        ? [{ rule: rule.id, root: 'args', path: rule.amount.from, condition: 'the amount' }]
        : []),
    ]),
  ];
  knownLooks.set(tool, looks);
  return looks;
}

/** Whether a policy's own schema asks for something where nothing is seen. */
export function hasUnseenSchema(
  { policy }: PreparedPolicy,
  { schemas }: PreparedTool,
  places: readonly Path[],
): boolean {
  return (
    places.length > 0 &&
    schemas.some(({ key }) => isAboutPlace(policy.tools.find((each) => each.key === key)?.arguments, places))
  );
}
