import { type Command, InvalidArgumentError, Option } from 'commander';
import { readSecret } from '../config.ts';
import type { Tools } from '../load-policy.ts';
import { common, type Ended, hasColor, toolsOption } from './common.ts';

interface TestFlags {
  readonly coverage?: true;
  readonly minCoverage?: number;
  readonly junit?: string;
  readonly json?: true;
  readonly color: boolean;
  readonly tools: Tools;
}

/** `portcullis test`. */
export function addTest(program: Command, ended: Ended): void {
  const command = program
    .command('test')
    .description('run policy test files')
    .argument('<path...>', 'test files, or folders with `*.test.yaml`')
    .option('--coverage', 'tell which rules and conditions were not seen going each way')
    .addOption(
      new Option('--min-coverage <percent>', 'fail where a policy was seen less').argParser(readPercent),
    )
    .option('--junit <file>', 'write JUnit XML')
    .option('--json', 'results as JSON')
    .addOption(toolsOption())
    .action(async (paths: readonly string[], flags: TestFlags) => {
      const { test } = await import('../test.ts');
      const { tools, coverage = false, json = false, minCoverage = null, junit = null } = flags;
      const [color, secret] = [hasColor(flags), readSecret(process.env)];
      ended(await test(paths, { tools, coverage, json, minCoverage, junit, color, secret }));
    });
  common(command, 'test policies --coverage');
}

function readPercent(text: string): number {
  if (/^(?:100|[1-9]?[0-9])$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 100.');
}
