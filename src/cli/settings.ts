import { readFileSync } from 'node:fs';
import { CommandError, exit } from './exit-codes.ts';
import { reasonOf } from './reasons.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set and not empty. */
export function setting(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
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
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text !== '') return text;
  } catch (error) {
    throw new CommandError(`cannot read \`${name}_FILE\`: ${reasonOf(error)}`, exit.usage);
  }
  throw new CommandError(`expected a secret in \`${name}_FILE\`; the file is empty`, exit.usage);
}
