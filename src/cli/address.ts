import { CommandError, exit } from './exit-codes.ts';

/** Where a door listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';

/** `[HOST:]PORT`; `true` (the flag alone) is the default port on loopback. */
export function readAddress(text: string | true, port: number, flag: string): Address {
  if (text === true) return { host: LOOPBACK, port };
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):)?([0-9]{1,5})$/.exec(text);
  const number = Number(match?.[2]);
  if (match === null || number > 65_535) {
    throw new CommandError(
      `expected \`${flag}\` as \`[HOST:]PORT\`, the port from 0 to 65535; found \`${text}\``,
      exit.usage,
    );
  }
  return { host: (match[1] ?? LOOPBACK).replace(/^\[|\]$/g, ''), port: number };
}
