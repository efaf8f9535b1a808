import type { Command } from 'commander';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, toolsOption } from './common.ts';

/** `portcullis check`. */
export function addCheck(program: Command, ended: Ended): void {
  const command = program
    .command('check')
    .description('report every problem of policy files')
    .argument('<file...>', 'policy files')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'problems as JSON')
    .addOption(toolsOption())
    .action(async (files: readonly string[], flags: { strict?: true; json?: true; tools: Tools }) => {
      const { check } = await import('../check.ts');
      ended(check(files, { tools: flags.tools, strict: flags.strict === true, json: flags.json === true }));
    });
  common(command, 'check policies/default.yaml');
}
