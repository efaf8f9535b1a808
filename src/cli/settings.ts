import { printable, shown } from './excerpt.ts';
import { CommandError, exit } from './exit-codes.ts';
import { readFile } from './read-file.ts';
import { reasonOf } from './reasons.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set and not empty. */
export function setting(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}

/** Room for a set of signing keys. */
const MAX_SECRET_BYTES = 1024 * 1024;

/** A secret from the environment, or from the file that `NAME_FILE` names; a trailing line break is not part of it. */
export function secretSetting(env: Environment, name: string): string | null {
  const value = setting(env, name);
  const file = setting(env, `${name}_FILE`);
  if (value !== undefined && file !== undefined) {
    throw new CommandError(`expected \`${name}\` or \`${name}_FILE\`, not both`, exit.usage);
  }
  if (file === undefined) return value ?? null;
  try {
    const text = readFile(file, MAX_SECRET_BYTES)
      .toString()
      .replace(/\r?\n$/, '');
    if (text !== '') return text;
  } catch (error) {
    throw new CommandError(`cannot read ${namedFile(name, file)}: ${reasonOf(error)}`, exit.usage);
  }
  throw new CommandError(`expected a secret in ${namedFile(name, file)}; the file is empty`, exit.usage);
}

/** Somebody may have put the secret itself where its file belongs: what is no path for certain is blotted out. */
function namedFile(name: string, file: string): string {
  return `\`${name}_FILE\`, \`${/^\.{0,2}\//.test(file) ? printable(file) : shown(file)}\``;
}
