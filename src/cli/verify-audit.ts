import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { verifyAudit } from '../adapters/audit/verify.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** `portcullis verify-audit`: whether the records of audit files, oldest first, are whole and in their chains. */
export async function verifyFiles(files: readonly string[]): Promise<ExitCode> {
  const verified = await verifyAudit(linesOf(files));
  if (!verified.ok) {
    process.stdout.write(`line ${verified.line}: ${verified.why}\n`);
    return exit.broke;
  }
  const { count, chains, torn } = verified;
  process.stdout.write(
    `${count} records in ${chains} chain${chains === 1 ? '' : 's'}, ${torn} unfinished lines\n`,
  );
  return exit.fine;
}

async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    try {
      yield* createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
    } catch (error) {
      throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
    }
  }
}
