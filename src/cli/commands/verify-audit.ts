import type { Command } from 'commander';
import { common, type Ended } from './common.ts';

/** `portcullis verify-audit`. */
export function addVerifyAudit(program: Command, ended: Ended): void {
  const command = program
    .command('verify-audit')
    .description('check that the records of an audit are whole and in their chains')
    .argument('<file...>', 'audit files, oldest first')
    .action(async (files: readonly string[]) => {
      const { verifyFiles } = await import('../verify-audit.ts');
      ended(await verifyFiles(files));
    });
  common(command, 'verify-audit portcullis-audit.jsonl.1 portcullis-audit.jsonl');
}
