import type { JsonObject, Kind, Operation, Rule } from '../../model/index.ts';
import { withArgs } from './sample.ts';

/** How much may go wrong before a policy stops it: tight, usual, or generous. */
export type Risk = 'low' | 'medium' | 'high';
export const RISKS: readonly Risk[] = ['low', 'medium', 'high'];

/** What a starting policy says of a risk. */
interface Bounds {
  /** Calls of one identity in a sliding window, by what a tool does. */
  readonly calls: Readonly<Record<Kind, { readonly max: number; readonly window: 60 | 3600 }>>;
  /** Seconds that a token may live. */
  readonly lifetime: number;
  /** Which of the extra rules below a policy has. */
  readonly strictness: 0 | 1 | 2;
}

export const BOUNDS: Readonly<Record<Risk, Bounds>> = {
  low: {
    calls: {
      read: { max: 60, window: 60 },
      reveal: { max: 10, window: 60 },
      mint: { max: 5, window: 60 },
      revoke: { max: 5, window: 3600 },
    },
    lifetime: 300,
    strictness: 2,
  },
  medium: {
    calls: {
      read: { max: 120, window: 60 },
      reveal: { max: 30, window: 60 },
      mint: { max: 30, window: 60 },
      revoke: { max: 20, window: 3600 },
    },
    lifetime: 900,
    strictness: 1,
  },
  high: {
    calls: {
      read: { max: 600, window: 60 },
      reveal: { max: 120, window: 60 },
      mint: { max: 120, window: 60 },
      revoke: { max: 120, window: 3600 },
    },
    lifetime: 3600,
    strictness: 0,
  },
};

/** A rule that denies what an argument asks for, with calls that show it at work. */
export interface Extra {
  readonly operationId: string;
  /** The rule belongs to risks that are at least as strict. */
  readonly from: 1 | 2;
  readonly rule: Rule;
  readonly why: string;
  /** Arguments that pass every rule -> arguments with which a call is denied. */
  readonly denied: (passing: JsonObject) => JsonObject;
  /** The same for a call that passes although it comes near. */
  readonly passing?: (passing: JsonObject) => JsonObject;
}

const ID = '00000000-0000-4000-8000-000000000001';

export const EXTRAS: readonly Extra[] = [
  {
    operationId: 'vendJWTWithId',
    from: 1,
    rule: denyWhere(
      "no key of the agent's choice",
      'args.body.keyId',
      'Tokens are signed with the key of the tenant.',
    ),
    why: 'Whoever chooses the key chooses who believes the token.',
    denied: (args) => withArgs(args, { body: { keyId: ID } }),
  },
  {
    operationId: 'issueJWTWithId',
    from: 2,
    rule: denyWhere(
      'no refresh token for another application',
      'args.refreshToken',
      'Ask for a JWT alone, without a refresh token.',
    ),
    why: 'With a refresh token the tool makes another one, which lives on for weeks.',
    denied: (args) => withArgs(args, { refreshToken: 'x' }),
  },
  {
    operationId: 'deleteJwtRefresh',
    from: 1,
    rule: denyWhere(
      'never a whole application',
      'args.applicationId',
      'Revoking every token of an application needs a person.',
    ),
    why: 'Signs out everybody there.',
    denied: () => ({ applicationId: ID }),
  },
  {
    operationId: 'deleteJwtRefresh',
    from: 2,
    rule: denyWhere('one token at a time', 'args.userId', 'Revoking every token of a user needs a person.'),
    why: 'Signs the user out everywhere.',
    denied: () => ({ userId: ID }),
  },
  {
    operationId: 'createLogout',
    from: 1,
    rule: {
      ...denyWhere('this session only', 'args.global', 'Ending all sessions of a user needs a person.'),
      when: [
        { path: 'args.global', op: 'exists', value: true },
        { path: 'args.global', op: 'eq', value: true },
      ],
    },
    why: '`global` ends every session of the owner of the refresh token.',
    denied: (args) => withArgs(args, { global: true }),
    passing: (args) => withArgs(args, { global: false }),
  },
];

/** The rule that a call with an argument is denied. */
function denyWhere(name: string, path: string, because: string): Rule {
  return {
    name,
    when: [{ path, op: 'exists', value: true }],
    observe: false,
    deny: true,
    conditions: [],
    rateLimit: null,
    amountLimit: null,
    because,
  };
}

/** What the arguments of a tool have to be, beside its own schema; null: nothing more. */
export function argumentsFor({ operationId }: Operation, risk: Risk): JsonObject | null {
  const timeToLiveInSeconds = { maximum: BOUNDS[risk].lifetime };
  if (operationId === 'exchangeRefreshTokenForJWTWithId')
    return { properties: { body: { properties: { timeToLiveInSeconds } } } };
  if (operationId !== 'vendJWTWithId') return null;
  const body = {
    required: ['claims', 'timeToLiveInSeconds'],
    properties: { claims: { required: ['sub'] }, timeToLiveInSeconds },
  };
  return { required: ['body'], properties: { body } };
}
