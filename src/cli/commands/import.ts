import type { Command } from 'commander';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, toolsOption } from './common.ts';

interface ImportFlags {
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
  readonly tools: Tools;
}

/** `portcullis import`. */
export function addImport(program: Command, ended: Ended): void {
  const command = program
    .command('import')
    .description('write an Intercept policy in this language, and report what differs')
    .argument('<file>', 'a policy of Intercept, `-` for stdin')
    .option('-o, --out <file>', 'where the policy is written; without it, to stdout')
    .option('--force', 'replace a file that is there')
    .option('--json', 'the report, with the policy, as JSON on stdout')
    .addOption(toolsOption())
    .action(async (file: string, flags: ImportFlags) => {
      const { importFile } = await import('../import.ts');
      const { out = null, force = false, json = false, tools } = flags;
      ended(importFile(file, { out, force, json, tools }));
    });
  common(command, 'import intercept.yaml -o policy.yaml');
}
