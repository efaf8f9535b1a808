import { suggestion } from '../policy/located.ts';
import { printable } from './excerpt.ts';
import { type Tools, toolsOf } from './load-policy.ts';

/** What to do about a name that means no tool; empty where it means one, which is then hidden. */
export function toolHint(name: string, tools: Tools): string {
  const names = (toolsOf(tools) ?? []).flatMap((each) => [each.operationId, each.name]);
  if (tools === 'any' || names.includes(name)) return '';
  const near = suggestion(name, names);
  const all = `${near === '' ? ';' : ''} \`portcullis tools\` lists them`;
  return `portcullis: there is no tool \`${printable(name)}\`${near}${all}\n`;
}
