import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Who may import whom (ARCHITECTURE.md). */
const arrows: Readonly<Record<string, readonly string[]>> = {
  model: [],
  catalog: ['model'],
  policy: ['model'],
  pipeline: ['model', 'catalog', 'policy'],
  issuer: ['model', 'policy'],
  adapters: ['model'],
  doors: ['model', 'catalog', 'pipeline'],
  sandbox: [],
  cli: ['model', 'catalog', 'policy', 'pipeline', 'issuer', 'adapters', 'doors', 'sandbox'],
};

/** Where a package may be imported; each has one room, or the two that ARCHITECTURE.md gives it. */
const packages: Readonly<Record<string, readonly string[]>> = {
  '@modelcontextprotocol/sdk': ['doors', 'cli/demo.ts'],
  ioredis: ['adapters/limits'],
  'rate-limiter-flexible': ['adapters/limits'],
  yaml: ['policy/parse.ts', 'sandbox'],
  ajv: ['policy'],
  'ajv-formats': ['policy'],
  re2js: ['policy'],
  undici: ['adapters/upstream', 'adapters/identity', 'adapters/secrets'],
  jose: ['adapters/identity', 'adapters/signing-keys'],
  pino: ['cli'],
  commander: ['cli'],
  pg: ['adapters/directory'],
  libsql: ['adapters/directory'],
  '@clack/prompts': ['cli/init/ask.ts'],
  'fast-check': ['cli'],
};

const impure: Readonly<Record<string, RegExp>> = {
  'async code': /\basync\b/,
  'the time of day': /Date\.now|new Date\(\)/,
  randomness: /Math\.random/,
  'the process': /\bprocess\./,
  'a node: module other than crypto hashing': /from 'node:(?!crypto')/,
};
const pureRooms = ['model', 'catalog', 'policy'];

const src = resolve(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, room: name.split('/')[0] ?? '', text: readFileSync(join(src, name), 'utf8') }));

function importsOf(text: string): readonly string[] {
  const statements = text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)';$|^import '([^']+)';$/gms);
  const dynamic = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...Array.from(statements, ([, from, bare]) => from ?? bare ?? ''),
    ...Array.from(dynamic, ([, from]) => from ?? ''),
  ];
}

function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('the arrows of the house', () => {
  it('are drawn for every room there is', () => {
    expect([...new Set(files.map(({ room }) => room))].toSorted()).toEqual(Object.keys(arrows).toSorted());
  });

  it.each(files.map((file) => [file.name, file] as const))(
    '%s imports only what its room may',
    (name, file) => {
      const wrong = importsOf(file.text)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(src, resolve(src, name, '..', target)).split('/')[0] ?? '')
        .filter((room) => room !== file.room && room !== '..' && !arrows[file.room]?.includes(room));
      expect(wrong).toEqual([]);
    },
  );

  it('let the token service see of a policy only how its file is read', () => {
    const seen = files
      .filter(({ room }) => room === 'issuer')
      .flatMap(({ text }) => importsOf(text))
      .filter((target) => target.startsWith('../policy/'));
    expect([...new Set(seen)].toSorted()).toEqual([
      '../policy/fields.ts',
      '../policy/located.ts',
      '../policy/parse.ts',
    ]);
  });

  it.each(files.filter(({ room }) => room === 'adapters').map((file) => [file.name, file.text] as const))(
    '%s sees no sibling adapter',
    (name, text) => {
      const own = name.split('/').slice(0, 2).join('/');
      const siblings = importsOf(text)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(src, resolve(src, name, '..', target)))
        .filter((target) => target.startsWith('adapters/') && !target.startsWith(`${own}/`));
      expect(siblings).toEqual([]);
    },
  );

  it.each(files.map((file) => [file.name, file.text] as const))(
    '%s imports packages only where they live',
    (name, text) => {
      const wrong = importsOf(text)
        .filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
        .map(packageOf)
        .filter((each) => !packages[each]?.some((place) => name === place || name.startsWith(`${place}/`)));
      expect(wrong).toEqual([]);
    },
  );

  it.each(
    files.filter(({ room }) => pureRooms.includes(room)).map((file) => [file.name, file.text] as const),
  )('%s is pure', (_name, text) => {
    const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    expect(Object.keys(impure).filter((what) => impure[what]?.test(code))).toEqual([]);
  });

  it('uses every package that package.json has, and no other', () => {
    const file = resolve(import.meta.dirname, '../package.json');
    const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const used = new Set(
      files
        .flatMap(({ text }) => importsOf(text))
        .filter((each) => !/^[.]|^node:/.test(each))
        .map(packageOf),
    );
    expect([...used].toSorted()).toEqual(Object.keys(dependencies).toSorted());
  });
});

describe('ARCHITECTURE.md', () => {
  const root = resolve(src, '..');
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const decisions = readFileSync(join(root, 'docs/decisions.md'), 'utf8');

  it('tells the house on a page, before the list of decisions', () => {
    const [house = ''] = text.split('\n## Decisions\n');
    expect(house.split('\n').length).toBeLessThan(85);
  });

  it('has a line for every decision, in its order', () => {
    const written = Array.from(decisions.matchAll(/^## (.*)$/gm), ([, heading]) => heading);
    const listed = Array.from(
      text.matchAll(/^(\d+)\. \[(.*)\]\(docs\/decisions\.md#/gm),
      ([, n, title]) => `${n}. ${title}`,
    );
    expect(listed).toEqual(written);
  });

  it('has them numbered and dated', () => {
    const heads = Array.from(
      decisions.matchAll(/^## (\d+)\. .*\n\n\*(\d{4}-\d\d-\d\d)\.\* /gm),
      ([, n, date]) => [Number(n), date] as const,
    );
    expect(heads.map(([n]) => n)).toEqual(heads.map((_, i) => i + 1));
    expect(heads).toHaveLength((decisions.match(/^## /gm) ?? []).length);
    const dates = heads.map(([, date]) => date);
    expect(dates).toEqual(dates.toSorted());
  });
});
