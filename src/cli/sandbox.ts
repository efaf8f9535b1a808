import { parseSeed, startSandbox } from '../sandbox/server.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { readFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';

/** `portcullis sandbox`: the FusionAuth-compatible sandbox alone, until a signal comes. */
export async function sandbox(flags: { readonly port: string; readonly seed?: string }): Promise<ExitCode> {
  const port = Number(flags.port);
  if (!/^[0-9]{1,5}$/.test(flags.port) || port > 65_535) {
    throw new CommandError(`expected \`--port\`, a number up to 65535; found \`${flags.port}\``, exit.usage);
  }
  const seed = flags.seed === undefined ? {} : { seed: readSeed(flags.seed) };
  const running = await open({ port, ...seed });
  process.stderr.write(`portcullis: sandbox at ${running.url}; API key ${running.apiKey}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.close();
  return exit.fine;
}

async function open(options: Parameters<typeof startSandbox>[0]) {
  try {
    return await startSandbox(options);
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const why = isTaken
      ? `port ${options?.port} is in use; choose another with \`--port\``
      : error instanceof Error
        ? error.message
        : String(error);
    throw new CommandError(`cannot start the sandbox: ${why}`, exit.broke);
  }
}

const MAX_SEED_BYTES = 64 * 1024 * 1024;

function readSeed(file: string) {
  let text: string;
  try {
    text = readFile(file, MAX_SEED_BYTES).toString();
  } catch (error) {
    throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
  }
  try {
    return parseSeed(text);
  } catch (error) {
    throw new CommandError(`${file}: ${error instanceof Error ? error.message : error}`, exit.usage);
  }
}
