import type { Position } from '../../model/index.ts';
import { clip } from '../located.ts';
import type { Findings } from './findings.ts';
import type { Place } from './places.ts';

/** The same for both names of a tool. */
export function idOf({ key, tools }: Place): string {
  return key.includes('*') ? key : (tools?.[0]?.name ?? key);
}

/** What a `*` within a name does here that it does not in Intercept. */
export function globWords(name: string, does: string): string {
  return `\`*\` within a name is no wildcard in Intercept; here \`${clip(name)}\` ${does} every tool that it matches`;
}

/** Tells of a tool that there is not here; one that is spelt almost right is an error. */
export function missing(
  name: string,
  found: { readonly found: string; readonly name?: string },
  at: Position,
  findings: Findings,
): void {
  if (found.found === 'misspelt') {
    const words = `unknown tool \`${clip(name)}\`; did you mean \`${found.name}\`?`;
    findings.report.error(at, 'unknown_tool', words);
  } else findings.add('left_out', at, 'unknown_tool', `\`${clip(name)}\` is no tool of this server`);
}

/** Tells of a name that FusionAuth's clients have for a tool. */
export function tellOfClientName(name: string, { key }: Place, at: Position, findings: Findings): void {
  findings.add('same', at, 'client_name', `\`${clip(name)}\` is FusionAuth's client name of \`${key}\``);
}
