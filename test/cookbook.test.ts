import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from './support/cli.ts';

const text = readFileSync(resolve(import.meta.dirname, '../docs/cookbook.md'), 'utf8');
const recipes = text
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const block = (language: string) =>
      Array.from(
        section.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
        ([, body = '']) => body,
      );
    return { name: section.slice(0, section.indexOf('\n')), policies: block('yaml'), tests: block('yml') };
  });

describe('a recipe of the cookbook', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('is there, twelve times at least', () => {
    expect(recipes.length).toBeGreaterThanOrEqual(12);
  });

  it.each(recipes.map((recipe) => [recipe.name, recipe] as const))(
    '%s: its policy is clean, and its tests pass and cover it',
    async (name, { policies, tests }) => {
      expect([policies.length, tests.length]).toEqual([1, 1]);
      const [policy = '', test = ''] = [policies[0], tests[0]];
      const file = /^policy: ([a-z-]+\.yaml)$/m.exec(test)?.[1] ?? '';
      const place = join(folder.path, name.replaceAll(/\W/g, '-'));
      mkdirSync(place);
      writeFileSync(join(place, file), policy);
      writeFileSync(join(place, file.replace('.yaml', '.test.yaml')), test);
      expect(await run(['check', '--strict', file], { cwd: place })).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      const tested = await run(['test', '.', '--coverage', '--min-coverage', '100'], { cwd: place });
      expect(tested, tested.stdout).toMatchObject({ code: 0, stderr: '' });
    },
  );
});
