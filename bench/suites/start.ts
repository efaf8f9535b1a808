import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operations } from '../../src/catalog/operations.ts';
import { type Core, onCore } from '../machine/process.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const RULES = 50;
const CASES = 100;
const RUNS = 21;
const REFERENCE = 'node -e 0';
/** Node compiles and collects garbage on threads of its own, which have a core to themselves or have not. */
const CORES: readonly (readonly [core: Core, where: string])[] = [
  ['both', 'two cores'],
  ['measured', 'one core'],
];
const bin = new URL('../../bin/portcullis.js', import.meta.url).pathname;

/** How long commands take from start to end, beside a Node that does nothing. */
export const suite: Suite = {
  name: 'start',
  about: `\`check\` and \`test\` of ${RULES} rules and ${CASES} cases, from start to end`,
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
    try {
      return measure(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Runs take turns, so that what else the machine does meets all of them alike. */
function measure(folder: string): readonly Figure[] {
  const policy = join(folder, 'policy.yaml');
  const tests = join(folder, 'policy.test.yaml');
  writeFileSync(policy, policyText());
  writeFileSync(tests, testText());
  const commands: readonly (readonly [name: string, args: readonly string[]])[] = [
    [REFERENCE, ['-e', '0']],
    ['--version', [bin, '--version']],
    ['check', [bin, 'check', policy]],
    ['test', [bin, 'test', tests]],
  ];
  const runs = CORES.flatMap(([core, where]) =>
    commands.map(([name, args]) => ({ core, where, name, args, times: [] as number[] })),
  );
  for (let i = 0; i < RUNS; i++) for (const run of runs) run.times.push(timed(run.core, run.args));
  const bare = new Map(
    runs.filter(({ name }) => name === REFERENCE).map((run) => [run.core, median(run.times)]),
  );
  return runs.map(({ core, where, name, times }) => {
    const more = median(times) - (bare.get(core) ?? Number.NaN);
    const figure = { unit: 'ms', name: `${name}, ${where}` };
    if (name === REFERENCE) return { ...figure, value: median(times) };
    const added = { ...figure, name: `${figure.name}, more than ${REFERENCE}`, value: more };
    return core === 'both' && name !== '--version'
      ? { ...added, target: { of: 'value', atMost: 250 } }
      : added;
  });
}

function timed(core: Core, args: readonly string[]): number {
  const [file = '', ...rest] = onCore(core, [process.execPath, ...args]);
  const begun = performance.now();
  const { status, stderr } = spawnSync(file, rest, { encoding: 'utf8' });
  const ms = performance.now() - begun;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return ms;
}

function policyText(): string {
  const rules = operations.map(({ operationId }): string[] => [`  ${operationId}:`, '    rules:']);
  for (let n = 1; n <= RULES; n++) {
    rules[n % operations.length]?.push(
      `      - name: rule ${n}`,
      `        when: [{ path: identity.roles, op: contains, value: role-${n} }]`,
      '        conditions: [{ path: time.hour, op: gte, value: 7 }]',
      `        rate_limit: { max: ${1000 + n}, window: ${n}m, per: identity }`,
    );
  }
  return ['default: deny', 'tools:', ...rules.flat(), ''].join('\n');
}

function testText(): string {
  const cases = Array.from({ length: CASES }, (_, i) => [
    `  - name: case ${i}`,
    '    caller: ann',
    '    call: validateJWTWithId',
    '    args: { encodedJWT: a.b.c }',
    '    expect: allow',
  ]);
  const head = [
    'policy: policy.yaml',
    'at: 2026-01-01T12:00:00Z',
    'callers: { ann: { sub: ann } }',
    'cases:',
  ];
  return [...head, ...cases.flat(), ''].join('\n');
}
