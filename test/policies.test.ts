import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { memoryLimits } from '../src/adapters/limits/memory.ts';
import { operations } from '../src/catalog/operations.ts';
import type { Identity, Json } from '../src/model/index.ts';
import { judge } from '../src/pipeline/judge.ts';
import { callParser } from '../src/pipeline/parse-call.ts';
import { fingerprintWith } from '../src/policy/fingerprint.ts';
import { preparedPolicy } from './support/line.ts';

const folder = resolve(import.meta.dirname, '../policies');
const ID = '0abe7139-0000-4000-8000-000000000002';
const MONDAY_NOON = Date.UTC(2026, 0, 5, 12);
const SUNDAY = Date.UTC(2026, 0, 4, 12);

/** Valid arguments for each operation. */
const ARGS: Readonly<Record<string, Json>> = {
  issueJWTWithId: { applicationId: ID, encodedJWT: 'a.b.c' },
  retrieveJwtPublicKey: {},
  reconcileJWTWithId: { body: { applicationId: ID, identityProviderId: ID, data: { token: 'a.b.c' } } },
  exchangeRefreshTokenForJWTWithId: { body: { refreshToken: 'x' } },
  retrieveRefreshTokensWithId: { userId: ID },
  deleteJwtRefresh: { userId: ID },
  retrieveRefreshTokenByIdWithId: { tokenId: ID },
  revokeRefreshTokenByIdWithId: { tokenId: ID },
  validateJWTWithId: { encodedJWT: 'a.b.c' },
  vendJWTWithId: { body: { claims: { sub: 'x' }, timeToLiveInSeconds: 300 } },
  createLogout: { refreshToken: 'x' },
};
const READS = [
  'issueJWTWithId',
  'retrieveJwtPublicKey',
  'retrieveRefreshTokensWithId',
  'retrieveRefreshTokenByIdWithId',
  'validateJWTWithId',
];
const WRITES = ['reconcileJWTWithId', 'exchangeRefreshTokenForJWTWithId', 'vendJWTWithId', 'createLogout'];
const DESTRUCTIVE = ['deleteJwtRefresh', 'revokeRefreshTokenByIdWithId'];

interface Try {
  readonly policy: string;
  readonly who?: Identity;
  readonly operation: string;
  readonly args?: Json;
  readonly at?: number;
  /** Which call of the same kind in a row. */
  readonly nth?: number;
  readonly expect: readonly [verdict: string, code: string, rule?: string];
}

const every = (policy: string, of: readonly string[], more: Pick<Try, 'nth' | 'expect'>): readonly Try[] =>
  of.map((operation) => ({ policy, operation, ...more }));
const support: Identity = { sub: 'ann', roles: ['support'] };
const lead: Identity = { sub: 'bob', roles: ['support-lead'] };
const vend = (claims: Json, timeToLiveInSeconds = 300): Json => ({ body: { claims, timeToLiveInSeconds } });

const tries: readonly Try[] = [
  ...every('default', READS, { nth: 60, expect: ['allow', 'allowed'] }),
  ...every('default', READS, { nth: 61, expect: ['deny', 'rate_limited'] }),
  ...every('default', WRITES, { nth: 30, expect: ['allow', 'allowed'] }),
  ...every('default', WRITES, { nth: 31, expect: ['deny', 'rate_limited'] }),
  ...every('default', DESTRUCTIVE, { expect: ['deny', 'denied_by_rule'] }),
  ...every('read-only', ['retrieveJwtPublicKey', 'retrieveRefreshTokensWithId', 'validateJWTWithId'], {
    nth: 60,
    expect: ['allow', 'allowed'],
  }),
  ...every('read-only', ['issueJWTWithId', ...WRITES, ...DESTRUCTIVE], { expect: ['deny', 'not_listed'] }),
  ...every('observe', DESTRUCTIVE, { expect: ['allow', 'denied_by_rule'] }),
  ...every('observe', WRITES, { nth: 31, expect: ['allow', 'rate_limited'] }),
  { policy: 'support-desk', who: support, operation: 'validateJWTWithId', expect: ['allow', 'allowed'] },
  { policy: 'support-desk', operation: 'validateJWTWithId', expect: ['deny', 'not_granted'] },
  { policy: 'support-desk', who: support, operation: 'vendJWTWithId', expect: ['deny', 'unknown_tool'] },
  {
    policy: 'support-desk',
    who: support,
    operation: 'revokeRefreshTokenByIdWithId',
    nth: 10,
    expect: ['allow', 'allowed'],
  },
  {
    policy: 'support-desk',
    who: support,
    operation: 'revokeRefreshTokenByIdWithId',
    nth: 11,
    expect: ['deny', 'rate_limited', 'one session at a time'],
  },
  { policy: 'support-desk', who: support, operation: 'deleteJwtRefresh', expect: ['deny', 'not_granted'] },
  { policy: 'support-desk', who: lead, operation: 'deleteJwtRefresh', nth: 5, expect: ['allow', 'allowed'] },
  {
    policy: 'support-desk',
    who: lead,
    operation: 'deleteJwtRefresh',
    nth: 6,
    expect: ['deny', 'rate_limited', 'five users an hour'],
  },
  {
    policy: 'support-desk',
    who: lead,
    operation: 'deleteJwtRefresh',
    args: { applicationId: ID },
    expect: ['deny', 'denied_by_rule', 'never a whole application'],
  },
  {
    policy: 'strict',
    operation: 'vendJWTWithId',
    nth: 10,
    args: vend({ sub: 'x', scope: 'read' }, 60),
    expect: ['allow', 'allowed'],
  },
  {
    policy: 'strict',
    operation: 'vendJWTWithId',
    nth: 11,
    args: vend({ sub: 'x' }, 60),
    expect: ['deny', 'rate_limited', 'ten a minute'],
  },
  {
    policy: 'strict',
    operation: 'vendJWTWithId',
    args: vend({ sub: 'x' }, 301),
    expect: ['deny', 'invalid_arguments'],
  },
  {
    policy: 'strict',
    operation: 'vendJWTWithId',
    args: vend({ sub: 'x', roles: ['admin'] }),
    expect: ['deny', 'invalid_arguments'],
  },
  { policy: 'strict', operation: 'vendJWTWithId', args: vend({}), expect: ['deny', 'invalid_arguments'] },
  { policy: 'strict', operation: 'vendJWTWithId', args: {}, expect: ['deny', 'invalid_arguments'] },
  {
    policy: 'strict',
    operation: 'vendJWTWithId',
    at: SUNDAY,
    expect: ['deny', 'condition_failed', 'office hours'],
  },
  { policy: 'strict', operation: 'deleteJwtRefresh', expect: ['deny', 'not_listed'] },
];

async function last({ policy, who = { sub: 'x' }, operation, args, at = MONDAY_NOON, nth = 1 }: Try) {
  const prepared = preparedPolicy(readFileSync(`${folder}/${policy}.yaml`, 'utf8'));
  const tool = operations.find(({ operationId }) => operationId === operation)?.name ?? '';
  const value = args ?? ARGS[operation] ?? {};
  const parsed = callParser(operations, null)({ tool, args: { value, faults: [] }, transport: 'stdio' });
  if (parsed === null) throw new Error(`no such tool: ${operation}`);
  const limits = memoryLimits();
  const context = {
    caller: { identity: who, session: 's' },
    at,
    fingerprint: fingerprintWith(Buffer.from('test')),
  };
  let judgement = await judge(prepared, parsed.call, context, limits);
  for (let i = 1; i < nth; i++) judgement = await judge(prepared, parsed.call, context, limits);
  switch (judgement.verdict) {
    case 'unknown_tool':
      return ['deny', 'unknown_tool', null];
    case 'deny':
      return ['deny', judgement.code, judgement.rule];
    case 'allow':
      return ['allow', judgement.would?.code ?? 'allowed', judgement.would?.rule ?? null];
  }
}

describe('the shipped policy', () => {
  it('is tried here, each of them', () => {
    const files = readdirSync(folder).filter((name) => !name.endsWith('.test.yaml'));
    const names = files.map((name) => name.replace('.yaml', ''));
    expect([...new Set(tries.map(({ policy }) => policy))].toSorted()).toEqual(names.toSorted());
  });

  it('default lists all eleven tools', () => {
    const prepared = preparedPolicy(readFileSync(`${folder}/default.yaml`, 'utf8'));
    expect(operations.filter(({ name }) => prepared.tool(name)?.listed)).toHaveLength(11);
  });

  it.each(
    tries.map(
      (each) =>
        [`${each.policy}, ${each.operation}, call ${each.nth ?? 1}: ${each.expect.join(' ')}`, each] as const,
    ),
  )('%s', async (_name, each) => {
    const [verdict, code, rule] = await last(each);
    expect([verdict, code]).toEqual(each.expect.slice(0, 2));
    if (each.expect[2] !== undefined) expect(rule).toBe(each.expect[2]);
  });
});
