import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseKeys, type SigningKey, toSigningKey } from './key.ts';

const FILE = /^([0-9]{13,16})\.([A-Za-z0-9_-]{43})\.pem$/;

/** Every key of a folder, which is made for its owner only where it is missing. Throws where one cannot be trusted. */
export async function readKeys(folder: string): Promise<readonly SigningKey[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder)).filter((name) => FILE.test(name));
  return Promise.all(names.map((name) => readKey(folder, name)));
}

/** Writes a key under a name that says when it was made; it is there whole or not at all, and for its owner only. */
export async function writeKey(folder: string, key: SigningKey): Promise<void> {
  const draft = join(folder, `.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(key.private.export({ format: 'pem', type: 'pkcs8' }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, join(folder, nameOf(key)));
}

/** Another process may have been faster. */
export async function removeKey(folder: string, key: SigningKey): Promise<void> {
  await rm(join(folder, nameOf(key)), { force: true });
}

function nameOf({ kid, madeAt }: SigningKey): string {
  return `${madeAt}.${kid}.pem`;
}

async function readKey(folder: string, name: string): Promise<SigningKey> {
  const [, madeAt, kid] = FILE.exec(name) ?? [];
  const file = join(folder, name);
  const handle = await open(file, 'r');
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      throw new Error(`expected \`${file}\` to be for its owner only (mode 0600); others can read it`);
    }
    const [parsed] = parseKeys(await handle.readFile('utf8'));
    const key = parsed === undefined ? null : await toSigningKey(parsed, Number(madeAt));
    if (key?.kid === kid && key !== null) return key;
    throw new Error(`expected the key that \`${file}\` is named after`);
  } finally {
    await handle.close();
  }
}

/** Throws where others may put keys into the folder. */
export async function checkFolder(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o022) !== 0) throw new Error(`expected \`${folder}\` to be writable by its owner only`);
}
