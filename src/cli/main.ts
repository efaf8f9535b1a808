import { Command, CommanderError } from 'commander';
import { addCheck } from './commands/check.ts';
import { addCheckDirectory } from './commands/check-directory.ts';
import type { Ended } from './commands/common.ts';
import { addDemo } from './commands/demo.ts';
import { addDiff } from './commands/diff.ts';
import { addDryRun } from './commands/dry-run.ts';
import { addExplain } from './commands/explain.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addReplay } from './commands/replay.ts';
import { addMigrateDirectory } from './commands/migrate-directory.ts';
import { addSandbox } from './commands/sandbox.ts';
import { addSchema } from './commands/schema.ts';
import { addServe } from './commands/serve.ts';
import { addTest } from './commands/test.ts';
import { addToken } from './commands/token.ts';
import { addTools } from './commands/tools.ts';
import { addVerifyAudit } from './commands/verify-audit.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { version } from './version.ts';

/** The commands, in the order of `--help`; each loads what it does only when it is run. */
const COMMANDS: readonly ((program: Command, ended: Ended) => void)[] = [
  addServe,
  addCheck,
  addSchema,
  addDryRun,
  addExplain,
  addTest,
  addInit,
  addImport,
  addReplay,
  addDiff,
  addTools,
  addVerifyAudit,
  addToken,
  addCheckDirectory,
  addMigrateDirectory,
  addSandbox,
  addDemo,
];

/** Runs one command. Answers the exit code (contracts.md, "Commands"); never throws. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exit.fine;
  // A reader that has seen enough closes the pipe; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The stdio door ends by itself, when its calls have ended and are recorded.
    if (argv[0] === 'serve') return;
    if (error.code !== 'EPIPE') throw error;
    // What ends anyway may still say how.
    setImmediate(() => process.exit(process.exitCode ?? exit.fine));
  });
  const program = commands((ended) => {
    code = ended;
  }, argv[0]);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.fine : exit.usage;
    if (error instanceof CommandError) {
      const prefix = error.code === exit.policy ? '' : 'portcullis: ';
      process.stderr.write(`${prefix}${error.message}\n`);
      return error.code;
    }
    process.stderr.write(`portcullis: ${error instanceof Error ? error.message : String(error)}\n`);
    return exit.broke;
  }
}

/** What commander says of wrong usage, as one line of ours. */
function usageLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replaceAll(/'([^'\n]*)'/g, '`$1`')
    .replace(/\n\(Did you mean (?:one of )?(.*)\?\)$/, '; did you mean `$1`?');
}

const KEY = 'the key comes from `FUSIONAUTH_API_KEY`, or the file that `FUSIONAUTH_API_KEY_FILE` names';
/** What people write who know other programs, and what it is in `serve`. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ...['--api-key', '--apikey', '--fusionauth-api-key'].map((option) => [option, KEY] as const),
  ...['--port', '--host', '--listen'].map(
    (option) => [option, 'did you mean `--http [HOST:]PORT`?'] as const,
  ),
  ...['--config', '--file'].map((option) => [option, 'did you mean `--policy FILE`?'] as const),
  ...['--url', '--upstream'].map((option) => [option, 'did you mean `--fusionauth URL`?'] as const),
]);

/** What somebody may have meant who used a command in a wrong way, as the end of that line; empty where nobody knows. */
function hintFor(command: string, line: string): string {
  if (line.includes('did you mean')) return '';
  const [, option = ''] = /^unknown option `(--[a-z-]+)/.exec(line) ?? [];
  const hint = command === 'serve' ? ELSEWHERE.get(option) : undefined;
  if (hint !== undefined) return `; ${hint}`;
  const isPolicy = line.startsWith('too many arguments') && ['serve', 'dry-run', 'explain'].includes(command);
  return isPolicy ? ' A policy is given by `--policy FILE`.' : '';
}

function commands(ended: Ended, name = ''): Command {
  const program = new Command('portcullis')
    .description('A policy-enforcing MCP proxy for FusionAuth tokens.')
    .version(version())
    .addHelpText('after', '\nExample:\n  $ portcullis serve --sandbox\n')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const line = usageLine(text);
        write(`portcullis: ${line}${hintFor(name, line)}\n`);
      },
    });
  for (const add of COMMANDS) add(program, ended);
  for (const command of program.commands) refuseSecondPolicy(command);
  return program;
}

/** Of two policies the first would be ignored, where somebody who names both expects both to hold. */
function refuseSecondPolicy(command: Command): void {
  const isOne = command.options.some(({ long, variadic }) => long === '--policy' && !variadic);
  if (!isOne) return;
  let isGiven = false;
  command.on('option:policy', () => {
    if (isGiven) command.error('error: `--policy` is given twice; expected it once, a policy is one file');
    isGiven = true;
  });
}
