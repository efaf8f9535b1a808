import type { Command } from 'commander';
import { defaultPolicy, readSecret } from '../config.ts';
import type { Tools } from '../load-policy.ts';

/** The flags that `dry-run` and `explain` share. */
export interface CallFlags {
  readonly policy?: string;
  readonly args?: string;
  readonly identity?: string;
  readonly session?: string;
  readonly transport?: string;
  readonly at?: string;
  readonly json?: true;
  readonly color: boolean;
  readonly tools: Tools;
}

/** Adds the flags that describe one call beside its tool. */
export function callOptions(command: Command): Command {
  return command
    .option('--args <json>', 'arguments as JSON, or @FILE')
    .option('--identity <json>', 'the caller, for example {"sub":"ann","roles":["support"]}')
    .option('--session <id>', 'session of the caller')
    .option('--transport <name>', 'stdio, http or rest')
    .option('--at <time>', 'time of the call, for example 2026-01-01T00:00:00Z');
}

/** What calls are decided with, and how decisions are shown. */
export function decidingOptions({ policy, tools, json }: CallFlags, color: boolean) {
  return {
    policy: policy ?? process.env['PORTCULLIS_POLICY'] ?? defaultPolicy(),
    tools,
    json: json === true,
    color,
    secret: readSecret(process.env),
  };
}
