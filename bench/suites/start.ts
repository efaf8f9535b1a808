import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operations } from '../../src/catalog/operations.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const RULES = 50;
const CASES = 100;
const RUNS = 21;
const REFERENCE = 'node -e 0';
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
    ['portcullis --version', [bin, '--version']],
    ['portcullis check', [bin, 'check', policy]],
    ['portcullis test', [bin, 'test', tests]],
  ];
  const times = commands.map((): number[] => []);
  for (let i = 0; i < RUNS; i++) {
    for (const [which, [, args]] of commands.entries()) times[which]?.push(timed(args));
  }
  const [reference = Number.NaN, ...others] = times.map(median);
  return others.flatMap((value, i) => {
    const name = commands[i + 1]?.[0] ?? '';
    return [
      { name, value, unit: 'ms', ratio: value / reference, reference: REFERENCE },
      { name: `${name}, more than ${REFERENCE}`, value: value - reference, unit: 'ms' },
    ];
  });
}

function timed(args: readonly string[]): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
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
