import type { Command } from 'commander';
import { common, type Ended } from './common.ts';

/** `portcullis migrate-directory`. */
export function addMigrateDirectory(program: Command, ended: Ended): void {
  const command = program
    .command('migrate-directory')
    .description("make or update the tables in the tenants' databases of a directory")
    .argument('<file>', 'directory file')
    .option('--tenant <name>', 'only the database of this tenant')
    .action(async (file: string, flags: { tenant?: string }) => {
      const { migrateDirectory } = await import('../migrate-directory.ts');
      ended(await migrateDirectory(file, flags));
    });
  common(command, 'migrate-directory directory.yaml --tenant acme');
}
