import { type Command, Option } from 'commander';
import { CommandError, exit } from '../exit-codes.ts';
import { common, type Ended } from './common.ts';

interface InitFlags {
  readonly tools?: string;
  readonly risk?: 'low' | 'medium' | 'high';
  readonly from?: readonly string[];
  readonly tenant?: string;
  readonly out?: string;
  readonly force?: true;
}

/** `portcullis init`. */
export function addInit(program: Command, ended: Ended): void {
  const command = program
    .command('init')
    .description('write a starting policy and its tests: asks on a terminal, or takes flags')
    .option('--tools <names>', 'tools to list, with commas: names, globs, or read, reveal, mint, revoke')
    .addOption(new Option('--risk <risk>', 'how much may go wrong').choices(['low', 'medium', 'high']))
    .option('--from <audit...>', 'propose the tightest policy that allows what these audit files recorded')
    .option('--tenant <uuid>', 'with --from: the tenant that the proxy is confined to')
    .option('-o, --out <file>', 'the policy; its tests stand beside it (default: policy.yaml)')
    .option('--force', 'replace files that are there')
    .action(async ({ from, tenant, force, ...flags }: InitFlags) => {
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      const isForced = force === true;
      if (from !== undefined) {
        const { initFrom } = await import('../init/init-from.ts');
        ended(
          await initFrom(from, { ...flags, ...(tenant === undefined ? {} : { tenant }), force: isForced }),
        );
        return;
      }
      if (tenant !== undefined)
        throw new CommandError('expected `--tenant` beside `--from` only', exit.usage);
      const { init } = await import('../init/init.ts');
      ended(await init({ ...flags, force: isForced }, isTerminal));
    });
  common(command, 'init --tools read,vendJWTWithId --risk low -o policy.yaml');
}
