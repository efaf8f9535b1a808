import { type Command, Option } from 'commander';
import { LOG_LEVELS } from '../config.ts';
import type { ExitCode } from '../exit-codes.ts';

/** Told how a command ended. */
export type Ended = (code: ExitCode) => void;

/** What every command has: an example, colours that can be turned off, and a level for its log. */
export function common(command: Command, line: string): Command {
  return command
    .option('--no-color', 'no colours, also with NO_COLOR')
    .addOption(
      new Option('--log-level <level>', 'what is logged on stderr').choices(LOG_LEVELS).default('info'),
    )
    .addHelpText('after', `\nExample:\n  $ portcullis ${line}\n`);
}

/** Whether colours are wanted and the output is a terminal. */
export function hasColor(flags: { readonly color: boolean }): boolean {
  return flags.color && process.env['NO_COLOR'] === undefined && process.stdout.isTTY === true;
}

/** `--tools known|any`: whether a policy may speak of FusionAuth's tools only. */
export function toolsOption(): Option {
  return new Option('--tools <which>', 'tools a policy may speak of')
    .choices(['known', 'any'])
    .default('known');
}
