import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const VERSION = '0.2.0-alpha.12';
/** The suite does not start on Node 20, so it brings its own. */
const PACKAGES = ['node@22', `@modelcontextprotocol/conformance@${VERSION}`];
const FOLDER = resolve(import.meta.dirname, `../../node_modules/.cache/conformance-${VERSION}`);

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 5 * 60_000;

/** A revision of which the suite knows what it requires. */
export type Revision = '2025-11-25' | '2026-07-28';

/** One scenario that a revision scores. */
export interface Scenario {
  readonly name: string;
  /** Without a failure and without a warning. */
  readonly passed: boolean;
}

/** Installs the suite, beside the packages of the project and unknown to them; a second time there is nothing to do. */
export async function installSuite(): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'))) return;
  mkdirSync(FOLDER, { recursive: true });
  const flags = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await run('npm', ['install', '--prefix', FOLDER, ...flags, ...PACKAGES]);
  if (code !== 0) throw new Error(`the conformance suite cannot be installed:\n${output}`);
}

/** Runs what a revision requires, and answers how each scenario ended that it scores. */
export async function runSuite(url: string, revision: Revision): Promise<readonly Scenario[]> {
  const results = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'));
  const { output } = await run(join(FOLDER, 'node_modules/node/bin/node'), [
    join(FOLDER, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'),
    'server',
    ...['--url', url, '--requirements', revision, '--output-dir', results],
  ]);
  const warned = readWarned(results);
  rmSync(results, { recursive: true });
  return readSummary(output).map(({ name, passed }) => ({ name, passed: passed && !warned.has(name) }));
}

/** The suite's own summary: a line a scenario, then a list of those that are not scored. */
function readSummary(output: string): readonly Scenario[] {
  const summary = output.slice(output.indexOf('=== SUMMARY ==='));
  const unscored = new Set(Array.from(summary.matchAll(/^ +[✓✗] (\S+) \(/gm), ([, name]) => name));
  const lines = summary.matchAll(/^([✓✗]) (\S+): \d+ passed/gm);
  return Array.from(lines, ([, mark, name = '']) => ({ name, passed: mark === '✓' })).filter(
    ({ name }) => !unscored.has(name),
  );
}

/** The scenarios with a warning, by the folders that the suite leaves, `server-NAME-TIME`. */
function readWarned(results: string): ReadonlySet<string> {
  const warned = readdirSync(results).filter((folder) => {
    const checks = readFileSync(join(results, folder, 'checks.json'), 'utf8');
    return /"status": *"WARNING"/.test(checks);
  });
  return new Set(
    warned.map((folder) => folder.replace(/^server-/, '').replace(/-\d{4}-\d{2}-\d{2}T.*$/, '')),
  );
}

function run(file: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((done) => {
    execFile(file, args, { maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : 1, output: `${stdout}${stderr}` });
    });
  });
}
