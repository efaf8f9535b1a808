import { callsOf, type TimedCall } from './call-file.ts';
import { type DeciderOptions, type Explained, openDecider } from './decider.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { explanationText } from './explanation-text.ts';
import { type OneCall, readOneCall } from './one-call.ts';
import { toolHint } from './tool-hint.ts';

export interface DryRunOptions extends DeciderOptions {
  readonly json: boolean;
  readonly color: boolean;
}

/** `portcullis dry-run --tool`: one decision and its trace. */
export async function dryRunOne(call: OneCall, options: DryRunOptions): Promise<ExitCode> {
  const explained = await decideOne(call, null, options);
  await print(options.json ? JSON.stringify(explained.decision) : explanationText(explained, options));
  return exitOf(explained);
}

/**
 * `portcullis explain`: one decision, and what would have been accepted.
 *
 * @param given a file of calls that were made before, so that limits are used up; null: none.
 */
export async function explainOne(
  call: OneCall,
  given: string | null,
  options: DryRunOptions,
): Promise<ExitCode> {
  const explained = await decideOne(call, given, options);
  const all = { ...explained.decision, explanation: explained.explanation() };
  await print(options.json ? JSON.stringify(all, null, 2) : explanationText(explained, options));
  return exitOf(explained);
}

/** People are told of no more lines of a file that holds no calls; programs are answered each line. */
const MAX_WRONG = 10;

/** `portcullis dry-run --calls`: one decision a line, in the same order; lines that are no calls are answered too. */
export async function dryRunMany(file: string, options: DryRunOptions): Promise<ExitCode> {
  const decide = openDecider(options);
  let [wrong, decided] = [0, 0];
  for await (const { line, read } of callsOf(file)) {
    if (!read.ok) {
      // Also where the reader of our output does not wait for the end.
      process.exitCode = exit.usage;
      await print(JSON.stringify({ line, error: read.error }));
      wrong++;
      if (options.json || decided > 0 || wrong < MAX_WRONG) continue;
      throw new CommandError(
        `\`${file}\` holds no calls: not one in its first ${MAX_WRONG} lines`,
        exit.usage,
      );
    }
    decided++;
    const explained = await decide(read.value);
    await print(options.json ? JSON.stringify(explained.decision) : explanationText(explained, options));
  }
  return wrong > 0 ? exit.usage : exit.fine;
}

async function decideOne(call: OneCall, given: string | null, options: DryRunOptions): Promise<Explained> {
  const decide = openDecider(options);
  const line = readOneCall(call, options.tools);
  const before = given === null ? null : await decideGiven(given, decide);
  const at = line.at ?? before ?? Date.now();
  if (before !== null && at < before)
    throw new CommandError('expected `--at` not before the time of the last given call', exit.usage);
  const explained = await decide({ ...line, at });
  if (explained.decision.code === 'unknown_tool') process.stderr.write(toolHint(call.tool, options.tools));
  return explained;
}

/** Decides the calls of a file; answers the time of the last, null where there is none. */
async function decideGiven(
  file: string,
  decide: (call: TimedCall) => Promise<Explained>,
): Promise<number | null> {
  let latest: number | null = null;
  for await (const { line, read } of callsOf(file)) {
    if (!read.ok) throw new CommandError(`${file}:${line}: ${read.error}`, exit.usage);
    await decide(read.value);
    latest = read.value.at;
  }
  return latest;
}

function exitOf({ decision }: Explained): ExitCode {
  return decision.verdict === 'allow' ? exit.fine : exit.denied;
}

/** Waits for a slow reader, so that the output of a long file is not piled up. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`))
    await new Promise((resolve) => process.stdout.once('drain', resolve));
}
