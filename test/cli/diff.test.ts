import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findDifference } from '../../src/cli/diff-search.ts';
import { loadText } from '../../src/cli/load-policy.ts';
import { run, temporaryFolder } from '../support/cli.ts';
import { record } from '../support/records.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

function prepared(text: string) {
  const loaded = loadText(Buffer.from(text), 'known');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join());
  return loaded.prepared;
}

const SEARCH = { seed: 7, runs: 4000, maxMs: 20_000 };
const vend = (rule: string) => `default: deny\ntools: { vendJWTWithId: { rules: [${rule}] } }`;
const only = (condition: string) => vend(`{ conditions: [${condition}] }`);

const pairs = [
  ['a tool that is listed', 'default: deny', vend('{ action: allow }')],
  ['a tool that is hidden', '{}', 'hide: [vendJWTWithId]'],
  ['an observing file', `${vend('{ action: deny }')}`, `mode: observe\n${vend('{ action: deny }')}`],
  [
    'an observed rule',
    vend('{ action: deny, mode: observe }'),
    vend('{ conditions: [{ path: args.body, op: exists, value: true }], mode: observe }'),
  ],
  [
    'a bound one higher',
    only('{ path: args.body.timeToLiveInSeconds, op: lte, value: 917 }'),
    only('{ path: args.body.timeToLiveInSeconds, op: lte, value: 918 }'),
  ],
  [
    'lte and lt',
    only('{ path: args.body.timeToLiveInSeconds, op: lte, value: 917 }'),
    only('{ path: args.body.timeToLiveInSeconds, op: lt, value: 917 }'),
  ],
  [
    'a role',
    only('{ path: identity.roles, op: contains, value: a }'),
    only('{ path: identity.roles, op: contains, value: b }'),
  ],
  [
    'a claim',
    only('{ path: identity.claims.team, op: eq, value: a }'),
    only('{ path: identity.claims.team, op: eq, value: b }'),
  ],
  [
    'an hour',
    only('{ path: time.hour, op: lt, value: 18 }'),
    only('{ path: time.hour, op: lte, value: 18 }'),
  ],
  [
    'a weekday',
    only('{ path: time.weekday, op: neq, value: sat }'),
    only('{ path: time.weekday, op: neq, value: sun }'),
  ],
  [
    'a transport',
    only('{ path: call.transport, op: eq, value: http }'),
    only('{ path: call.transport, op: in, value: [http, rest] }'),
  ],
  [
    'a pattern',
    'tools: { retrieveJwtPublicKey: { rules: [{ conditions: [{ path: args.keyId, op: regex, value: "^a[0-9]{2}$" }] }] } }',
    'tools: { retrieveJwtPublicKey: { rules: [{ conditions: [{ path: args.keyId, op: regex, value: "^a[0-9]{3}$" }] }] } }',
  ],
  [
    'a schema of arguments',
    'tools: { vendJWTWithId: { arguments: { properties: { body: { properties: { timeToLiveInSeconds: { maximum: 917 } } } } } } }',
    'tools: { vendJWTWithId: { arguments: { properties: { body: { properties: { timeToLiveInSeconds: { maximum: 916 } } } } } } }',
  ],
  [
    'the most calls',
    vend('{ rate_limit: { max: 30, window: 60 } }'),
    vend('{ rate_limit: { max: 31, window: 60 } }'),
  ],
  [
    'a window',
    vend('{ rate_limit: { max: 3, window: 60 } }'),
    vend('{ rate_limit: { max: 3, window: 120 } }'),
  ],
  [
    'whose limit',
    vend('{ rate_limit: { max: 3, window: 60, per: identity } }'),
    vend('{ rate_limit: { max: 3, window: 60, per: tenant } }'),
  ],
  [
    'a session ceiling',
    vend('{ rate_limit: { max: 3, window: 60 } }'),
    `session_ceiling: 5\n${vend('{ rate_limit: { max: 3, window: 60 } }')}`,
  ],
  [
    'a claim of the JWT in a call',
    'tools: { validateJWTWithId: { rules: [{ conditions: [{ path: jwt.aud, op: eq, value: a }] }] } }',
    'tools: { validateJWTWithId: { rules: [{ conditions: [{ path: jwt.aud, op: eq, value: b }] }] } }',
  ],
  [
    'a counter of amounts',
    vend(
      '{ conditions: [{ path: state.vendJWTWithId.t, op: lte, value: 900 }], state: { counter: t, window: day, increment_from: args.body.timeToLiveInSeconds } }',
    ),
    vend(
      '{ conditions: [{ path: state.vendJWTWithId.t, op: lte, value: 901 }], state: { counter: t, window: day, increment_from: args.body.timeToLiveInSeconds } }',
    ),
  ],
] as const;

describe('a difference of two policies', () => {
  it.each(pairs)('is found in %s', async (_name, old, next) => {
    const { difference } = await findDifference(prepared(old), prepared(next), SEARCH);
    expect(difference?.lines.length).toBeGreaterThan(0);
  });

  it.each(pairs)('is not found in one policy: %s', async (_name, old) => {
    const { difference } = await findDifference(prepared(old), prepared(old), { ...SEARCH, runs: 100 });
    expect(difference).toBeNull();
  });

  it('is told by the smallest calls, which dry-run takes', async () => {
    const old = file('old.yaml', vend('{ rate_limit: { max: 2, window: 60 } }'));
    const next = file('new.yaml', vend('{ rate_limit: { max: 3, window: 60 } }'));
    const ran = await run(['diff', old, next, '--json']);
    const told = JSON.parse(ran.stdout);
    expect(ran.code).toBe(5);
    expect(told.calls).toHaveLength(3);
    const input = told.calls.map((each: unknown) => JSON.stringify(each)).join('\n');
    const codes = await Promise.all(
      [old, next].map(async (policy) => {
        const dry = await run(['dry-run', '--policy', policy, '--calls', '-', '--json'], { input });
        return JSON.parse(dry.stdout.trim().split('\n').at(-1) ?? '').code;
      }),
    );
    expect(codes).toEqual([told.old.code, told.new.code]);
    expect(codes).toEqual(['rate_limited', 'allowed']);
  });

  it('is not searched for where both files say the same, however they are written', async () => {
    const condition = '{ path: args.body.timeToLiveInSeconds, op: lte, value: 917 }';
    const old = file('one.yaml', only(condition));
    const same = file('same.yaml', `# in another layout\n${only(condition).replaceAll(': ', ':   ')}`);
    const other = file('other.yaml', only(condition.replace('917', '9e2')));
    const diff = async (...args: string[]) => {
      const { code, stdout } = await run(['diff', old, ...args]);
      return [code, args.includes('--json') ? JSON.parse(stdout) : stdout];
    };
    expect(await diff(old)).toEqual([0, 'no difference: both files say the same\n']);
    expect(await diff(same, '--json')).toEqual([0, { differ: false, equal: true }]);
    expect(await diff(other, '--runs', '1', '--json')).toEqual([
      0,
      { differ: false, equal: false, seed: 1, runs: 1 },
    ]);
  });

  it('over a file of calls is reported as replay does, and exits 5', async () => {
    const calls = file(
      'calls',
      [0, 1, 2].map(() => '{"tool":"fusionauth-vendjwtwithid","at":"2026-01-01T00:00:00Z"}').join('\n'),
    );
    const old = file('old2.yaml', vend('{ rate_limit: { max: 2, window: 60 } }'));
    const next = file('new2.yaml', vend('{ action: allow }'));
    const ran = await run(['diff', old, next, '--calls', calls, '--json']);
    expect(ran.code).toBe(5);
    expect(JSON.parse(ran.stdout)).toMatchObject({ calls: 3, unchanged: 2, newly_allowed: { count: 1 } });
    expect((await run(['diff', old, old, '--calls', calls])).code).toBe(0);
  });

  it('does not judge what no policy decided, and doubts the limits as long as that lasted', async () => {
    const second = (i: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString();
    const bug = { code: 'internal_error', verdict: 'deny', upstream: null, ms: 9000 } as const;
    const unknown = { ...bug, code: 'unauthenticated' } as const;
    const records = [bug, unknown, {}].map((said, i) => record({ id: `${i}`, at: second(i), ...said }));
    const calls = file('audit', records.map((each) => JSON.stringify(each)).join('\n'));
    const old = file('old3.yaml', vend('{ rate_limit: { max: 1, window: 60, per: identity } }'));
    const next = file('new3.yaml', vend('{ rate_limit: { max: 2, window: 60, per: identity } }'));
    const ran = await run(['diff', old, next, '--calls', calls, '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      calls: 1,
      uncertain: { count: 1 },
      undecided: { internal_error: 1, unauthenticated: 1 },
    });
  });
});
