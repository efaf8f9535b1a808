import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bin, cleanEnv, type Ran, run, temporaryFolder } from './support/cli.ts';

const page = readFileSync(resolve(import.meta.dirname, '../docs/rollout.md'), 'utf8');
const blocksOf = (language: string) =>
  Array.from(
    page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm')),
    ([, body = '']) => body,
  );
const folder = temporaryFolder();
afterAll(() => folder.remove());
const cwd = folder.path;

/** Agents' calls: one that the policy allows, one that asks for too long a lifetime, one of a tool that is not listed. */
const FRAMES = [
  {
    id: 0,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'agent', version: '1' },
    },
  },
  { method: 'notifications/initialized' },
  ...[
    {
      name: 'fusionauth-vendjwtwithid',
      arguments: { body: { claims: { sub: 'a' }, timeToLiveInSeconds: 60 } },
    },
    {
      name: 'fusionauth-vendjwtwithid',
      arguments: { body: { claims: { sub: 'a' }, timeToLiveInSeconds: 900 } },
    },
    { name: 'fusionauth-createlogout', arguments: { refreshToken: 'none' } },
  ].map((params, i) => ({ id: i + 1, method: 'tools/call', params })),
]
  .map((frame) => `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`)
  .join('');

/** Runs a line as a shell does that stops at the first command that fails, with the program on its PATH. */
function shell(script: string, where: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const own = cleanEnv(env);
  return new Promise((done) => {
    const child = execFile(
      'bash',
      ['-e', '-o', 'pipefail', '-c', script],
      { cwd: where, env: { ...own, PATH: `${join(cwd, 'bin')}:${own['PATH']}` } },
      (error, stdout, stderr) => done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end(FRAMES);
  });
}

beforeAll(async () => {
  mkdirSync(join(cwd, 'bin'));
  symlinkSync(bin, join(cwd, 'bin/portcullis'));
  await run('init --tools validateJWTWithId,vendJWTWithId --risk low -o tokens.yaml'.split(' '), { cwd });
});

describe('the commands of docs/rollout.md', () => {
  const lines = blocksOf('sh').flatMap((body) => body.trimEnd().split('\n'));
  const ran = new Map<string, Ran>();

  it('are there', () => expect(lines.length).toBeGreaterThan(8));

  it.each(lines)('%s', async (line) => {
    const [, command = '', code = '0'] = /^(.*?)(?: # exit (\d))?$/.exec(line) ?? [];
    const result = await shell(command, cwd);
    ran.set(command, result);
    expect([result.code, result.code === Number(code) ? '' : result.stderr]).toEqual([Number(code), '']);
  });

  it('observe first, tell what would be denied, and deny it in the end', () => {
    const said = (what: RegExp) =>
      Array.from(ran).find(([command]) => what.test(command))?.[1] ?? { stdout: '', stderr: '' };
    const shadow = said(/serve --policy shadow/);
    expect(shadow.stderr).toMatch(/^portcullis: OBSERVING shadow\.yaml/);
    expect(shadow.stdout).not.toContain('"[POLICY DENIED]');
    expect(said(/^portcullis replay/).stdout).toMatch(/ 1 unchanged\n[\s\S]* 2 newly denied\n/);
    const enforced = said(/serve --policy tokens/);
    expect(enforced.stderr).toMatch(/^portcullis: enforcing tokens\.yaml/);
    expect(enforced.stdout.match(/"\[POLICY DENIED\]/g)).toHaveLength(2);
  });
});

interface Workflow {
  readonly jobs: { readonly policy: { readonly steps: readonly Step[] } };
}
interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

describe('the workflow of docs/rollout.md', () => {
  const { steps } = (parse(blocksOf('yml')[0] ?? '') as Workflow).jobs.policy;
  const project = join(cwd, 'project');
  const env = { GITHUB_BASE_REF: 'main' };

  beforeAll(async () => {
    mkdirSync(join(project, 'policies'), { recursive: true });
    mkdirSync(join(project, 'node_modules/.bin'), { recursive: true });
    symlinkSync(bin, join(project, 'node_modules/.bin/portcullis'));
    const text = readFileSync(join(cwd, 'tokens.yaml'), 'utf8');
    const before = text.replace('  validateJWTWithId:\n    rules:\n', '$&      - action: deny\n');
    writeFileSync(join(project, 'policies/tokens.yaml'), before);
    copyFileSync(join(cwd, 'tokens.test.yaml'), join(project, 'policies/tokens.test.yaml'));
    const git = 'git -c user.name=t -c user.email=t@t';
    const made = await shell(
      `git init -q && git add policies && ${git} commit -qm a && git update-ref refs/remotes/origin/main HEAD`,
      project,
    );
    expect(made).toMatchObject({ code: 0 });
    writeFileSync(join(project, 'policies/tokens.yaml'), text);
  });

  /** Runs the steps in their order as the host does: one that fails ends the job. */
  async function job(): Promise<readonly (readonly [step: string, code: number | null])[]> {
    const codes: (readonly [string, number | null])[] = [];
    for (const { run: script } of steps) {
      if (script === undefined || script === 'npm ci') continue;
      const { code } = await shell(script, project, env);
      codes.push([/portcullis (\w+)/.exec(script)?.[1] ?? script, code]);
      if (code !== 0) break;
    }
    return codes;
  }
  const rules = () =>
    (
      JSON.parse(readFileSync(join(project, 'policy.sarif'), 'utf8')) as {
        readonly version: string;
        readonly runs: readonly { readonly results: readonly { readonly ruleId: string }[] }[];
      }
    ).runs.flatMap(({ results }) => results.map(({ ruleId }) => ruleId));

  it('uploads what check writes', () => {
    const upload = steps.find(({ uses }) => uses?.startsWith('github/codeql-action/upload-sarif@'));
    expect(upload?.with).toEqual({ sarif_file: 'policy.sarif' });
  });

  it('passes for a change that is right', async () => {
    expect(await job()).toEqual([
      ['check', 0],
      ['test', 0],
      ['diff', 0],
    ]);
    expect([rules(), existsSync(join(project, 'policy.xml'))]).toEqual([[], true]);
    expect(readFileSync(join(project, 'before.yaml'), 'utf8')).toContain('- action: deny');
  });

  it('fails at the check of a policy with a problem, whose line is in the SARIF', async () => {
    writeFileSync(join(project, 'policies/tokens.yaml'), 'default: deny\ntols: {}\n');
    expect(await job()).toEqual([['check', 3]]);
    expect(rules()).toEqual(['unknown_key']);
  });
});
