import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { followFile } from '../../src/cli/follow-file.ts';
import { temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

it('a file that could not be read when it changed is read once it can be, and that is told once', async () => {
  const file = join(folder.path, 'followed');
  writeFileSync(file, 'one');
  let isOut = false;
  const seen: string[] = [];
  const problems: string[] = [];
  const stop = followFile(file, {
    read: () => {
      if (isOut) throw new Error('EMFILE: too many open files');
      return readFileSync(file);
    },
    first: readFileSync(file),
    onChange: (bytes) => void seen.push(Buffer.from(bytes).toString()),
    onProblem: (why) => void problems.push(why),
  });
  isOut = true;
  writeFileSync(file, 'two');
  await setTimeout(4_000);
  expect({ seen, problems }).toEqual({ seen: [], problems: ['EMFILE: too many open files'] });
  isOut = false;
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['two']);
  stop();
});
