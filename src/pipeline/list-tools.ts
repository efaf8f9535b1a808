import { toListedTool } from '../catalog/derive.ts';
import type { Caller, ListedTool, Operation, Transport } from '../model/index.ts';
import { isShown } from '../policy/callable.ts';
import type { PreparedPolicy } from '../policy/prepare.ts';

/** The tools of the catalog as agents are shown them, made once. */
export function toolLister(operations: readonly Operation[]) {
  const listed = operations.map(toListedTool);
  /** What this caller is shown under a policy, in catalog order. */
  return (policy: PreparedPolicy, caller: Caller, transport: Transport): readonly ListedTool[] =>
    listed.filter((tool) => isShown(policy, tool.name, caller, transport));
}
