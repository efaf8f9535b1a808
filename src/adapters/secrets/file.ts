import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Client, Secrets } from '../../model/tokens.ts';

const MAX_BYTES = 1024 * 1024;
const MIN_SECRET = 16;
const LINE = /^([^\s/]+\/[^\s/]+\/[^\s/]+)[ \t]+(\S+)$/;

/**
 * Secrets of clients from a file that only its owner may read: a line `TENANT/PROJECT/CLIENT SECRET` each, `#` before
 * a comment. Throws, without ever repeating a secret, where the file cannot be trusted or read.
 */
export function fileSecrets(file: string): Secrets {
  const secrets = parse(readSecrets(file), file);
  return {
    async of(client) {
      const sha256 = secrets.get(nameOf(client));
      return sha256 === undefined ? { found: 'none' } : { found: 'secret', sha256 };
    },
    ready: async () => true,
    close: async () => {},
  };
}

/** The text of such a file. Throws where it cannot be trusted. The mode is that of the very file which is read, not of one that has its name a moment before. */
export function readSecrets(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const { mode, size } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0) {
      throw new Error(`expected \`${file}\` to be for its owner only (mode 0600); others can reach it`);
    }
    if (size > MAX_BYTES) throw new Error(`expected \`${file}\` to have at most ${MAX_BYTES} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(descriptor));
  } catch (error) {
    if (error instanceof TypeError) throw new Error(`expected \`${file}\` in UTF-8`);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function parse(text: string, file: string): ReadonlyMap<string, Uint8Array> {
  const secrets = new Map<string, Uint8Array>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const [, name = '', secret = ''] = LINE.exec(line) ?? [];
    const place = `${file}:${i + 1}:1`;
    if (name === '') throw new Error(`${place} expected \`TENANT/PROJECT/CLIENT SECRET\``);
    if (secret.length < MIN_SECRET) {
      throw new Error(`${place} expected a secret of at least ${MIN_SECRET} characters`);
    }
    if (secrets.has(name)) throw new Error(`${place} expected each client once`);
    secrets.set(name, createHash('sha256').update(secret, 'utf8').digest());
  });
  return secrets;
}

function nameOf({ tenant, project, id }: Client): string {
  return `${tenant}/${project}/${id}`;
}
