import { createReadStream } from 'node:fs';
import { NO_PREVIOUS } from '../adapters/audit/chain.ts';
import { verifyAudit } from '../adapters/audit/verify.ts';
import { printable } from './excerpt.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** `portcullis verify-audit`: whether the records of audit files, oldest first, are whole and in their chains. */
export async function verifyFiles(files: readonly string[]): Promise<ExitCode> {
  const verified = await verifyAudit(linesOf(files));
  if (!verified.ok) {
    process.stdout.write(`line ${verified.line}: ${verified.why}\n`);
    return exit.broke;
  }
  const { count, chains, torn, from } = verified;
  if (count === 0) {
    process.stdout.write(
      `no line of ${files.map((file) => `\`${printable(file)}\``).join(', ')} is a record of an audit\n`,
    );
    return exit.broke;
  }
  process.stdout.write(
    `${count} records in ${chains} chain${chains === 1 ? '' : 's'}, ${torn} unfinished lines\n`,
  );
  if (from !== NO_PREVIOUS) {
    process.stdout.write(
      `what came before the first record is not in ${files.length === 1 ? 'this file' : 'these files'}: look for one that ends with the hash ${from}\n`,
    );
  }
  return exit.fine;
}

/** More than any line that the audit writes; of one that has more the beginning is enough to tell. */
const MAX_LINE = 4 * 1024 * 1024;

/** Lines end with a newline and with nothing else: U+2028, which ends them for `readline`, may stand in a text. */
async function* linesOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    try {
      let rest = '';
      for await (const chunk of createReadStream(file, 'utf8')) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = (lines.pop() ?? '').slice(0, MAX_LINE);
        yield* lines;
      }
      if (rest !== '') yield rest;
    } catch (error) {
      throw new CommandError(`cannot read \`${file}\`: ${reasonOf(error)}`, exit.usage);
    }
  }
}
