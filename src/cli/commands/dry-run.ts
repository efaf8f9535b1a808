import type { Command } from 'commander';
import { CommandError, type ExitCode, exit } from '../exit-codes.ts';
import { common, type Ended, hasColor, toolsOption } from './common.ts';
import { type CallFlags, callOptions, decidingOptions } from './one-call.ts';

interface DryRunFlags extends CallFlags {
  readonly tool?: string;
  readonly calls?: string;
}

/** `portcullis dry-run`. */
export function addDryRun(program: Command, ended: Ended): void {
  const command = program
    .command('dry-run')
    .description('decide calls without FusionAuth and without Redis')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .option('--tool <name>', 'MCP name or operation id of the tool');
  callOptions(command)
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
  const { tool, calls } = flags;
  const options = decidingOptions(flags, hasColor(flags));
  if ((tool === undefined) === (calls === undefined)) {
    throw new CommandError('expected `--tool NAME` or `--calls FILE`, one of the two', exit.usage);
  }
  if (calls === undefined) return dryRunOne({ ...flags, tool: tool ?? '' }, options);
  const extra = ONE_CALL.find((name) => flags[name] !== undefined);
  if (extra !== undefined)
    throw new CommandError(`expected no \`--${extra}\` beside \`--calls\``, exit.usage);
  return dryRunMany(calls, options);
}
