import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a policy into a folder and answers its path. */
export function writePolicy(folder: string, text: string): string {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, text);
  return file;
}
