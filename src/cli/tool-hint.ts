import { suggestion } from '../policy/located.ts';
import { printable } from './excerpt.ts';
import { type Tools, toolsOf } from './load-policy.ts';

/** What to do about a name that means no tool; empty where it means one, which is then hidden. */
export function toolHint(name: string, tools: Tools): string {
  const names = (toolsOf(tools) ?? []).flatMap((each) => [each.operationId, each.name]);
  if (tools === 'any' || names.includes(name)) return '';
  return `portcullis: there is no tool \`${printable(name)}\`${suggestion(name, names)}; \`portcullis tools\` lists them\n`;
}
