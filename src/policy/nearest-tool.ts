import type { Tool } from '../model/index.ts';
import { nearest } from './located.ts';

/** How agents show a tool: its name behind that of the server. */
const OF_AGENT = /^(?:mcp__.*?__|mcp_|.*[/:.])(?=[a-z])/i;

/** The tool that was meant by a name that is none, as it may be written; null where nobody knows. */
export function nearestTool(
  name: string,
  tools: readonly Pick<Tool, 'name' | 'operationId' | 'clientNames'>[],
): string | null {
  const bare = name.replace(OF_AGENT, '');
  const letters = lettersOf(bare);
  const same = tools.find((tool) =>
    [tool.operationId, ...tool.clientNames].some((each) => lettersOf(each) === letters),
  );
  if (same !== undefined) return same.operationId;
  const named = tools.find((tool) => tool.name === bare);
  return (
    named?.name ??
    nearest(
      name,
      tools.flatMap((tool) => [tool.operationId, tool.name]),
    )
  );
}

/** A name without the signs and capitals by which spellings differ. */
function lettersOf(name: string): string {
  return name.replaceAll(/[-_ ]/g, '').toLowerCase();
}
