import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { bin, cleanEnv } from '../support/cli.ts';
import { installSuite, type Revision, runSuite, type Scenario } from './suite.ts';

/** A server that the suite is run against. */
interface Target {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether scenarios fail for want of what they need; `NAME-REVISION.yml` lists them. */
  readonly lacksFixtures: boolean;
}

/** How many scenarios each revision scores; the suite's lists are frozen. */
const SCORED: ReadonlyMap<Revision, number> = new Map([
  ['2025-11-25', 30],
  ['2026-07-28', 37],
]);
const TARGETS: readonly Target[] = [
  {
    name: 'production',
    command: [bin, 'serve', '--sandbox', '--http', '127.0.0.1:0', '--audit', 'off'],
    lacksFixtures: true,
  },
  {
    name: 'fixtures',
    command: ['--import', 'tsx', resolve(import.meta.dirname, 'fixture-server.ts')],
    lacksFixtures: false,
  },
];

/** Runs the official suite against both servers, and ends with 1 where anything is not as it is written down here. */
await installSuite();
const wrongs = (await Promise.all(TARGETS.map(runTarget))).flat();
for (const wrong of wrongs) console.error(wrong);
process.exitCode = wrongs.length === 0 ? 0 : 1;

async function runTarget(target: Target): Promise<readonly string[]> {
  const server = await startServer(target.command);
  const wrongs: string[] = [];
  for (const [revision, scored] of SCORED) {
    const scenarios = await runSuite(server.url, revision);
    const passed = scenarios.filter((scenario) => scenario.passed);
    const title = `${target.name} ${revision}`;
    console.log(`${title}: ${passed.length} of ${scenarios.length} scored scenarios pass`);
    if (scenarios.length !== scored) wrongs.push(`${title}: expected ${scored} scenarios`);
    wrongs.push(...compare(scenarios, target.lacksFixtures ? readExpected(title) : new Set(), title));
  }
  server.stop();
  return wrongs;
}

/** What failed and should not have, and what did not fail and should have. */
function compare(scenarios: readonly Scenario[], expected: ReadonlySet<string>, title: string): string[] {
  const failed = new Set(scenarios.filter(({ passed }) => !passed).map(({ name }) => name));
  return [
    ...[...failed].filter((name) => !expected.has(name)).map((name) => `${title}: ${name} fails`),
    ...[...expected]
      .filter((name) => !failed.has(name))
      .map((name) => `${title}: ${name} is listed, but passes`),
  ];
}

function readExpected(title: string): ReadonlySet<string> {
  const file = resolve(import.meta.dirname, `${title.replace(' ', '-')}.yml`);
  const list: unknown = parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${file}: expected a list of scenarios`);
  return new Set(list.map(String));
}

/** Starts a server that says on stderr where it is. */
async function startServer(command: readonly string[]): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, command, { env: cleanEnv(), stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill());
  let said = '';
  const url = await new Promise<string>((found, fail) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [match] = /http:\/\/\S+\/mcp/.exec(said) ?? [];
      if (match !== undefined) found(match);
    });
    child.once('close', () => fail(new Error(`the server ended and said: ${said}`)));
  });
  return { url, stop: () => void child.kill() };
}
