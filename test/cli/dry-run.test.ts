import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, start, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

const VEND = 'fusionauth-vendjwtwithid';
const policy = file(
  'policy.yaml',
  `default: deny
tools:
  vendJWTWithId:
    rules:
      - { rate_limit: { max: 2, window: 60 } }
  createLogout:
    rules:
      - { action: deny, reason: Not here. }
  validateJWTWithId: {}
`,
);
const wrong = file('wrong.yaml', 'default: maybe\n');

const single = [
  {
    name: 'an allowed call exits 0',
    args: ['--tool', VEND],
    code: 0,
    shows: { verdict: 'allow', code: 'allowed', rule: null, reason: null, retry_after_ms: null, would: null },
  },
  {
    name: 'an operation id means the tool',
    args: ['--tool', 'vendJWTWithId'],
    code: 0,
    shows: { tool: VEND, verdict: 'allow' },
  },
  {
    name: 'a denied call exits 4 with rule and reason',
    args: ['--tool', 'createLogout', '--args', '{"refreshToken":"x"}'],
    code: 4,
    shows: { verdict: 'deny', code: 'denied_by_rule', rule: 'createLogout#1', reason: 'Not here.' },
  },
  {
    name: 'an unknown tool exits 4 with a reason',
    args: ['--tool', 'nothing'],
    code: 4,
    shows: { tool: 'nothing', code: 'unknown_tool', rule: null, reason: 'Unknown tool: nothing' },
  },
  {
    name: 'duplicate keys in arguments are invalid',
    args: ['--tool', VEND, '--args', '{"body":{},"body":{}}'],
    code: 4,
    shows: { code: 'invalid_arguments' },
  },
  {
    name: 'a number that no double holds is invalid',
    args: ['--tool', VEND, '--args', '{"body":{"claims":{"n":1e400}}}'],
    code: 4,
    shows: { code: 'invalid_arguments' },
  },
  {
    name: 'a whole number that would become another one is invalid',
    args: ['--tool', VEND, '--args', '{"body":{"claims":{"n":9007199254740993}}}'],
    code: 4,
    shows: { code: 'invalid_arguments' },
  },
] as const;

describe('dry-run of one call', () => {
  it.each(single)('$name', async ({ args, code, shows }) => {
    const ran = await run(['dry-run', '--policy', policy, ...args, '--json']);
    expect(ran.code).toBe(code);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      ...shows,
      policy: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      trace: expect.any(Array),
    });
  });

  it('takes arguments from a file', async () => {
    const args = file('args.json', '{"body":{"bad":1}}');
    const ran = await run(['dry-run', '--policy', policy, '--tool', VEND, '--args', `@${args}`, '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'invalid_arguments' });
  });

  const misuse = [
    ['neither tool nor calls', [], 2, /expected `--tool NAME` or `--calls FILE`/],
    ['both tool and calls', ['--tool', VEND, '--calls', '-'], 2, /one of the two/],
    ['arguments that are not JSON', ['--tool', VEND, '--args', '{'], 2, /`--args` is not JSON/],
    ['arguments that are no object', ['--tool', VEND, '--args', '[]'], 2, /expected `--args`, a JSON object/],
    [
      'an unknown member of identity',
      ['--tool', VEND, '--identity', '{"role":"x"}'],
      2,
      /unknown member of `identity`/,
    ],
    ['a time without an offset', ['--tool', VEND, '--at', '2026-01-01T00:00:00'], 2, /expected `--at`/],
    [
      'a day that is not in the calendar',
      ['--tool', VEND, '--at', '2026-02-30T00:00:00Z'],
      2,
      /expected `--at`/,
    ],
    [
      'an arguments file that is not there',
      ['--tool', VEND, '--args', '@/nowhere'],
      2,
      /there is no such file/,
    ],
  ] as const;

  it.each(misuse)('is refused: %s', async (_name, args, code, stderr) => {
    const ran = await run(['dry-run', '--policy', policy, ...args]);
    expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(stderr) });
  });

  it('of a policy with errors exits 3, tells them on stderr and decides nothing', async () => {
    const ran = await run(['dry-run', '--policy', wrong, '--tool', VEND, '--json']);
    expect(ran).toEqual({ code: 3, stdout: '', stderr: expect.stringMatching(`^${wrong}:1:10: error: `) });
  });

  it('of a policy that is not there exits 2', async () => {
    const ran = await run(['dry-run', '--policy', '/nowhere.yaml', '--tool', VEND]);
    expect(ran).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/there is no such file/),
    });
  });
});

async function decide(lines: readonly string[], args: readonly string[] = []) {
  const ran = await run(['dry-run', '--policy', policy, '--calls', '-', '--json', ...args], {
    input: lines.join('\n'),
  });
  return {
    code: ran.code,
    rows: ran.stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

function at(second: number, extra: object = {}): string {
  return JSON.stringify({
    tool: VEND,
    at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
    ...extra,
  });
}

describe('dry-run of many calls', () => {
  it('counts limits at the times of the calls', async () => {
    const { code, rows } = await decide([at(0), at(30), at(31), at(60), at(60), at(90)]);
    expect(code).toBe(0);
    expect(rows.map((row) => [row['verdict'], row['retry_after_ms']])).toEqual([
      ['allow', null],
      ['allow', null],
      ['deny', 29_000],
      ['allow', null],
      ['deny', 30_000],
      ['allow', null],
    ]);
  });

  it('counts sessions apart, and anonymous REST callers together', async () => {
    const { rows } = await decide([
      at(0),
      at(0),
      at(0, { session: 'other' }),
      ...Array(3).fill(at(1, { transport: 'rest' })),
    ]);
    expect(rows.map((row) => row['verdict'])).toEqual(['allow', 'allow', 'allow', 'allow', 'allow', 'deny']);
  });

  it('gives back what never reached FusionAuth, when that became known', async () => {
    const unreached = { outcome: 'unreached', settled_at: '2026-01-01T00:00:05Z' };
    const { rows } = await decide([at(0, unreached), at(1), at(4), at(5)]);
    expect(rows.map((row) => row['verdict'])).toEqual(['allow', 'allow', 'deny', 'allow']);
  });

  it('gives nothing back for what FusionAuth refused', async () => {
    const { rows } = await decide([at(0, { outcome: 'upstream_error' }), at(1), at(2)]);
    expect(rows.map((row) => row['verdict'])).toEqual(['allow', 'allow', 'deny']);
  });

  it('takes the time of the line before where a line has none', async () => {
    const { rows } = await decide([at(0), JSON.stringify({ tool: VEND }), JSON.stringify({ tool: VEND })]);
    expect(rows[2]).toMatchObject({ verdict: 'deny', retry_after_ms: 60_000 });
  });

  it('counts an operation id as an unknown tool', async () => {
    const { rows } = await decide([JSON.stringify({ tool: 'vendJWTWithId' })]);
    expect(rows).toMatchObject([{ verdict: 'deny', code: 'unknown_tool' }]);
  });

  it('judges duplicate keys in arguments and refuses them elsewhere', async () => {
    const { code, rows } = await decide([
      `{"tool":"${VEND}","args":{"body":{},"body":{}}}`,
      `{"tool":"${VEND}","tool":"${VEND}"}`,
    ]);
    expect(code).toBe(2);
    expect(rows).toMatchObject([{ code: 'invalid_arguments' }, { line: 2, error: expect.any(String) }]);
  });

  const badLines = [
    'not json',
    '[]',
    '{}',
    '{"tool":1}',
    `{"tool":"${VEND}","extra":1}`,
    ...['session', 'identity', 'transport', 'at', 'outcome', 'settled_at'].map(
      (key) => `{"tool":"${VEND}","${key}":null}`,
    ),
    `{"tool":"${VEND}","args":[]}`,
    `{"tool":"${VEND}","args":null}`,
    `{"tool":"${VEND}","session":1}`,
    `{"tool":"${VEND}","transport":"tcp"}`,
    `{"tool":"${VEND}","outcome":"late"}`,
    `{"tool":"${VEND}","identity":{"anonymous":true}}`,
    `{"tool":"${VEND}","identity":{"roles":"admin"}}`,
    `{"tool":"${VEND}","identity":{"roles":[1]}}`,
    `{"tool":"${VEND}","identity":{"sub":1}}`,
    `{"tool":"${VEND}","identity":{"claims":[]}}`,
    `{"tool":"${VEND}","identity":{"sub":"a","sub":"b"}}`,
    `{"tool":"${VEND}","at":"yesterday"}`,
    `{"tool":"${VEND}","at":"2025-12-31T23:59:59Z"}`,
    `{"tool":"${VEND}","at":"2026-01-01T00:00:02Z","settled_at":"2026-01-01T00:00:01Z"}`,
    `\uFEFF{"tool":"${VEND}"}`,
  ];

  it('answers each bad line with its number, decides the others, and exits 2', async () => {
    const { code, rows } = await decide([at(0), '', ...badLines, at(1)]);
    expect(code).toBe(2);
    expect(rows[0]).toMatchObject({ verdict: 'allow' });
    expect(rows.slice(1, -1)).toEqual(badLines.map((_, i) => ({ line: i + 3, error: expect.any(String) })));
    expect(rows.at(-1)).toMatchObject({ verdict: 'allow' });
  });

  it('answers a line that is too long for a call, and decides those after it', async () => {
    const { code, rows } = await decide([at(0), `"${'x'.repeat(5 * 1024 * 1024)}"`, at(1)]);
    expect(code).toBe(2);
    expect(rows).toEqual([
      expect.objectContaining({ verdict: 'allow' }),
      { line: 2, error: 'expected a line of at most 4 MiB' },
      expect.objectContaining({ verdict: 'allow' }),
    ]);
  });

  const noCalls = 'not a call\n'.repeat(200_000);
  it('ends at the tenth line of a file for people that holds no calls', async () => {
    const ran = await run(['dry-run', '--policy', policy, '--calls', '-'], { input: noCalls });
    expect(ran).toMatchObject({
      code: 2,
      stderr: 'portcullis: `-` holds no calls: not one in its first 10 lines\n',
    });
    expect(ran.stdout.trim().split('\n')).toHaveLength(10);
  });

  it('exits 2 for a wrong line also where nobody reads on', async () => {
    const calls = file('no-calls', noCalls);
    const child = start(['dry-run', '--policy', policy, '--calls', calls, '--json']).child;
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = await once(child, 'exit');
    expect(code).toBe(2);
  });

  it('reads a file, and exits 2 where it cannot', async () => {
    const calls = file('calls.jsonl', `${at(0)}\r\n${at(0)}`);
    const ran = await run(['dry-run', '--policy', policy, '--calls', calls, '--json']);
    expect(ran.stdout.trim().split('\n')).toHaveLength(2);
    expect(await run(['dry-run', '--policy', policy, '--calls', '/nowhere', '--json'])).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});
