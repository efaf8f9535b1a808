import { didYouMean } from '../policy/located.ts';
import { nearestTool } from '../policy/nearest-tool.ts';
import { printable } from './excerpt.ts';
import { type Tools, toolsOf } from './load-policy.ts';

/** What to do about a name that means no tool; empty where it means one, which is then hidden. */
export function toolHint(name: string, tools: Tools): string {
  const known = toolsOf(tools) ?? [];
  if (tools === 'any' || known.some((each) => each.operationId === name || each.name === name)) return '';
  const near = didYouMean(nearestTool(name, known));
  const all = `${near === '' ? ';' : ''} \`portcullis tools\` lists them`;
  return `portcullis: there is no tool \`${printable(name)}\`${near}${all}\n`;
}
