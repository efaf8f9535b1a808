import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Change } from '../changes.ts';
import { defaultPolicy } from '../config.ts';
import { common, type Ended, hasColor } from './common.ts';

interface ReplayFlags {
  readonly policy?: string;
  readonly tenant?: string;
  readonly failOn?: readonly Change[];
  readonly json?: true;
  readonly color: boolean;
}

/** `portcullis replay`. */
export function addReplay(program: Command, ended: Ended): void {
  const command = program
    .command('replay')
    .description('run recorded calls through another policy and tell what would change')
    .argument('<file...>', 'audit files, oldest first, plain or gzip, `-` for stdin')
    .option('--policy <file>', 'the policy to try (PORTCULLIS_POLICY)')
    .option('--tenant <uuid>', 'the tenant that the recorded proxy was confined to')
    .addOption(failOnOption())
    .option('--json', 'the report as JSON')
    .action(async (files: readonly string[], flags: ReplayFlags) => {
      const { replay } = await import('../replay.ts');
      const named = flags.policy ?? process.env['PORTCULLIS_POLICY'];
      const [policy, isDefault] = [named ?? defaultPolicy(), named === undefined];
      const { tenant, failOn = [], json = false } = flags;
      const color = hasColor(flags);
      ended(await replay(files, { policy, isDefault, tenant, failOn, json, color }));
    });
  common(command, 'replay --policy candidate.yaml --fail-on newly-denied portcullis-audit.jsonl');
}

/** In words: this file is read by every command, and what a change is only by this one. */
const FAILING: readonly Change[] = [
  'newly-denied',
  'newly-allowed',
  'changed-code',
  'uncertain',
  'not-replayable',
];

function failOnOption(): Option {
  return new Option(
    '--fail-on <changes>',
    `exit 5 where there are such calls: ${FAILING.join(', ')}; a list, or repeated`,
  ).argParser((text: string, before: readonly Change[] = []) => [
    ...before,
    ...text.split(',').map(readChange),
  ]);
}

function readChange(text: string): Change {
  const change = FAILING.find((each) => each === text.trim());
  if (change !== undefined) return change;
  throw new InvalidArgumentError(`Expected some of ${FAILING.join(', ')}.`);
}
