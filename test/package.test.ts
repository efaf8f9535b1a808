import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv, temporaryFolder } from './support/cli.ts';

const root = resolve(import.meta.dirname, '..');
const folder = temporaryFolder();
afterAll(() => folder.remove());

const installed = join(folder.path, 'package');
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
const directory = join(folder.path, 'directory.yaml');
writeFileSync(
  directory,
  `tenants: { acme: { database: { sqlite: ${join(folder.path, 'acme.db')} }, projects: { a: { clients: { b: {} } } } } }\n`,
);

/** Unpacks what would be published; the packages that it asks for are those of this repository. */
beforeAll(() => {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder.path];
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim();
  execFileSync('tar', ['-xzf', join(folder.path, tarball), '-C', folder.path]);
  symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'));
});

function portcullis(args: readonly string[], input = ''): string {
  return execFileSync(process.execPath, [join(installed, 'bin/portcullis.js'), ...args], {
    cwd: folder.path,
    env: cleanEnv(),
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

describe('the package', () => {
  it('tells its version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(portcullis(['--version'])).toBe(`${version}\n`);
  });

  it('checks and tests the policies that it brings', () => {
    const policies = join(installed, 'policies');
    expect(portcullis(['check', join(policies, 'default.yaml')])).toBe('');
    expect(portcullis(['test', policies])).toMatch(/^\d+ passed, 0 failed$/m);
  });

  it('serves its default policy over its sandbox', () => {
    const request = (id: number, method: string, params: object) =>
      JSON.stringify({ jsonrpc: '2.0', id, method, params });
    const lines = [
      request(1, 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      }),
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
      request(2, 'tools/call', {
        name: 'fusionauth-vendjwtwithid',
        arguments: { body: { claims: { sub: 'ann' } } },
      }),
    ];
    const said = portcullis(['serve', '--sandbox', '--audit', 'off'], `${lines.join('\n')}\n`);
    const answers = said
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers).toMatchObject([
      { id: 1, result: { serverInfo: { name: 'portcullis' } } },
      { id: 2, result: { structuredContent: { token: expect.any(String) } } },
    ]);
  });

  it('shows itself', () => {
    expect(portcullis(['demo'])).toMatch(/Limited: 30 tokens/);
  });

  it('migrates a database', () => {
    expect(portcullis(['migrate-directory', directory])).toBe('acme: version 0 -> 1\n');
  });

  it('brings the schema of policies, as the program prints it', () => {
    const schema = readFileSync(join(installed, 'dist/policy.schema.json'), 'utf8');
    expect(schema).toBe(portcullis(['schema']));
  });

  it('brings the licence of every package that is in its program', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const name of ['ajv', 'commander', 'pino', 're2js', 'yaml', '@modelcontextprotocol/sdk']) {
      expect(notices).toContain(`\n${name} ${dependencies[name]} (`);
    }
    expect(notices.match(/permission/gi)?.length).toBeGreaterThan(20);
  });

  it('has every file that its documents lead to', () => {
    const links = filesOf(installed)
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) =>
        Array.from(readFileSync(join(installed, name), 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)).map(
          ([, to = '']) => `${name}: ${join(dirname(name), to)}`,
        ),
      );
    expect(links.length).toBeGreaterThan(100);
    const isThere = (link: string) => existsSync(join(installed, link.slice(link.indexOf(': ') + 2)));
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });

  it('has nothing that only this repository needs, and nothing of the machine that made it', () => {
    const files = filesOf(installed);
    expect(files.filter((name) => /\.(?:test\.ts|tsx?|map|env|pem|key|jsonl|db)$/.test(name))).toEqual([]);
    expect(files.filter((name) => readFileSync(join(installed, name), 'utf8').includes(root))).toEqual([]);
  });
});
