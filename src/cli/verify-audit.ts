import { StringDecoder } from 'node:string_decoder';
import { NO_PREVIOUS } from '../adapters/audit/chain.ts';
import { verifyAudit } from '../adapters/audit/verify.ts';
import { printable } from './excerpt.ts';
import { CommandError, type ExitCode, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';
import { openFile } from './text-lines.ts';

/** A file that was read: how many lines came before its own, and whether one of these begins as a record does. */
interface ReadFile {
  readonly name: string;
  readonly before: number;
  readonly isAudit: boolean;
}

/** `portcullis verify-audit`: whether the records of audit files, oldest first, are whole and in their chains. */
export async function verifyFiles(files: readonly string[]): Promise<ExitCode> {
  const read: ReadFile[] = [];
  const verified = await verifyAudit(linesOf(files, read));
  if (!verified.ok) {
    process.stdout.write(`${placeOf(verified.line, read)}: ${verified.why}\n`);
    return exit.broke;
  }
  const strange = read.filter(({ isAudit }) => !isAudit).map(({ name }) => name);
  if (strange.length > 0) {
    process.stdout.write(noRecords(strange));
    return exit.broke;
  }
  const { count, chains, torn, from } = verified;
  if (count === 0) {
    process.stdout.write(noRecords(files));
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

function noRecords(files: readonly string[]): string {
  return `no line of ${files.map((file) => `\`${printable(file)}\``).join(', ')} is a record of an audit\n`;
}

/** `FILE:LINE` of a line that is counted over all files. */
function placeOf(line: number, read: readonly ReadFile[]): string {
  const file = read.findLast(({ before }) => before < line);
  return `${printable(file?.name ?? '')}:${line - (file?.before ?? 0)}`;
}

/** More than any line that the audit writes; of one that has more the beginning is enough to tell. */
const MAX_LINE = 4 * 1024 * 1024;

/** The lines of all files; each is in `read` once its first line is. */
async function* linesOf(files: readonly string[], read: ReadFile[]): AsyncGenerator<string> {
  let before = 0;
  for (const name of files) {
    const file = { name, before, isAudit: true };
    read.push(file);
    try {
      let [lines, records] = [0, 0];
      for await (const line of linesOfOne(name)) {
        before++;
        if (line !== '') lines++;
        if (line.startsWith('{')) records++;
        yield line;
      }
      file.isAudit = lines === 0 || records > 0;
    } catch (error) {
      throw new CommandError(`cannot read \`${printable(name)}\`: ${reasonOf(error)}`, exit.usage);
    }
  }
}

/** Lines end with a newline and with nothing else: U+2028, which ends them for `readline`, may stand in a text. */
async function* linesOfOne(file: string): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of openFile(file)) {
    const lines = `${rest}${decoder.write(chunk)}`.split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    yield* lines;
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}
