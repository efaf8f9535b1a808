/** A file of one case with more keys, which begin at 2:11. */
function fileOf(more: string): string {
  return `policy: p.yaml\ncases: [{ ${more}, name: a, call: createLogout, args: { refreshToken: r }, expect: allow }]\n`;
}

/** What is wrong with a file, each as `LINE:COLUMN code` and words of the message. */
const wrong = [
  ['', ['1:1 empty expected a test file']],
  ['[]', ['1:1 wrong_type expected a test file, a mapping']],
  ['{}', ['1:1 missing_key expected `policy`', '1:1 missing_key expected `cases`']],
  ['policy: p.yaml\ncases: []\n', ['2:8 empty_list']],
  ['policy: ""\ncases: [1]\n', ['1:9 wrong_type expected `policy`', '2:9 wrong_type expected a case']],
  [
    'policy: p\npolcy: p\ncases: [{}]\n',
    [
      '2:1 unknown_key did you mean `policy`',
      '3:9 missing_key `name`',
      '3:9 missing_key `call`',
      '3:9 missing_key `expect`',
    ],
  ],
  [
    'policy: p\nname: x\ncases: &a\n  - *a\n',
    ['2:1 unknown_key `name` belongs into a case', '4:3 anchor', '4:5 alias'],
  ],
  ['policy: p\ncases: [}\n', ['2:9 yaml']],
  [fileOf('nam: b'), ['2:11 unknown_key did you mean `name`']],
  [fileOf('outcome: ok'), ['2:11 unknown_key `outcome` belongs to a call in `given`']],
  [fileOf('caller: ann'), ['2:19 unknown_caller `callers` has no `ann`']],
  [
    `callers: { anna: { rols: [], sub: 1, roles: [a] } }\n${fileOf('caller: ann')}`,
    [
      '1:20 identity unknown member',
      '1:30 identity expected `identity.sub`',
      '3:19 unknown_caller did you mean `anna`',
    ],
  ],
  [`callers: []\n${fileOf('session: s')}`, ['1:10 wrong_type expected `callers`']],
  [
    `at: yesterday\n${fileOf('at: 2026-01-01')}`,
    [
      '1:5 time expected `at`',
      '3:15 time expected `at`, a time such as 2026-01-01T00:00:00Z; found the text `2026-01-01`',
    ],
  ],
  [fileOf('transport: htp'), ['2:22 wrong_value did you mean `http`']],
  [fileOf('session: ""'), ['2:20 wrong_type expected `session`']],
  [fileOf('given: five calls of createLogout'), ['2:18 wrong_value expected `N calls of TOOL { ARGS }`']],
  [fileOf('given: 0 calls of createLogout'), ['2:18 wrong_value']],
  [fileOf('given: 100001 calls of createLogout'), ['2:18 wrong_value N from 1 to 100000']],
  [fileOf('given: 5 calls of createLogut'), ['2:18 unknown_tool did you mean `createLogout`']],
  [fileOf('given: 5 calls of deleteRefreshToken'), ['2:18 unknown_tool']],
  [fileOf('given: "5 calls of createLogout { a: 1, a: 2 }"'), ['2:18 duplicate_key']],
  [fileOf('given: "5 calls of createLogout { a: }}"'), ['2:18 yaml']],
  [fileOf('given: { call: createLogout }'), ['2:18 wrong_type expected `given`']],
  [
    fileOf('given: [{ cal: x, times: 0, outcome: lost, args: [] }]'),
    [
      '2:21 unknown_key did you mean `call`',
      '2:21 missing_key `call`',
      '2:36 wrong_value `times`',
      '2:48 wrong_value `unreached`',
      '2:60 wrong_type `args`',
    ],
  ],
  [fileOf('given: [{ call: createLogout, at: "2026-01-01T00:00:01Z" }]'), ['2:41 order not after']],
  [
    fileOf('given: [1 call of createLogout, { call: createLogout, at: "2025-01-01T00:00:01Z" }]'),
    ['2:65 order in the order of their times'],
  ],
  [
    fileOf('given: [{ call: createLogout, settled_at: "2025-01-01T00:00:00Z" }]'),
    ['2:41 order expected `settled_at` not before `at`'],
  ],
  [
    'policy: p\ncases:\n  - { name: a, call: createLogout, expect: allow }\n  - { name: a, call: createLogout, expect: allow }\n',
    ['4:7 duplicate_name two cases are named `a`'],
  ],
] as const;

/** Expectations that are none, at 2:48. */
const expectations = [
  ['deny', '2:48 wrong_value expected `allow`'],
  ['[]', '2:48 wrong_value expected `allow`'],
  ['{}', '2:48 missing_key `allow` or `deny`'],
  ['{ allow, deny: not_listed }', '2:50 missing_key one of the two'],
  ['{ allow: false }', '2:57 wrong_value expected `allow: true`'],
  ['{ allow, rule: x }', '2:57 unknown_key `would: { code: CODE, rule: NAME }`'],
  ['{ allow, would: rate_limted }', '2:64 wrong_value did you mean `rate_limited`'],
  ['{ allow, would: unknown_tool }', '2:64 wrong_value'],
  ['{ allow, would: { rule: x } }', '2:64 missing_key expected `code`'],
  ['{ deny: rate_limit }', '2:56 wrong_value did you mean `rate_limited`'],
  ['{ deny: allowed }', '2:56 wrong_value'],
  ['{ deny: rate_limited, would: nothing }', '2:70 unknown_key beside a denial'],
  ['{ deny: rate_limited, retry_after: 1 }', '2:70 unknown_key did you mean `retry_after_s`'],
  ['{ deny: rate_limited, retry_after_s: 1.5 }', '2:85 wrong_value `retry_after_s`, an integer'],
  ['{ deny: rate_limited, rule: null }', '2:76 wrong_type expected `rule`'],
] as const;

/** Test files with problems, each as `LINE:COLUMN code` and words of the message. */
export const wrongFiles = [
  ...wrong,
  ...expectations.map(
    ([text, problem]) =>
      [`policy: p.yaml\ncases: [{ name: a, call: createLogout, expect: ${text} }]\n`, [problem]] as const,
  ),
];
