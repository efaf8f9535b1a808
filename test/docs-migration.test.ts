import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.ts';

const page = readFileSync(resolve(import.meta.dirname, '../docs/migration.md'), 'utf8');
const folder = temporaryFolder();
afterAll(() => folder.remove());

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? '';
}

describe('the example of docs/migration.md', () => {
  it('is what import reports and writes', async () => {
    writeFileSync(join(folder.path, 'intercept.yaml'), block('yml'));
    const ran = await run(['import', 'intercept.yaml', '-o', 'policy.yaml'], { cwd: folder.path });
    expect(ran).toEqual({ code: 3, stdout: '', stderr: block('text') });
    expect(readFileSync(join(folder.path, 'policy.yaml'), 'utf8')).toBe(block('yaml'));
  });
});
