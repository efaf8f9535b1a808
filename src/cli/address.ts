import { CommandError, exit } from './exit-codes.ts';

/** Where a door listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';
const ADDRESS = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):)?([0-9]{1,5})$/;

/** `[HOST:]PORT`; `true` (the flag alone) is the default port on loopback. */
export function readAddress(text: string | true, port: number, flag: string): Address {
  if (text === true) return { host: LOOPBACK, port };
  const match = ADDRESS.exec(text);
  const number = Number(match?.[2]);
  if (match === null || number > 65_535) {
    throw new CommandError(
      `expected \`${flag}\` as \`[HOST:]PORT\`, the port from 0 to 65535; found \`${text}\`${meantAddress(text)}`,
      exit.usage,
    );
  }
  return { host: (match[1] ?? LOOPBACK).replace(/^\[|\]$/g, ''), port: number };
}

/** The address in a URL, or behind a colon without a host. */
function meantAddress(text: string): string {
  const [, address = ''] = /^(?:https?:\/\/|:)([^/:]*(?::[0-9]+)?)(?:\/.*)?$/.exec(text) ?? [];
  return ADDRESS.test(address) ? `; did you mean \`${address}\`?` : '';
}
