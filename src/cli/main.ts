import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { defaultPolicy, LOG_LEVELS, readSecret, type ServeFlags } from './config.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import type { Tools } from './load-policy.ts';

/** Runs one command. Answers the exit code (contracts.md, "Commands"); never throws. */
export async function main(argv: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = exit.fine;
  // A reader that has seen enough closes the pipe; that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exit.fine);
    throw error;
  });
  const program = commands((ended) => {
    code = ended;
  });
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

type Ended = (code: ExitCode) => void;

function commands(ended: Ended): Command {
  const program = new Command('portcullis')
    .description('A policy-enforcing MCP proxy for FusionAuth tokens.')
    .version(version())
    .addHelpText('after', '\nExample:\n  $ portcullis serve --sandbox\n')
    .exitOverride();
  for (const add of [addServe, addCheck, addDryRun, addTest, addTools, addVerifyAudit, addSandbox, addDemo])
    add(program, ended);
  return program;
}

/** The version of the package. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return version;
}

/** What every command has: an example, colours that can be turned off, and a level for its log. */
function common(command: Command, line: string): Command {
  return command
    .option('--no-color', 'no colours, also with NO_COLOR')
    .addOption(
      new Option('--log-level <level>', 'what is logged on stderr').choices(LOG_LEVELS).default('info'),
    )
    .addHelpText('after', `\nExample:\n  $ portcullis ${line}\n`);
}

/** Whether colours are wanted and the output is a terminal. */
function hasColor(flags: { readonly color: boolean }): boolean {
  return flags.color && process.env['NO_COLOR'] === undefined && process.stdout.isTTY === true;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function toolsOption(): Option {
  return new Option('--tools <which>', 'tools a policy may speak of')
    .choices(['known', 'any'])
    .default('known');
}

function addServe(program: Command, ended: Ended): void {
  const command = program
    .command('serve')
    .description('run the proxy: MCP over stdio, over HTTP with --http; REST with --rest')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .option('--fusionauth <url>', 'FusionAuth (FUSIONAUTH_URL)')
    .option('--tenant <uuid>', 'confine the proxy to one tenant (FUSIONAUTH_TENANT_ID)')
    .option('--sandbox', 'a FusionAuth-compatible sandbox in this process, in place of FusionAuth')
    .option('--redis <url>', 'keep limits in Redis (PORTCULLIS_REDIS); without it they are kept in memory')
    .option('--http [address]', 'open the HTTP door on [HOST:]PORT (PORTCULLIS_HTTP)')
    .option('--rest [address]', 'open the REST door on [HOST:]PORT (PORTCULLIS_REST)')
    .option('--stdio', 'serve stdio beside these doors')
    .option('--allow-anonymous', 'let these doors listen beyond loopback without identities')
    .option('--allowed-host <name>', 'a Host header to accept beside loopback; may be repeated', collect)
    .option('--allowed-origin <origin>', 'an Origin to accept beside loopback; may be repeated', collect)
    .option('--audit <file>', 'audit file, `-` for stderr, `off` (PORTCULLIS_AUDIT)')
    .action(async (flags: ServeFlags) => {
      const { serve } = await import('./serve.ts');
      ended(await serve(flags, process.env, version()));
    });
  command.addHelpText(
    'after',
    '\nSecrets come from the environment, or from the file that NAME_FILE names: FUSIONAUTH_API_KEY, PORTCULLIS_SECRET, PORTCULLIS_REDIS.',
  );
  common(command, 'serve --policy policies/default.yaml --http 9090');
}

function addCheck(program: Command, ended: Ended): void {
  const command = program
    .command('check')
    .description('report every problem of policy files')
    .argument('<file...>', 'policy files')
    .option('--strict', 'warnings count as errors')
    .option('--json', 'problems as JSON')
    .addOption(toolsOption())
    .action(async (files: readonly string[], flags: { strict?: true; json?: true; tools: Tools }) => {
      const { check } = await import('./check.ts');
      ended(check(files, { tools: flags.tools, strict: flags.strict === true, json: flags.json === true }));
    });
  common(command, 'check policies/default.yaml');
}

interface DryRunFlags {
  readonly policy?: string;
  readonly tool?: string;
  readonly args?: string;
  readonly identity?: string;
  readonly session?: string;
  readonly transport?: string;
  readonly at?: string;
  readonly calls?: string;
  readonly json?: true;
  readonly color: boolean;
  readonly tools: Tools;
}

function addDryRun(program: Command, ended: Ended): void {
  const command = program
    .command('dry-run')
    .description('decide calls without FusionAuth and without Redis')
    .option('--policy <file>', 'policy file (PORTCULLIS_POLICY)')
    .option('--tool <name>', 'MCP name or operation id of the tool')
    .option('--args <json>', 'arguments as JSON, or @FILE')
    .option('--identity <json>', 'the caller, for example {"sub":"ann","roles":["support"]}')
    .option('--session <id>', 'session of the caller')
    .option('--transport <name>', 'stdio, http or rest')
    .option('--at <time>', 'time of the call, for example 2026-01-01T00:00:00Z')
    .option('--calls <file>', 'decide one call a line, `-` for stdin')
    .option('--json', 'decisions as JSON')
    .addOption(toolsOption())
    .action(async (flags: DryRunFlags) => {
      ended(await runDry(flags));
    });
  common(command, `dry-run --tool vendJWTWithId --args '{"body":{"timeToLiveInSeconds":60}}'`);
}

const ONE_CALL = ['args', 'identity', 'session', 'transport', 'at'] as const;

async function runDry(flags: DryRunFlags): Promise<ExitCode> {
  const { dryRunMany, dryRunOne } = await import('./dry-run.ts');
  const { tool, calls, tools } = flags;
  const policy = flags.policy ?? process.env['PORTCULLIS_POLICY'] ?? defaultPolicy();
  const options = {
    policy,
    tools,
    json: flags.json === true,
    color: hasColor(flags),
    secret: readSecret(process.env),
  };
  if ((tool === undefined) === (calls === undefined)) {
    throw new CommandError('expected `--tool NAME` or `--calls FILE`, one of the two', exit.usage);
  }
  if (calls === undefined) return dryRunOne({ ...flags, tool: tool ?? '' }, options);
  const extra = ONE_CALL.find((name) => flags[name] !== undefined);
  if (extra !== undefined)
    throw new CommandError(`expected no \`--${extra}\` beside \`--calls\``, exit.usage);
  return dryRunMany(calls, options);
}

interface TestFlags {
  readonly coverage?: true;
  readonly minCoverage?: number;
  readonly junit?: string;
  readonly json?: true;
  readonly color: boolean;
  readonly tools: Tools;
}

function addTest(program: Command, ended: Ended): void {
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
      const { test } = await import('./test.ts');
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

function addTools(program: Command, ended: Ended): void {
  const command = program
    .command('tools')
    .description('show the tools of the catalog')
    .option('--json', 'with hints and schemas, as JSON')
    .action(async (flags: { json?: true }) => {
      const { tools } = await import('./tools.ts');
      ended(tools({ json: flags.json === true }));
    });
  common(command, 'tools --json');
}

function addSandbox(program: Command, ended: Ended): void {
  const command = program
    .command('sandbox')
    .description('run the FusionAuth-compatible sandbox alone')
    .option('--port <port>', 'port on 127.0.0.1', '9011')
    .option('--seed <file>', 'a YAML file that describes another world')
    .action(async (flags: { port: string; seed?: string }) => {
      const { sandbox } = await import('./sandbox.ts');
      ended(await sandbox(flags));
    });
  common(command, 'sandbox --port 9011');
}

function addVerifyAudit(program: Command, ended: Ended): void {
  const command = program
    .command('verify-audit')
    .description('check that the records of an audit are whole and in their chains')
    .argument('<file...>', 'audit files, oldest first')
    .action(async (files: readonly string[]) => {
      const { verifyFiles } = await import('./verify-audit.ts');
      ended(await verifyFiles(files));
    });
  common(command, 'verify-audit portcullis-audit.jsonl.1 portcullis-audit.jsonl');
}

function addDemo(program: Command, ended: Ended): void {
  const command = program
    .command('demo')
    .description(
      'sandbox, proxy and an MCP client in one process: what is allowed, limited and denied, and why',
    )
    .action(async (flags: { color: boolean }) => {
      const { demo } = await import('./demo.ts');
      ended(await demo({ color: hasColor(flags), version: version() }));
    });
  common(command, 'demo');
}
