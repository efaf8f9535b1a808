import type { Command } from 'commander';
import { common, type Ended, hasColor, toolsOption } from './common.ts';
import { type CallFlags, callOptions, decidingOptions } from './one-call.ts';

interface ExplainFlags extends CallFlags {
  readonly tool: string;
  readonly given?: string;
}

/** `portcullis explain`. */
export function addExplain(program: Command, ended: Ended): void {
  const command = program
    .command('explain')
    .description('explain the decision on one call, and what would have been accepted')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .requiredOption('--tool <name>', 'MCP name or operation id of the tool');
  callOptions(command)
    .option('--given <file>', 'calls that were made before, one a line, `-` for stdin')
    .option('--json', 'the decision and its explanation as JSON')
    .addOption(toolsOption())
    .action(async (flags: ExplainFlags) => {
      const { explainOne } = await import('../dry-run.ts');
      ended(await explainOne(flags, flags.given ?? null, decidingOptions(flags, hasColor(flags))));
    });
  common(command, `explain --tool vendJWTWithId --args '{"body":{"timeToLiveInSeconds":60}}'`);
}
