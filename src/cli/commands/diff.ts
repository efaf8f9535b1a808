import { type Command, InvalidArgumentError, Option } from 'commander';
import { common, type Ended, hasColor } from './common.ts';

interface DiffFlags {
  readonly calls?: string;
  readonly seed: number;
  readonly runs: number;
  readonly json?: true;
  readonly color: boolean;
}

/** Searching ends here, however many runs are left. */
const MAX_MS = 10_000;

/** `portcullis diff`. */
export function addDiff(program: Command, ended: Ended): void {
  const command = program
    .command('diff')
    .description('find calls that two policies judge differently; exit 5 where there are some')
    .argument('<old>', 'policy file')
    .argument('<new>', 'policy file')
    .option('--calls <file>', 'call lines or an audit, `-` for stdin; without it calls are made up')
    .addOption(new Option('--seed <number>', 'of the calls that are made up').argParser(readWhole).default(1))
    .addOption(new Option('--runs <number>', 'how many are made up').argParser(readWhole).default(5000))
    .option('--json', 'the report as JSON')
    .action(async (oldFile: string, newFile: string, flags: DiffFlags) => {
      const { diff } = await import('../diff.ts');
      const { calls = null, seed, runs, json = false } = flags;
      const search = { seed, runs, maxMs: MAX_MS };
      ended(await diff(oldFile, newFile, { calls, search, json, color: hasColor(flags) }));
    });
  common(command, 'diff policies/default.yaml policies/strict.yaml');
}

function readWhole(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
