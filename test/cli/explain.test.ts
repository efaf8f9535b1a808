import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Accepted } from '../../src/policy/accepted.ts';
import type { Explanation } from '../../src/policy/explanation.ts';
import { run, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

const POLICY = `default: deny
grants:
  - to: [{ path: identity.roles, op: contains, value: support }]
    tools: ["*"]
  - to: [{ path: identity.sub, op: in, value: [ann, bob] }]
    tools: [vendJWTWithId, createLogout, retrieveRefreshTokensWithId]
tools:
  vendJWTWithId:
    rules:
      - name: office hours
        conditions: [{ path: time.hour, op: gte, value: 8 }, { path: time.hour, op: lt, value: 18 }]
      - name: a day's worth
        conditions: [{ path: state.vendJWTWithId.lifetime, op: lte, value: 1000 }]
        state: { counter: lifetime, window: day, increment_from: args.body.timeToLiveInSeconds, per: identity }
      - rate_limit: { max: 3, window: 1h, per: identity }
  createLogout:
    rules:
      - name: not everywhere
        action: deny
        when: [{ path: args.global, op: eq, value: true }]
  deleteJwtRefresh:
    rules:
      - { name: never, action: deny }
  retrieveRefreshTokensWithId:
    rules:
      - name: own tokens
        mode: observe
        conditions: [{ path: args.userId, op: eq, value: 00000000-0000-0001-0000-000000000000 }]
  validateJWTWithId:
    rules:
      - name: the known token
        conditions: [{ path: args.encodedJWT, op: eq, value: hunter2 }]
`;
const policy = file('policy.yaml', POLICY);
const observing = file('observing.yaml', `mode: observe\n${POLICY}`);

const ID = '00000000-0000-0002-0000-000000000000';
const ANN = '{"sub":"ann"}';
const SUPPORT = '{"sub":"eve","roles":["support"]}';
const TEN = '2026-01-02T10:00:00Z';
const ttl = (seconds: number) => `{"body":{"timeToLiveInSeconds":${seconds}}}`;
const vended = (seconds: number, times: number) =>
  file(
    `${seconds}x${times}.jsonl`,
    `{"tool":"fusionauth-vendjwtwithid","args":${ttl(seconds)},"identity":${ANN},"at":"${TEN}"}\n`.repeat(
      times,
    ),
  );

interface Row {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly answer: RegExp;
  readonly accepted: Accepted | null;
  readonly policy?: string;
}

const vend = (seconds: number, at: string, who = ANN) =>
  ['--tool', 'vendJWTWithId', '--args', ttl(seconds), '--identity', who, '--at', at] as const;
const path = 'args.body.timeToLiveInSeconds';

const rows: readonly Row[] = [
  {
    name: 'what is allowed',
    args: vend(60, TEN),
    code: 0,
    answer: /^Allowed: nothing in the policy objects\.$/,
    accepted: null,
  },
  {
    name: 'a tool that no key names: nothing',
    args: ['--tool', 'issueJWTWithId', '--identity', ANN],
    code: 4,
    answer: /`default: deny` lets through only/,
    accepted: null,
  },
  {
    name: 'no grant: what each grant asks',
    args: vend(60, TEN, '{"sub":"eve"}'),
    code: 4,
    answer: /no grant gives this caller this tool/,
    accepted: {
      any: [
        { path: 'identity.roles', expected: 'a text or a list with "support" in it' },
        { path: 'identity.sub', expected: 'one of "ann", "bob"' },
      ],
    },
  },
  {
    name: 'wrong arguments: what each place takes',
    args: ['--tool', 'createLogout', '--args', '{}', '--identity', ANN],
    code: 4,
    answer: /the arguments are not accepted/,
    accepted: { path: 'args.refreshToken', expected: 'a value: it is required' },
  },
  {
    name: 'a condition on the time: also the first hour that passes',
    args: vend(60, '2026-01-02T20:10:00Z'),
    code: 4,
    answer: /the rule `office hours` \(line 10\) asks for something/,
    accepted: {
      any: [
        {
          all: [
            { path: 'time.hour', expected: 'a number of at least 8' },
            { path: 'time.hour', expected: 'a number below 18' },
          ],
        },
        { at: '2026-01-03T08:00:00.000Z', wait_s: 42_600 },
      ],
    },
  },
  {
    name: 'a rule that denies: what takes the call out of it',
    args: ['--tool', 'createLogout', '--args', '{"refreshToken":"t","global":true}', '--identity', ANN],
    code: 4,
    answer: /the rule `not everywhere` \(line 18\) denies such calls/,
    accepted: { path: 'args.global', expected: 'false' },
  },
  {
    name: 'a rule that denies every call: nothing',
    args: ['--tool', 'deleteJwtRefresh', '--args', '{"token":"t"}', '--identity', SUPPORT],
    code: 4,
    answer: /the rule `never` \(line 23\) denies such calls/,
    accepted: null,
  },
  {
    name: 'a used-up limit of calls: from when on',
    args: [...vend(60, '2026-01-02T10:20:00Z'), '--given', vended(100, 3)],
    code: 4,
    answer: /the limit of the rule `vendJWTWithId#3` \(line 15\) is used up/,
    accepted: { from: '2026-01-02T11:00:00.000Z', wait_s: 2400 },
  },
  {
    name: 'an amount that does not fit: the largest that does, and when this one does',
    args: [...vend(300, '2026-01-02T10:20:00Z'), '--given', vended(400, 2)],
    code: 4,
    answer: /the amount does not fit into what the rule `a day's worth` \(line 12\) leaves/,
    accepted: {
      any: [
        { path, expected: 'a number of at most 200 now', max: 200 },
        { from: '2026-01-03T00:00:00.000Z', wait_s: 49_200 },
      ],
    },
  },
  {
    name: 'an amount that never fits: the largest that does now, and the largest at all',
    args: [...vend(1500, '2026-01-02T10:20:00Z'), '--given', vended(400, 2)],
    code: 4,
    answer: /does not fit/,
    accepted: {
      any: [
        { path, expected: 'a number of at most 200 now', max: 200 },
        { path, expected: 'a number of at most 1000 from 2026-01-03T00:00:00.000Z', max: 1000 },
      ],
    },
  },
  {
    name: 'a rule that only observes',
    args: ['--tool', 'retrieveRefreshTokensWithId', '--args', `{"userId":"${ID}"}`, '--identity', ANN],
    code: 0,
    answer:
      /^Allowed, because that rule only observes: enforced, .* by the rule `own tokens` \(condition_failed\)\.$/,
    accepted: { path: 'args.userId', expected: '"00000000-0000-0001-0000-000000000000"' },
  },
  {
    name: 'a policy that only observes',
    policy: observing,
    args: ['--tool', 'deleteJwtRefresh', '--args', '{"token":"t"}', '--identity', SUPPORT],
    code: 0,
    answer:
      /^Allowed, because the policy only observes: enforced, .* by the rule `never` \(denied_by_rule\)\.$/,
    accepted: null,
  },
];

async function explained(args: readonly string[], file = policy) {
  const ran = await run(['explain', '--policy', file, ...args, '--json']);
  const line = JSON.parse(ran.stdout) as Record<string, unknown> & { explanation: Explanation };
  return { ...ran, line };
}

describe('explain tells of', () => {
  it.each(rows)('$name', async ({ args, code, answer, accepted, policy: other }) => {
    const ran = await explained(args, other);
    expect(ran.line.explanation.answer).toMatch(answer);
    expect(ran.line.explanation.accepted).toEqual(accepted);
    expect(ran.code).toBe(code);
  });
});

describe('explain', () => {
  it('gives the decision of dry-run, and beside it the explanation', async () => {
    const { line } = await explained(vend(60, TEN));
    const { explanation, ...decision } = line;
    const dry = await run(['dry-run', '--policy', policy, ...vend(60, TEN), '--json']);
    expect(decision).toEqual(JSON.parse(dry.stdout));
    expect(explanation.checks.map(({ check, name, line: at, result }) => [check, name, at, result])).toEqual([
      ['default', 'default: deny', 1, 'passed'],
      ['grants', 'grants', 2, 'passed'],
      ['arguments', 'arguments', null, 'passed'],
      ['rule', 'office hours', 10, 'passed'],
      ['rule', "a day's worth", 12, 'counted'],
      ['rule', 'vendJWTWithId#3', 15, 'counted'],
    ]);
  });

  it('draws a tree for people, as dry-run does', async () => {
    const args = vend(60, TEN, '{"sub":"eve"}');
    const ran = await run(['explain', '--policy', policy, ...args]);
    expect(ran.stdout.split('\n').slice(0, -2)).toEqual([
      'DENY  fusionauth-vendjwtwithid  not_granted',
      "  No grant of this server's policy gives you this tool.",
      '  Denied: no grant gives this caller this tool.',
      '  ├─ ✓ default: deny (line 1): `vendJWTWithId` (line 8) is listed',
      '  └─ ✗ grants (line 2): none gives this caller this tool',
      '     ├─ ✗ grant 1 (line 3): is not for this caller',
      '     │  └─ identity.roles contains "support": cannot be told, it is missing',
      '     └─ ✗ grant 2 (line 5): is not for this caller',
      '        └─ identity.sub in ["ann","bob"]: does not hold, it is "eve"',
      '  Not looked at after that: arguments, rules, limits.',
      '  What would have been accepted: any one of',
      '  ├─ identity.roles: a text or a list with "support" in it',
      '  └─ identity.sub: one of "ann", "bob"',
      '  What passes now has to pass then too.',
    ]);
    const dry = await run(['dry-run', '--policy', policy, ...args]);
    expect(dry).toEqual(ran);
  });

  it('shows no secret, neither of the call nor of the policy', async () => {
    const args = [
      '--tool',
      'validateJWTWithId',
      '--args',
      '{"encodedJWT":"swordfish"}',
      '--identity',
      SUPPORT,
    ];
    for (const shown of [[], ['--json']]) {
      const { stdout } = await run(['explain', '--policy', policy, ...args, ...shown]);
      expect(stdout).toMatch(/fp:[A-Za-z0-9_-]{22}/);
      expect(stdout).not.toMatch(/hunter2|swordfish/);
    }
  });

  const misuse = [
    ['without a tool', [], /required option `--tool <name>`/],
    [
      'with a given line that is no call',
      ['--given', file('bad.jsonl', '\n{}\n')],
      /bad\.jsonl:2: expected `tool`/,
    ],
    [
      'before the calls given',
      ['--given', vended(1, 1), '--at', '2026-01-01T00:00:00Z'],
      /expected `--at` not before/,
    ],
    ['with given calls that are not there', ['--given', '/nowhere'], /there is no such file/],
  ] as const;

  it.each(misuse)('is refused %s', async (name, args, stderr) => {
    const tool = name === 'without a tool' ? [] : ['--tool', 'vendJWTWithId'];
    expect(await run(['explain', '--policy', policy, ...tool, ...args])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(stderr),
    });
  });
});

describe('what a call brings', () => {
  const escapes = '\u001b]0;x\u0007\u009b2J\u202e';

  it.each([
    ['the name of a tool', ['--tool', `x${escapes}`]],
    ['what a condition looks at', [...vend(60, TEN, JSON.stringify({ sub: escapes }))]],
  ])('is shown by a terminal and not obeyed: %s', async (_what, args) => {
    const { stdout, stderr } = await run(['explain', '--policy', policy, '--no-color', ...args]);
    expect(stdout).toContain('DENY');
    expect(`${stdout}${stderr}`).not.toMatch(/[^\n\P{C}]/u);
  });
});
