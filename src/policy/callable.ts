import type { Caller, Transport } from '../model/index.ts';
import type { PreparedCondition, Roots, Unseen } from './conditions.ts';
import type { PreparedPolicy, PreparedRule, PreparedTool } from './prepare.ts';
import { rootsOf } from './roots.ts';

/** Of the calls to come only the caller is known: identity and transport are the same in all of them. */
const beforehand: Unseen = (root) => (root === 'identity' || root === 'call' ? null : 'anything');

/** Whether `tools/list` shows a tool to a caller: hidden ones never, under `list: callable` only what it may ever call. */
export function isShown(
  prepared: PreparedPolicy,
  name: string,
  caller: Caller,
  transport: Transport,
): boolean {
  const tool = prepared.tool(name);
  if (tool === null || tool.hidden) return false;
  const { list, mode } = prepared.policy;
  if (list === 'all' || mode === 'observe') return true;
  return canBeCalled(prepared, tool, caller, transport);
}

function canBeCalled(
  prepared: PreparedPolicy,
  tool: PreparedTool,
  caller: Caller,
  transport: Transport,
): boolean {
  if (prepared.policy.default === 'deny' && !tool.listed) return false;
  const call = { tool: tool.name, transport, args: {}, jwt: null };
  const roots = rootsOf(call, tool.kind, { caller, at: 0 });
  const canHold = (condition: PreparedCondition) => condition.possible(roots, beforehand).has('yes');
  if (tool.grants !== null && !tool.grants.some(({ to }) => to.every(canHold))) return false;
  return tool.rules.every((rule) => canPass(rule, roots, canHold));
}

function canPass(
  rule: PreparedRule,
  roots: Roots,
  canHold: (condition: PreparedCondition) => boolean,
): boolean {
  const canBeSkipped = rule.when.some((condition) => condition.possible(roots, beforehand).has('no'));
  return rule.observe || canBeSkipped || (!rule.deny && rule.conditions.every(canHold));
}
