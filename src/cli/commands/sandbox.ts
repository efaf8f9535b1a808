import type { Command } from 'commander';
import { common, type Ended } from './common.ts';

/** `portcullis sandbox`. */
export function addSandbox(program: Command, ended: Ended): void {
  const command = program
    .command('sandbox')
    .description('run the FusionAuth-compatible sandbox alone')
    .option('--port <port>', 'port on 127.0.0.1', '9011')
    .option('--seed <file>', 'a YAML file that describes another world')
    .action(async (flags: { port: string; seed?: string }) => {
      const { sandbox } = await import('../sandbox.ts');
      ended(await sandbox(flags));
    });
  common(command, 'sandbox --port 9011');
}
