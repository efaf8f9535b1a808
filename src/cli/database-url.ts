import { resolve } from 'node:path';
import type { SecretReference } from '../model/tokens.ts';
import { CommandError, exit } from './exit-codes.ts';
import { readFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';

/**
 * The connection string of a tenant's database, from where the directory says. Throws a `CommandError` that does not
 * repeat it.
 *
 * @param place `folder` is what names of files are relative to.
 */
export function databaseUrl(
  reference: SecretReference,
  { folder, tenant }: { readonly folder: string; readonly tenant: string },
): string {
  const [name, text] =
    'env' in reference
      ? [reference.env, process.env[reference.env] ?? '']
      : [reference.file, readText(resolve(folder, reference.file), tenant)];
  if (/^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text)) return text;
  const expected = `expected \`postgres://…\` in \`${name}\`, for the database of \`${tenant}\``;
  throw new CommandError(expected, exit.usage);
}

const MAX_URL_BYTES = 64 * 1024;

function readText(file: string, tenant: string): string {
  try {
    return readFile(file, MAX_URL_BYTES).toString().trim();
  } catch (error) {
    const message = `cannot read \`${file}\`, for the database of \`${tenant}\`: ${reasonOf(error)}`;
    throw new CommandError(message, exit.usage);
  }
}
