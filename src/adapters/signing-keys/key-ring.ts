import type { Instant } from '../../model/index.ts';
import { makeKey, parseKeys, type SigningKey, toSigningKey } from './key.ts';
import { checkFolder, readKeys, removeKey, writeKey } from './key-folder.ts';
import { ROTATION, type Rotation, scheduleOf } from './schedule.ts';

/** The keys in use. */
export interface KeyRing {
  signing(at: Instant): SigningKey;
  published(at: Instant): readonly SigningKey[];
  close(): void;
}

/** Keys that the operator rotates: the first signs, all are published. Throws where the text holds none. */
export async function givenKeys(text: string): Promise<KeyRing> {
  const keys = await Promise.all(parseKeys(text).map((key) => toSigningKey(key, 0)));
  const [first] = keys;
  if (first === undefined) throw new Error('expected a private key');
  return { signing: () => first, published: () => keys, close: () => {} };
}

export interface FolderOptions {
  readonly folder: string;
  readonly rotation?: Rotation;
  readonly now: () => Instant;
  /** Told of a rotation that did not work; the keys there are stay in use. */
  readonly onProblem: (message: string) => void;
}

const LOOK_EVERY_MS = 60_000;

/** Keys in a folder, made and rotated there; several processes may share it. Throws where it cannot be used. */
export async function folderKeys({
  folder,
  rotation = ROTATION,
  now,
  onProblem,
}: FolderOptions): Promise<KeyRing> {
  let keys: readonly SigningKey[] = [];
  const look = async () => {
    keys = await readKeys(folder);
    await checkFolder(folder);
    const { isNewDue, over } = scheduleOf(keys, now(), rotation);
    for (const key of over) await removeKey(folder, key);
    if (!isNewDue) return;
    const key = await makeKey(now());
    await writeKey(folder, key);
    keys = await readKeys(folder);
  };
  await look();
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      onProblem(`the signing keys cannot be looked at: ${error instanceof Error ? error.message : error}`);
    });
  }, LOOK_EVERY_MS).unref();
  return {
    signing(at) {
      const { signing } = scheduleOf(keys, at, rotation);
      if (signing === undefined) throw new Error(`expected a signing key in \`${folder}\``);
      return signing;
    },
    published: (at) => scheduleOf(keys, at, rotation).published,
    close: () => clearInterval(timer),
  };
}
