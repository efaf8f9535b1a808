import { printable } from './excerpt.ts';

/** What the program's exit says (contracts.md, "Commands"). */
export const exit = {
  fine: 0,
  broke: 1,
  usage: 2,
  policy: 3,
  denied: 4,
  testsFailed: 5,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** Ends a command with one clear message and its exit code. */
export class CommandError extends Error {
  readonly code: ExitCode;
  constructor(message: string, code: ExitCode) {
    // It may name a file, and a file may be called anything.
    super(message.split('\n').map(printable).join('\n'));
    this.code = code;
  }
}
