import type { Command } from 'commander';
import { common, type Ended } from './common.ts';

/** `portcullis tools`. */
export function addTools(program: Command, ended: Ended): void {
  const command = program
    .command('tools')
    .description('show the tools of the catalog')
    .option('--json', 'with hints and schemas, as JSON')
    .action(async (flags: { json?: true }) => {
      const { tools } = await import('../tools.ts');
      ended(tools({ json: flags.json === true }));
    });
  common(command, 'tools --json');
}
