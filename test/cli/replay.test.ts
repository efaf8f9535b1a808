import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { loadText } from '../../src/cli/load-policy.ts';
import { replayFiles } from '../../src/cli/replay.ts';
import { replayForPrograms } from '../../src/cli/replay-report.ts';
import type { AuditRecord } from '../../src/model/index.ts';
import { run, temporaryFolder } from '../support/cli.ts';
import { record } from '../support/records.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
let files = 0;

function file(content: string | Buffer): string {
  const path = join(folder.path, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

const lines = (records: readonly object[]) => records.map((each) => JSON.stringify(each)).join('\n');
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 10, 0, second)).toISOString();
/** A call that was recorded at a second. */
const call = (second: number, said: Partial<AuditRecord> = {}) =>
  record({ id: `c${second}`, at: at(second), ...said });
const denied = (code: AuditRecord['code'], rule: string | null = null) =>
  ({ verdict: 'deny', code, rule, upstream: null }) as const;

type Counts = Readonly<Record<string, unknown>>;

/** In this process: a row is one policy and a few records. */
async function replay(policy: string, records: readonly object[]) {
  const loaded = loadText(Buffer.from(policy), 'known');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join());
  const { prepared } = loaded;
  const told: string[] = [];
  const progress = {
    read: () => {},
    step: () => {},
    close: () => {},
    tell: (line: string) => told.push(line),
  };
  const files = [file(lines(records))];
  const report = JSON.parse(
    replayForPrograms(await replayFiles(files, { prepared, progress, tenantId: null, policy: 'it' })),
  );
  const changes = ['newly_denied', 'newly_allowed', 'changed_code', 'uncertain', 'not_replayable'];
  const counts = Object.fromEntries(changes.map((name) => [name, report[name].count]));
  return { report, told, counts: nonZero({ unchanged: report.unchanged, ...counts }) };
}

function nonZero(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

const vend = (rules: string) => `default: deny\ntools: { vendJWTWithId: { rules: [${rules}] } }`;
const exchange = (rules: string) =>
  `default: deny\ntools: { exchangeRefreshTokenForJWTWithId: { rules: [${rules}] } }`;
const TWO_A_MINUTE = '{ rate_limit: { max: 2, window: 60, per: identity } }';
const SUPPORT_ONLY = '{ conditions: [{ path: identity.roles, op: contains, value: support }] }';
const exchanged = (second: number, said: Partial<AuditRecord> = {}) =>
  call(second, {
    tool: 'fusionauth-exchangerefreshtokenforjwtwithid',
    operation: 'exchangeRefreshTokenForJWTWithId',
    args: { body: { refreshToken: 'hmac:AAAA', token: 'hmac:BBBB' } },
    ...said,
  });
const unreached = (why: string) =>
  ({ code: 'upstream_unavailable', upstream: { status: null, ms: 1 }, note: why }) as const;

interface Row {
  readonly sentence: string;
  readonly policy: string;
  readonly records: readonly object[];
  readonly counts: Counts;
}

const rows: readonly Row[] = [
  {
    sentence: 'a limit is counted on the clock of the calls',
    policy: vend(TWO_A_MINUTE),
    records: [call(0), call(1), call(2), call(61)],
    counts: { unchanged: 3, newly_denied: 1 },
  },
  {
    sentence: 'records are put in the order in which their calls began',
    policy: vend(TWO_A_MINUTE),
    records: [call(1), call(2, denied('rate_limited', 'x')), call(0, { ms: 5000 })],
    counts: { unchanged: 3 },
  },
  {
    sentence: 'within one millisecond what was allowed came first',
    policy: vend(TWO_A_MINUTE),
    records: [call(0), call(1, denied('rate_limited', 'x')), call(1)],
    counts: { unchanged: 3 },
  },
  {
    sentence: 'what never reached FusionAuth gives its charge back',
    policy: vend(TWO_A_MINUTE),
    records: [call(0, unreached('FusionAuth cannot be reached (ECONNREFUSED)')), call(1), call(2), call(3)],
    counts: { unchanged: 3, newly_denied: 1 },
  },
  {
    sentence: 'a call that FusionAuth refused keeps its charge, and was allowed',
    policy: vend(TWO_A_MINUTE),
    records: [call(0, { code: 'upstream_rejected', upstream: { status: 404, ms: 1 } }), call(1), call(2)],
    counts: { unchanged: 2, newly_denied: 1 },
  },
  {
    sentence: 'a call that timed out may have given its charge back, so later ones are uncertain',
    policy: vend(TWO_A_MINUTE),
    records: [call(0, unreached('FusionAuth did not answer within 10000 ms')), call(1), call(2)],
    counts: { unchanged: 2, uncertain: 1 },
  },
  {
    sentence: 'a denied call charges nothing, and one that is newly allowed does',
    policy: vend(`{ action: deny, when: [{ path: args.body, op: exists, value: true }] }, ${TWO_A_MINUTE}`),
    records: [call(0, { args: { body: {} } }), call(1, denied('denied_by_rule', 'x')), call(2), call(3)],
    counts: { newly_denied: 2, newly_allowed: 1, unchanged: 1 },
  },
  {
    sentence: 'another code of a denial is told',
    policy: 'default: deny',
    records: [call(0, denied('denied_by_rule', 'x'))],
    counts: { changed_code: 1 },
  },
  {
    sentence: 'what observing would have done is compared too',
    policy: `mode: observe\n${vend('{ action: deny }')}`,
    records: [call(0), call(1, { would: { code: 'denied_by_rule', rule: 'y' } })],
    counts: { changed_code: 1, unchanged: 1 },
  },
  {
    sentence: 'roles are not recorded, so what hangs on them is not replayable',
    policy: vend(SUPPORT_ONLY),
    records: [call(0)],
    counts: { not_replayable: 1 },
  },
  {
    sentence: 'nor is a grant by them',
    policy: `grants: [{ to: [{ path: identity.roles, op: contains, value: support }], tools: ["*"] }]`,
    records: [call(0)],
    counts: { not_replayable: 1 },
  },
  {
    sentence: 'sub, client_id, tenant and anonymous are recorded',
    policy: vend(
      '{ conditions: [{ path: identity.sub, op: eq, value: ann }, { path: identity.anonymous, op: eq, value: false }] }',
    ),
    records: [call(0), call(1, { caller: { sub: null, client_id: 'ann', tenant: null, session: null } })],
    counts: { unchanged: 1, newly_denied: 1 },
  },
  {
    sentence: 'a denial that is certain whatever is not known is judged',
    policy: vend(`${SUPPORT_ONLY}, { action: deny }`),
    records: [call(0)],
    counts: { newly_denied: 1 },
  },
  {
    sentence: 'a call that cannot be judged leaves the limits in doubt',
    policy: vend(
      `{ action: deny, when: [{ path: args.body, op: exists, value: true }, { path: identity.email, op: eq, value: x }] }, ${TWO_A_MINUTE}`,
    ),
    records: [call(0, { args: { body: {} } }), call(1), call(2), call(3)],
    counts: { not_replayable: 1, unchanged: 1, uncertain: 2 },
  },
  {
    sentence: 'a secret is not known, but that it is a text is',
    policy: exchange('{ conditions: [{ path: args.body.refreshToken, op: exists, value: true }] }'),
    records: [exchanged(0)],
    counts: { unchanged: 1 },
  },
  {
    sentence: 'a comparison with a secret is not replayable',
    policy: exchange('{ action: deny, when: [{ path: args.body.refreshToken, op: starts_with, value: a }] }'),
    records: [exchanged(0)],
    counts: { not_replayable: 1 },
  },
  {
    sentence: 'nor is one with the JWT of a call',
    policy: exchange('{ conditions: [{ path: jwt.aud, op: eq, value: a }] }'),
    records: [exchanged(0)],
    counts: { not_replayable: 1 },
  },
  {
    sentence: 'a tool without a JWT has none for certain',
    policy: vend('{ conditions: [{ path: jwt.aud, op: eq, value: a }] }'),
    records: [call(0)],
    counts: { newly_denied: 1 },
  },
  {
    sentence: 'a bound on a secret is not replayable, one on other arguments is',
    policy: `default: deny
tools:
  exchangeRefreshTokenForJWTWithId: { arguments: { properties: { body: { properties: { refreshToken: { maxLength: 3 } } } } } }
  vendJWTWithId: { arguments: { properties: { body: { properties: { timeToLiveInSeconds: { maximum: 5 } } } } } }`,
    records: [exchanged(0), call(1, { args: { body: { timeToLiveInSeconds: 6 } } })],
    counts: { not_replayable: 1, newly_denied: 1 },
  },
  {
    sentence: 'arguments that were refused for what is not recorded are not replayable',
    policy: vend(''),
    records: [call(0, denied('invalid_arguments'))],
    counts: { not_replayable: 1 },
  },
  {
    sentence: 'arguments with a name that the tool does not know stay refused',
    policy: vend(''),
    records: [call(0, { args: { 'hmac:AAAA': 'hmac:BBBB' }, ...denied('invalid_arguments') })],
    counts: { unchanged: 1 },
  },
  {
    sentence: 'an outage of the limit store is one under another policy with limits too',
    policy: vend(TWO_A_MINUTE),
    records: [call(0, denied('limits_unavailable')), call(1), call(2)],
    counts: { unchanged: 3 },
  },
  {
    sentence: 'without limits there is no outage of their store',
    policy: vend(''),
    records: [call(0, denied('limits_unavailable'))],
    counts: { newly_allowed: 1 },
  },
  {
    sentence: 'a hidden tool is unknown',
    policy: 'hide: [vendJWTWithId]',
    records: [call(0), call(1, denied('unknown_tool'))],
    counts: { newly_denied: 1, unchanged: 1 },
  },
];

describe('replay', () => {
  it.each(rows)('$sentence', async ({ policy, records, counts }) => {
    const ran = await replay(policy, records);
    expect([ran.told, ran.counts]).toEqual([[], counts]);
  });

  it('tells by which rule, tool and caller, with examples', async () => {
    const { report } = await replay(vend(TWO_A_MINUTE), [call(0), call(1), call(2)]);
    expect(report.newly_denied).toMatchObject({
      by_rule: [
        {
          name: 'rate_limited by vendJWTWithId#1',
          count: 1,
          examples: [{ line: 3, id: 'c2', tool: 'fusionauth-vendjwtwithid', caller: 'ann of acme' }],
        },
      ],
      by_tool: [{ name: 'fusionauth-vendjwtwithid', count: 1 }],
      by_caller: [{ name: 'ann of acme', count: 1 }],
    });
  });

  it('names the condition that cannot be replayed', async () => {
    const { report } = await replay(vend(SUPPORT_ONLY), [call(0)]);
    expect(report.not_replayable.by_rule).toMatchObject([
      { name: 'vendJWTWithId#1: identity.roles contains "support"', count: 1 },
    ]);
  });

  it('does not take intents for calls, and tells those that nobody saw the end of', async () => {
    const intents = [call(0, { intent: true }), call(0), call(1, { intent: true }), call(2)];
    const { report, counts } = await replay(vend(TWO_A_MINUTE), intents);
    expect(counts).toEqual({ unchanged: 1, uncertain: 1 });
    expect(report).toMatchObject({ intents: 1, unended: 1 });
  });

  it('tells what no policy decided', async () => {
    const bug = call(1, { code: 'internal_error', upstream: null });
    const { report, counts } = await replay(vend(''), [call(0, denied('unauthenticated')), bug]);
    expect(counts).toEqual({});
    expect(report.undecided).toEqual({ unauthenticated: 1, internal_error: 1 });
  });

  it('tells every line that is none, doubts the limits behind it, and exits 2', async () => {
    const audit = file(`${lines([call(0), call(1)])}\n{"id":\n${lines([call(2), call(300)])}`);
    const ran = await run([
      'replay',
      '--json',
      '--policy',
      file(vend(TWO_A_MINUTE)),
      audit,
      '--fail-on',
      'newly-denied',
    ]);
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(/:3: not JSON/) });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      problems: 1,
      newly_denied: { count: 0 },
      uncertain: { count: 3 },
      unchanged: 1,
    });
  });

  it('reads packed files before plain ones, and stdin', async () => {
    const packed = file(gzipSync(lines([call(0)])));
    const ran = await run(
      ['replay', '--json', '--policy', file(vend(TWO_A_MINUTE)), packed, file(lines([call(1)])), '-'],
      {
        input: lines([call(2)]),
      },
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({ unchanged: 2, newly_denied: { count: 1 } });
  });

  it('judges call lines, of which it knows nothing else', async () => {
    const { report } = await replay(vend(TWO_A_MINUTE), [
      ...[0, 1, 2].map((second) => ({ tool: 'fusionauth-vendjwtwithid', at: at(second) })),
    ]);
    expect(report.unrecorded).toEqual({ allowed: 2, rate_limited: 1 });
  });

  const failing = [
    ['newly-denied', 5],
    ['newly-allowed', 0],
    ['newly-allowed,newly-denied', 5],
    ['sometimes', 2],
  ] as const;
  it.each(failing)('exits on --fail-on %s with %i', async (changes, code) => {
    const policy = file(vend('{ action: deny }'));
    const ran = await run(['replay', '--policy', policy, file(lines([call(0)])), '--fail-on', changes]);
    expect(ran.code).toBe(code);
  });

  it('passes no gate on nothing', async () => {
    const policy = file(vend('{ action: deny }'));
    const gate = ['replay', '--policy', policy, '--fail-on', 'newly-denied'];
    expect(await run([...gate, file('')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there was no call to replay'),
    });
    const callLine = { tool: 'fusionauth-vendjwtwithid', at: at(0) };
    expect((await run([...gate, file(lines([callLine]))])).code).toBe(0);
    expect((await run(['replay', '--policy', policy, file('')])).code).toBe(0);
  });

  it('of a file that is none says so once, with the first thing that is wrong, and exits 2', async () => {
    const other = file('version: "1"\n'.repeat(1000));
    const ran = await run(['replay', '--json', file(lines([call(0)])), other]);
    const what = 'holds neither records of an audit nor calls; line 1: ';
    expect(ran).toEqual({
      code: 2,
      stdout: '',
      stderr: `portcullis: \`${other}\` ${what}not JSON: expected a value\n`,
    });
    const short = await run(['replay', file('{}\n[]')]);
    expect([short.code, short.stdout, short.stderr.split('\n').length]).toEqual([2, '', 2]);
  });

  it('goes on where only the beginning of a file is broken', async () => {
    const { report } = await replay(vend(''), [...Array(9).fill({ broken: true }), call(0)]);
    expect(report).toMatchObject({ problems: 9, unchanged: 1 });
  });

  it('takes lines of the token service for no calls', async () => {
    const token = { id: 't', at: at(0), event: 'token_issued', endpoint: 'token', code: 'issued', ms: 1 };
    const { report, told } = await replay(vend(''), [token, call(0)]);
    expect(told).toEqual([]);
    expect(report).toMatchObject({ tokens: 1, problems: 0, unchanged: 1 });
  });

  it('says where nobody named the policy', async () => {
    const audit = file(lines([call(0)]));
    const people = await run(['replay', audit]);
    expect(people.stdout).toContain('replayed by the default policy, ');
    const programs = await Promise.all([
      run(['replay', '--json', audit]),
      run(['replay', '--json', audit], { env: { PORTCULLIS_POLICY: file(vend('')) } }),
    ]);
    expect(programs.map(({ stdout }) => JSON.parse(stdout).policy.default)).toEqual([true, false]);
  });

  it('of a policy with errors exits 3, of a file that is not there 2', async () => {
    const wrong = await run(['replay', '--policy', file('default: maybe'), file(lines([call(0)]))]);
    expect(wrong).toMatchObject({ code: 3, stdout: '' });
    expect(await run(['replay', '/nowhere'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('memory', () => {
  const LONG = 'a'.repeat(1024 * 1024);
  const caller = (sub: string) => ({ sub, client_id: null, tenant: null, session: null });
  it.each<readonly [string, (n: number) => Partial<AuditRecord>]>([
    ['callers', (n) => ({ at: at(20 * n), caller: caller(`${n}${LONG}`) })],
    ['rules', (n) => ({ at: at(20 * n), ...denied('denied_by_rule', `${n}${LONG}`) })],
    ['arguments, one after another', (n) => ({ at: at(20 * n), args: { [n]: LONG } })],
    ['arguments, all at once', (n) => ({ at: at(0), args: { [n]: LONG } })],
  ])('does not grow with the length of %s', async (_what, said) => {
    const packed = Array.from({ length: 200 }, (_, n) =>
      gzipSync(`${JSON.stringify(call(n, said(n)))}\n`, { level: 1 }),
    );
    const env = { NODE_OPTIONS: '--max-old-space-size=160' };
    const ran = await run(['replay', '--json', file(Buffer.concat(packed))], { env });
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(JSON.parse(ran.stdout).calls).toBe(200);
  });
});
