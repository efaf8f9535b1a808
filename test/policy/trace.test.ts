import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject, Step } from '../../src/model/index.ts';
import type { Judgement } from '../../src/pipeline/judge.ts';
import { decide } from '../../src/policy/decide.ts';
import { digestOf, fingerprintWith } from '../../src/policy/fingerprint.ts';
import { type Circumstances, NOON, openBench, policyOf } from './support.ts';
import { ID, under, VALIDATE } from './table.ts';

async function traceOf(
  policy: string,
  tool: string,
  args: JsonObject = {},
  circumstances: Circumstances = {},
) {
  return (await openBench(policy).call(tool, args, circumstances)).trace();
}

const POLICY = `default: deny
grants: [{ to: [{ path: identity.sub, op: eq, value: ann }], tools: ["*"] }]
tools:
  validateJWTWithId:
    rules:
      - name: skipped
        action: deny
        when: [{ path: call.transport, op: eq, value: rest }, { path: identity.email, op: eq, value: x }]
      - name: passed
        conditions: [{ any: [{ path: args.encodedJWT, op: starts_with, value: x }, { path: time.hour, op: eq, value: 5 }] }]
      - name: watched
        mode: observe
        conditions: [{ path: jwt.sub, op: exists, value: true }]
      - name: counted
        when: [{ path: identity.email, op: eq, value: x }]
        rate_limit: 1/minute`;

const STEPS: readonly Step[] = [
  { step: 'default', name: 'default: deny', result: 'passed' },
  {
    step: 'grants',
    name: 'grants',
    result: 'passed',
    conditions: [{ condition: 'identity.sub eq "ann"', seen: 'ann', held: 'yes' }],
  },
  { step: 'arguments', name: 'arguments', result: 'passed' },
  {
    step: 'rule',
    name: 'skipped',
    line: 6,
    result: 'skipped',
    when: [
      { condition: 'call.transport eq "rest"', seen: 'stdio', held: 'no' },
      { condition: 'identity.email eq "x"', held: 'unknown' },
    ],
  },
  {
    step: 'rule',
    name: 'passed',
    line: 9,
    result: 'passed',
    conditions: [
      { condition: 'args.encodedJWT starts_with "x"', seen: 'fp:<5>', held: 'yes' },
      { condition: 'time.hour eq 5', seen: 12, held: 'no' },
    ],
  },
  {
    step: 'rule',
    name: 'watched',
    line: 11,
    result: 'failed',
    observed: true,
    conditions: [{ condition: 'jwt.sub exists true', held: 'no' }],
  },
  {
    step: 'rule',
    name: 'counted',
    line: 14,
    result: 'counted',
    when: [{ condition: 'identity.email eq "x"', held: 'unknown' }],
  },
];

describe('the trace of a decision', () => {
  it('has each rule, whether it applied, and each condition with the value it saw', async () => {
    expect(await traceOf(POLICY, 'validateJWTWithId', VALIDATE)).toEqual(STEPS);
  });
  it('costs nothing until it is asked for, and is the same each time', async () => {
    const seen: string[] = [];
    const policy = policyOf(
      under(
        'validateJWTWithId',
        '{ name: a, conditions: [{ path: args.encodedJWT, op: exists, value: true }] }',
      ),
    );
    const args = VALIDATE;
    const call = {
      tool: 'fusionauth-validatejwtwithid',
      transport: 'stdio',
      args,
      jwt: null,
      violations: [],
    } as const;
    const fingerprint = (secret: string) => `<${seen.push(secret)}>`;
    const decision = decide(policy, call, { caller: { identity: {}, session: null }, at: NOON, fingerprint });
    expect(seen).toEqual([]);
    const [first, second] = [decision.trace(), decision.trace()];
    expect(seen).toEqual([VALIDATE.encodedJWT, VALIDATE.encodedJWT]);
    expect(first.map(({ name, result }) => [name, result])).toEqual(
      second.map(({ name, result }) => [name, result]),
    );
  });
  it('goes on past the first failure within a stage, and not into the next', async () => {
    const trace = await traceOf(
      under(
        'validateJWTWithId',
        '{ name: a, action: deny }, { name: b, action: deny }, { name: c, rate_limit: 1/minute }',
      ),
      'validateJWTWithId',
      VALIDATE,
    );
    expect(trace.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'arguments passed',
      'a failed',
      'b failed',
      'c counted',
    ]);
    expect((await traceOf(POLICY, 'vendJWTWithId')).map(({ name, result }) => `${name} ${result}`)).toEqual([
      'default: deny failed',
    ]);
  });
  it('tells whether a tool is hidden or does not exist', async () => {
    expect(await traceOf('hide: [createLogout]', 'createLogout')).toEqual([
      { step: 'tool', name: 'fusionauth-createlogout', result: 'failed', note: 'hidden by the policy' },
    ]);
    expect(await traceOf('{}', 'x')).toEqual([
      { step: 'tool', name: 'x', result: 'failed', note: 'no such tool' },
    ]);
  });
  it('shows secrets as fingerprints: where they stand, and by their looks', async () => {
    const looks = '{ name: see, conditions: [{ path: PATH, op: exists, value: true }] }';
    const seen = async (path: string, tool: string, args: JsonObject, identity: JsonObject = {}) => {
      const trace = await traceOf(under(tool, looks.replace('PATH', `"${path}"`)), tool, args, { identity });
      return trace.find(({ name }) => name === 'see')?.conditions?.[0]?.seen;
    };
    expect(await seen('args.token', 'deleteJwtRefresh', { body: { token: 'short' } })).toBe('fp:<5>');
    expect(
      await seen('args.body', 'exchangeRefreshTokenForJWTWithId', {
        body: { refreshToken: 'r', timeToLiveInSeconds: 5 },
      }),
    ).toEqual({ refreshToken: 'fp:<1>', timeToLiveInSeconds: 5 });
    expect(
      await seen('args.body.claims', 'vendJWTWithId', {
        body: { claims: { a: ['eyJhbGciOiJub25lIn0.e30.', 'plain'], b: null } },
      }),
    ).toEqual({ a: ['fp:<24>', 'plain'], b: null });
    expect(await seen('identity.claims.key', 'vendJWTWithId', {}, { claims: { key: 'k1'.repeat(20) } })).toBe(
      'fp:<40>',
    );
    expect(await seen('args.userId', 'deleteJwtRefresh', { userId: ID })).toBe(ID);
    expect(await seen('args.token', 'deleteJwtRefresh', { token: { not: 'a text' } })).toBeUndefined();
  });
  it('shows used-up limits, and amounts that are none', async () => {
    const bench = openBench(
      under(
        'vendJWTWithId',
        '{ name: a, rate_limit: 1/minute }, { name: b, rate_limit: { max: 1, window: 60, per: everyone } }, { name: c, rate_limit: { max: 1, window: 90, per: tenant } }',
      ),
    );
    await bench.call('vendJWTWithId');
    const notes = (await bench.call('vendJWTWithId'))
      .trace()
      .filter(({ step }) => step === 'limit')
      .map(({ name, note }) => `${name}: ${note}`);
    expect(notes[0]).toContain('At most 1 call in each minute in this session');
    expect(notes[1]).toContain('At most 1 call in any 60 s by everyone together');
    expect(notes[2]).toContain('At most 1 call in any 90 s by this tenant');
  });
});

describe('fingerprints', () => {
  it('are equal for equal secrets under one key, 22 characters, and tell nothing of another key', () => {
    const [one, other] = [fingerprintWith(Buffer.from('a')), fingerprintWith(Buffer.from('b'))];
    expect(one('x')).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(one('x')).toBe(one('x'));
    expect(one('x')).not.toBe(one('y'));
    expect(one('x')).not.toBe(other('x'));
  });
  it('the digest of a policy is the SHA-256 of its text', () => {
    expect(digestOf('{}\n')).toBe(`sha256:${createHash('sha256').update('{}\n').digest('hex')}`);
  });
});

describe('a decision', () => {
  const SAME_PLACES = `tools:
  validateJWTWithId:
    rules:
      - { action: deny, when: [{ path: identity.email, op: eq, value: x }] }
      - { conditions: [{ path: identity.email, op: exists, value: true }] }`;
  const seenIn = (steps: readonly Step[]) =>
    steps
      .flatMap((step) => ('when' in step || 'conditions' in step ? [step] : []))
      .flatMap(({ when = [], conditions = [] }) => [...when, ...conditions])
      .map(({ seen }) => seen);

  it('sees nothing of another call, also where its trace is read after that', async () => {
    const bench = openBench(SAME_PLACES);
    const emails = ['x', 'y', undefined, 'x', 'z'];
    const judged: Judgement[] = [];
    for (const email of emails) {
      const identity = { sub: 'ann', ...(email === undefined ? {} : { email }) };
      judged.push(await bench.call('validateJWTWithId', VALIDATE, { identity }));
    }
    expect(judged.map(({ verdict }) => verdict)).toEqual(['deny', 'allow', 'deny', 'deny', 'allow']);
    const first = (each: Judgement) => seenIn(each.trace())[0];
    expect(judged.toReversed().map(first)).toEqual(emails.toReversed());
  });
});
