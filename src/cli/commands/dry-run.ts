import type { Command } from 'commander';
import { defaultPolicy, readSecret } from '../config.ts';
import { CommandError, type ExitCode, exit } from '../exit-codes.ts';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, hasColor, toolsOption } from './common.ts';

interface DryRunFlags {
  readonly policy?: string;
  readonly tool?: string;
  readonly args?: string;
  readonly identity?: string;
  readonly session?: string;
  readonly transport?: string;
  readonly at?: string;
  readonly calls?: string;
  readonly json?: true;
  readonly color: boolean;
  readonly tools: Tools;
}

/** `portcullis dry-run`. */
export function addDryRun(program: Command, ended: Ended): void {
  const command = program
    .command('dry-run')
    .description('decide calls without FusionAuth and without Redis')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .option('--tool <name>', 'MCP name or operation id of the tool')
    .option('--args <json>', 'arguments as JSON, or @FILE')
    .option('--identity <json>', 'the caller, for example {"sub":"ann","roles":["support"]}')
    .option('--session <id>', 'session of the caller')
    .option('--transport <name>', 'stdio, http or rest')
    .option('--at <time>', 'time of the call, for example 2026-01-01T00:00:00Z')
    .option('--calls <file>', 'decide one call a line, `-` for stdin')
    .option('--json', 'decisions as JSON')
    .addOption(toolsOption())
    .action(async (flags: DryRunFlags) => {
      ended(await runDry(flags));
    });
  common(command, `dry-run --tool vendJWTWithId --args '{"body":{"timeToLiveInSeconds":60}}'`);
}

const ONE_CALL = ['args', 'identity', 'session', 'transport', 'at'] as const;

async function runDry(flags: DryRunFlags): Promise<ExitCode> {
  const { dryRunMany, dryRunOne } = await import('../dry-run.ts');
  const { tool, calls, tools } = flags;
  const policy = flags.policy ?? process.env['PORTCULLIS_POLICY'] ?? defaultPolicy();
  const options = {
    policy,
    tools,
    json: flags.json === true,
    color: hasColor(flags),
    secret: readSecret(process.env),
  };
  if ((tool === undefined) === (calls === undefined)) {
    throw new CommandError('expected `--tool NAME` or `--calls FILE`, one of the two', exit.usage);
  }
  if (calls === undefined) return dryRunOne({ ...flags, tool: tool ?? '' }, options);
  const extra = ONE_CALL.find((name) => flags[name] !== undefined);
  if (extra !== undefined)
    throw new CommandError(`expected no \`--${extra}\` beside \`--calls\``, exit.usage);
  return dryRunMany(calls, options);
}
