import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { DIRECTORY_PROBLEMS } from '../../src/issuer/directory-problems.ts';

const root = resolve(import.meta.dirname, '../..');

it('every problem of directories stands in docs/token-service.md, and no other does', () => {
  const docs = readFileSync(join(root, 'docs/token-service.md'), 'utf8');
  const table = /^\| code \| problem \|\n([\s\S]*?)\n\n/m.exec(docs)?.[1] ?? '';
  const rows = Array.from(table.matchAll(/^\| `([a-z_]+)` \| (.*) \|$/gm), ([, code, about]) => [
    code,
    about,
  ]);
  expect(rows).toEqual(Object.entries(DIRECTORY_PROBLEMS));
});

it('every problem of directories is reported somewhere', () => {
  const folder = join(root, 'src/issuer');
  const code = readdirSync(folder)
    .filter((name) => name.startsWith('read-'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  expect(Object.keys(DIRECTORY_PROBLEMS).filter((each) => !code.includes(`'${each}'`))).toEqual([]);
});
