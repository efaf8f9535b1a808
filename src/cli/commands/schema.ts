import type { Command } from 'commander';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, toolsOption } from './common.ts';

/** `portcullis schema`. */
export function addSchema(program: Command, ended: Ended): void {
  const command = program
    .command('schema')
    .description('print the JSON Schema of policies, or of their tests, for editors')
    .option('--tests', 'of `*.test.yaml` files')
    .addOption(toolsOption())
    .action(async (flags: { tests?: true; tools: Tools }) => {
      const { schema } = await import('../schema.ts');
      ended(schema(flags.tests === true ? 'tests' : 'policies', flags.tools));
    });
  common(command, 'schema > policy.schema.json');
}
