import { userInfo } from 'node:os';
import type { Identify } from '../../model/index.ts';

/** Over stdio the caller is whoever started this process, by their name in the operating system. */
export function localUser(): Identify {
  const identity = { issuer: 'local', sub: nameOrId() };
  return async () => ({ identified: true, identity });
}

/** A container may run under a number that has no name. */
function nameOrId(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid:${process.getuid?.() ?? 'unknown'}`;
  }
}
