import { type Command, Option } from 'commander';
import type { CheckFormat } from '../check.ts';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, toolsOption } from './common.ts';

interface CheckFlags {
  readonly strict?: true;
  readonly lines?: true;
  readonly json?: true;
  readonly sarif?: true;
  readonly tools: Tools;
}

/** `portcullis check`. */
export function addCheck(program: Command, ended: Ended): void {
  const command = program
    .command('check')
    .description('report every problem of policy files')
    .argument('<file...>', 'policy files, or files of their tests')
    .option('--strict', 'warnings count as errors')
    .addOption(
      new Option('--lines', 'a line a problem, without the lines of the files').conflicts(['json', 'sarif']),
    )
    .addOption(new Option('--json', 'problems as JSON').conflicts('sarif'))
    .option('--sarif', 'problems as SARIF 2.1.0, for code hosts')
    .addOption(toolsOption())
    .action(async (files: readonly string[], flags: CheckFlags) => {
      const { check } = await import('../check.ts');
      ended(check(files, { tools: flags.tools, strict: flags.strict === true, format: formatOf(flags) }));
    });
  common(command, 'check policies/default.yaml');
}

function formatOf({ lines, json, sarif }: CheckFlags): CheckFormat {
  if (sarif) return 'sarif';
  if (json) return 'json';
  return lines ? 'lines' : 'text';
}
