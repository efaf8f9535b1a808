import type { Command } from 'commander';
import { common, type Ended } from './common.ts';

/** `portcullis check-directory`. */
export function addCheckDirectory(program: Command, ended: Ended): void {
  const command = program
    .command('check-directory')
    .description('report every problem of directory files of the token service')
    .argument('<file...>', 'directory files')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'problems as JSON')
    .action(async (files: readonly string[], flags: { strict?: true; json?: true }) => {
      const { checkDirectory } = await import('../check-directory.ts');
      ended(checkDirectory(files, { strict: flags.strict === true, json: flags.json === true }));
    });
  common(command, 'check-directory directory.yaml');
}
