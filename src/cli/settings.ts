import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { isUuid } from '../policy/uuid.ts';
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

/** A value, and what gave it, as messages call it. */
export interface Given {
  readonly value: string;
  readonly name: string;
}

/** What a flag says, else its variable; undefined where neither is set. */
export function given(
  flag: string | undefined,
  env: Environment,
  names: readonly [flag: string, variable: string],
): Given | undefined {
  if (flag !== undefined) return { value: flag, name: names[0] };
  const value = setting(env, names[1]);
  return value === undefined ? undefined : { value, name: names[1] };
}

/** `${NAME}` as configurations of clients have it, `~` of a shell: nobody fills them in here. */
export function unfilled(value: string): string {
  if (/\$\{[^}]*\}/.test(value)) return '; it holds a variable that nobody filled in';
  return value.startsWith('~/') ? '; `~` is filled in by shells alone, write the whole path' : '';
}

/** `--tenant` of the commands that read records; null where it is left out. */
export function recordedTenant(text: string | undefined): string | null {
  const id = text?.toLowerCase() ?? null;
  if (id === null || isUuid(id)) return id;
  throw new CommandError(`expected \`--tenant\`, a UUID; found \`${text}\``, exit.usage);
}

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

/** Where the program keeps what it writes, in the XDG state folder. An empty `HOME` is none. */
export function stateFolder(env: Environment): string {
  const home = homedir() === '' ? userInfo().homedir : homedir();
  return join(setting(env, 'XDG_STATE_HOME') ?? join(home, '.local', 'state'), 'portcullis');
}
