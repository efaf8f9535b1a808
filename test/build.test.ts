import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settings } from '../build/settings.ts';

const folder = resolve(import.meta.dirname, '../dist/cli');
const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
const texts = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

/** The modules in a file of the build, of which esbuild names each in a comment. */
function modulesOf(name: string): readonly string[] {
  return Array.from(
    texts.get(name)?.matchAll(/^\/\/ ((?:src|node_modules)\/\S+)$/gm) ?? [],
    ([, module]) => module ?? '',
  );
}

/** What a file imports before it runs; what it imports when it comes to it does not count. */
function importsOf(name: string): readonly string[] {
  const statements = texts.get(name)?.matchAll(/^(?:import|export)\b[^'"()]*["']([^'"]+)["'];$/gm) ?? [];
  return Array.from(statements, ([, from]) => from ?? '');
}

/** What is loaded to run these modules of `src`: the files of the build, and the packages that are not in it. */
function loadedFor(modules: readonly string[]): {
  readonly files: readonly string[];
  readonly packages: readonly string[];
} {
  const files = new Set(['main.js', ...modules.map((module) => fileWith(`src/${module}`))]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const target of importsOf(file)) {
      if (target.startsWith('./')) files.add(target.slice(2));
      else packages.add(target);
    }
  }
  return { files: [...files], packages: [...packages].filter((name) => !isBuiltin(name)) };
}

function fileWith(module: string): string {
  const [file, ...others] = names.filter((name) => modulesOf(name).includes(module));
  if (file === undefined || others.length > 0) throw new Error(`expected ${module} in one file of the build`);
  return file;
}

/** The packages, and the rooms of `src`, of which a command loads something. */
function partsOf(modules: readonly string[]) {
  const { files, packages } = loadedFor(modules);
  const within = files.flatMap(modulesOf);
  const distinct = (found: readonly string[]) => [...new Set(found)].toSorted();
  return {
    packages: distinct([
      ...packages,
      ...within.flatMap((module) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? []),
    ]),
    rooms: distinct(within.flatMap((module) => /^src\/(adapters\/[^/]+|[^/]+)/.exec(module)?.[1] ?? [])),
  };
}

/** What reads and checks a policy: YAML, patterns, JSON Schema with what Ajv itself needs. */
const policy = ['ajv', 'ajv-formats', 'fast-deep-equal', 'fast-uri', 'json-schema-traverse', 're2js', 'yaml'];
const log = [
  '@pinojs/redact',
  'atomic-sleep',
  'on-exit-leak-free',
  'pino',
  'pino-std-serializers',
  'quick-format-unescaped',
  'safe-stable-stringify',
  'sonic-boom',
  'thread-stream',
];
const protocol = ['@modelcontextprotocol/sdk', 'zod', 'zod-to-json-schema'];

describe('the build', () => {
  it('asks for packages that are installed with it, and for no other', () => {
    const file = resolve(import.meta.dirname, '../package.json');
    const { dependencies } = JSON.parse(readFileSync(file, 'utf8'));
    const asked = names.flatMap((name) => [
      ...importsOf(name),
      ...Array.from(texts.get(name)?.matchAll(/\bimport\("([^"]+)"\)/g) ?? [], ([, target]) => target ?? ''),
    ]);
    const packages = new Set(asked.filter((target) => !target.startsWith('./') && !isBuiltin(target)));
    expect([...packages].toSorted()).toEqual(settings.external.toSorted());
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining([...packages]));
  });
});

describe('a start loads no more than it needs', () => {
  it.each([
    {
      command: '--version',
      modules: [],
      packages: ['commander'],
      rooms: ['adapters/identity', 'cli', 'policy'],
    },
    {
      command: 'check',
      modules: ['cli/check.ts'],
      packages: ['commander', ...policy],
      rooms: ['adapters/identity', 'catalog', 'cli', 'pipeline', 'policy'],
    },
    {
      command: 'test',
      modules: ['cli/test.ts'],
      packages: ['commander', ...policy],
      rooms: ['adapters/identity', 'adapters/limits', 'catalog', 'cli', 'pipeline', 'policy'],
    },
    {
      command: 'serve --sandbox',
      modules: ['cli/serve.ts', 'sandbox/server.ts'],
      packages: ['commander', ...policy, ...log, ...protocol],
      rooms: [
        'adapters/audit',
        'adapters/identity',
        'adapters/limits',
        'adapters/upstream',
        'catalog',
        'cli',
        'doors',
        'pipeline',
        'policy',
        'sandbox',
      ],
    },
  ])('$command', ({ modules, packages, rooms }) => {
    expect(partsOf(modules)).toEqual({ packages: packages.toSorted(), rooms });
  });
});
