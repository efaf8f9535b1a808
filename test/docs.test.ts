import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../src/catalog/operations.ts';
import { parseDirectory } from '../src/issuer/read-directory.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { run, temporaryFolder } from './support/cli.ts';

const root = resolve(import.meta.dirname, '..');
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const blocks = documents.flatMap((document) => {
  const text = readFileSync(join(root, document), 'utf8');
  return Array.from(
    text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm),
    ({ index, 1: language = '', 2: body = '' }) => ({
      where: `${document}:${text.slice(0, index).split('\n').length + 1}`,
      document,
      language,
      body,
    }),
  );
});

/** A rule on its own is read as one of the tool that its counter names, else of vending. */
function asPolicy(body: string): string {
  if (!body.startsWith('- ')) return body;
  const rules = body
    .trimEnd()
    .split('\n')
    .map((line) => `      ${line}`);
  return `default: deny\ntools:\n  vendJWTWithId:\n    rules:\n${rules.join('\n')}\n`;
}

/** Documents whose YAML is no policy. */
const OTHERS = ['docs/sandbox.md', 'docs/token-service.md'];

describe('a policy in the documents', () => {
  const policies = blocks.filter(
    ({ language, document }) => language === 'yaml' && !OTHERS.includes(document),
  );

  it('is there', () => {
    expect(policies.length).toBeGreaterThan(2);
  });

  it.each(policies.map((block) => [block.where, block.body] as const))(
    '%s is one without errors',
    (_where, body) => {
      const parsed = parsePolicy(asPolicy(body), operations);
      expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    },
  );
});

describe('a directory in the documents', () => {
  const directories = blocks.filter(
    ({ language, document }) => language === 'yaml' && document === 'docs/token-service.md',
  );

  it.each(directories.map((block) => [block.where, block.body] as const))(
    '%s is one without errors',
    (_where, body) => {
      const parsed = parseDirectory(body);
      expect(parsed.ok ? [] : parsed.problems).toEqual([]);
    },
  );
});

describe('a shipped policy', () => {
  const files = readdirSync(join(root, 'policies')).filter((name) => /^(?!.*test).*\.yaml$/.test(name));

  it.each(files)('%s is clean under check --strict', async (name) => {
    expect(await run(['check', '--strict', join(root, 'policies', name)])).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });
});

describe('a command in the documents', () => {
  const folder = temporaryFolder();
  const consoles = blocks.filter(({ language }) => language === 'console');

  beforeAll(() => {
    cpSync(join(root, 'policies'), join(folder.path, 'policies'), { recursive: true });
    for (const { document, language, body } of blocks) {
      if (document === 'docs/token-service.md' && language === 'yaml') {
        writeFileSync(join(folder.path, 'directory.yaml'), body);
      }
      if (document !== 'README.md' || language !== 'yaml') continue;
      mkdirSync(join(folder.path, 'policies'), { recursive: true });
      writeFileSync(join(folder.path, 'policies/readme.yaml'), body);
    }
  });
  afterAll(() => folder.remove());

  it('is there', () => {
    expect(consoles.length).toBeGreaterThan(1);
  });

  it.each(consoles.map((block) => [block.where, block.body] as const))(
    '%s prints what is shown',
    async (_where, body) => {
      for (const [, line = '', expected = ''] of body.matchAll(/^\$ portcullis (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
        const args = Array.from(
          line.matchAll(/'([^']*)'|(\S+)/g),
          ([, quoted, plain]) => quoted ?? plain ?? '',
        );
        const ran = await run(args, { cwd: folder.path });
        expect(ran.stderr + ran.stdout.slice(0, expected.length)).toBe(expected);
      }
    },
  );
});

describe('a link in the documents', () => {
  const all = [
    'README.md',
    'ARCHITECTURE.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...documents,
  ];
  const links = [...new Set(all)].flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8');
    const targets = Array.from(
      text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g),
      ([, target = '', anchor = '']) => ({ target, anchor }),
    );
    return targets.map(({ target, anchor }) => [document, target, anchor] as const);
  });

  it.each(links)('in %s leads to a file: %s, and there to a heading: %s', (document, target, anchor) => {
    const file = target === '' ? join(root, document) : resolve(root, document, '..', target);
    const text = readFileSync(file, 'utf8');
    if (anchor !== '') expect(anchorsOf(text)).toContain(anchor);
  });

  /** The anchors of the headings of a document, as code hosts make them. */
  function anchorsOf(text: string): readonly string[] {
    return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    );
  }
});
