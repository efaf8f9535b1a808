import { hash as digest } from 'node:crypto';

/** What the first line of all has as `prev`. */
export const NO_PREVIOUS = '0'.repeat(64);
const HASH = /^[0-9a-f]{64}$/;
// The hash is always the last member, so a line is its hashed text with this put in before the brace.
const TAIL = /,"hash":"([0-9a-f]{64})"\}$/;

/** A line of the audit as a reader sees it. */
export interface Link {
  readonly prev: string;
  readonly hash: string;
  /** The hash that the text of the line has. */
  readonly computed: string;
}

/** JSON text of an object with members -> the line that stands for it after `prev`, and the hash of that line. */
export function link(text: string, prev: string): { readonly line: string; readonly hash: string } {
  const open = `${text.slice(0, -1)},"prev":"${prev}"`;
  const hash = sha256(`${open}}`);
  return { line: `${open},"hash":"${hash}"}\n`, hash };
}

/** Reads a line without its newline; null where it is not a whole line of an audit. */
export function readLink(line: string): Link | null {
  const hash = TAIL.exec(line)?.[1];
  const prev = hash === undefined ? undefined : prevOf(line);
  if (hash === undefined || prev === undefined) return null;
  return { prev, hash, computed: sha256(line.replace(TAIL, '}')) };
}

function prevOf(line: string): string | undefined {
  try {
    const prev: unknown = JSON.parse(line).prev;
    return typeof prev === 'string' && HASH.test(prev) ? prev : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return digest('sha256', text, 'hex');
}
