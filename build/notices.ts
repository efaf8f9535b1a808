import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE_FILE = /^licen[cs]e(?:\.|$)/i;
const NOTICE_FILE = /^notice(?:\.|$)/i;

/**
 * The names, versions and licences of the packages that a bundle holds. Throws where a package has no licence text.
 *
 * @param inputs the files of the bundle, as esbuild's metafile names them.
 */
export function notices(inputs: readonly string[]): string {
  const folders = new Set(
    inputs.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const parts = Array.from(folders, noticeOf).toSorted();
  const head = 'Portcullis contains these packages. Each stands under its own licence.\n';
  return [head, ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder);
  const texts = [LICENCE_FILE, NOTICE_FILE].flatMap((which) => files.filter((file) => which.test(file)));
  if (!texts.some((file) => LICENCE_FILE.test(file))) throw new Error(`expected a licence in ${folder}`);
  return [
    `${name} ${version} (${license})`,
    ...texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()),
  ]
    .join('\n\n')
    .concat('\n');
}
