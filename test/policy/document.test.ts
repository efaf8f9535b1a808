import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, inWords, openBench, problemsOf } from './support.ts';
import { decisions, ID, ONE, OTHER, VALIDATE } from './table.ts';

/** The examples are taken from the document itself: the whole policy on top, and the counter, which is one rule. */
const document = readFileSync(resolve(import.meta.dirname, '../../docs/policy.md'), 'utf8');
const [TOP = '', COUNTER = ''] = Array.from(
  document.matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
  ([, body = '']) => body,
);
const AMOUNTS = `default: deny\ntools:\n  vendJWTWithId:\n    rules:\n${COUNTER.replaceAll(/^(?=.)/gm, '      ')}`;
const FORMS = fixture('ok', 'document-forms.yaml');

const support = { identity: { sub: 'ann', roles: ['support'] } };
const exchange = (seconds: number) => ({ body: { refreshToken: 'r', timeToLiveInSeconds: seconds } });
const vend = (seconds: number) => ({ body: { timeToLiveInSeconds: seconds } });
const times = <T>(count: number, each: T): T[] => Array<T>(count).fill(each);

describe('the examples of the document', () => {
  for (const [name, text] of Object.entries({ TOP, AMOUNTS, FORMS })) {
    it(`${name} is clean`, () => {
      expect(text).not.toBe('');
      expect(problemsOf(text)).toEqual([]);
    });
  }
});

decisions('the example on top', [
  {
    sentence: 'support may validate, others are not granted',
    policy: TOP,
    calls: [
      ['validateJWTWithId', VALIDATE, 'allowed', support],
      ['validateJWTWithId', VALIDATE, 'not_granted'],
      ['validateJWTWithId', VALIDATE, 'not_granted', { identity: { sub: 'ann', roles: ['supporter'] } }],
    ],
  },
  {
    sentence: 'vend is gone, issue is not listed',
    policy: TOP,
    calls: [
      ['vendJWTWithId', {}, 'unknown_tool, hidden', support],
      ['issueJWTWithId', {}, 'not_listed', support],
    ],
  },
  {
    sentence: 'an exchange lives 300 s at most',
    policy: TOP,
    calls: [
      ['exchangeRefreshTokenForJWTWithId', exchange(300), 'allowed', support],
      ['exchangeRefreshTokenForJWTWithId', exchange(301), 'invalid_arguments', support],
    ],
  },
  {
    sentence: 'never more than 30 exchanges in any 60 s, per session',
    policy: TOP,
    calls: [
      ...times(30, ['exchangeRefreshTokenForJWTWithId', exchange(300), 'allowed', support] as const),
      [
        'exchangeRefreshTokenForJWTWithId',
        exchange(300),
        'rate_limited by exchangeRefreshTokenForJWTWithId#1 in 60s',
        support,
      ],
      ['exchangeRefreshTokenForJWTWithId', exchange(300), 'allowed', { ...support, session: 'other' }],
      ['exchangeRefreshTokenForJWTWithId', exchange(300), 'allowed', { ...support, at: 60 }],
    ],
  },
  {
    sentence: 'never a whole application, wherever its id stands',
    policy: TOP,
    calls: [
      ['deleteJwtRefresh', { applicationId: ID }, 'denied_by_rule by never a whole application', support],
      [
        'deleteJwtRefresh',
        { applicationId: ID, userId: OTHER },
        'denied_by_rule by never a whole application',
        support,
      ],
      [
        'deleteJwtRefresh',
        { body: { applicationId: ID } },
        'denied_by_rule by never a whole application',
        support,
      ],
      ['deleteJwtRefresh', { userId: OTHER }, 'allowed', support],
    ],
  },
  {
    sentence: 'five revocations an hour per identity',
    policy: TOP,
    calls: [
      ...times(4, ['deleteJwtRefresh', { userId: OTHER }, 'allowed', support] as const),
      ['deleteJwtRefresh', { token: 't' }, 'allowed', { ...support, session: 'other' }],
      ['deleteJwtRefresh', { token: 't' }, 'rate_limited by deleteJwtRefresh#2 in 3600s', support],
    ],
  },
  {
    sentence: '60 retrievals a minute, of all retrieving tools together',
    policy: TOP,
    calls: [
      ...times(59, ['retrieveJwtPublicKey', {}, 'allowed', support] as const),
      ['retrieveRefreshTokenByIdWithId', ONE, 'allowed', support],
      [
        'retrieveRefreshTokensWithId',
        { userId: ID },
        'rate_limited by fusionauth-retrieve*#1 in 60s',
        support,
      ],
    ],
  },
  {
    sentence: '300 calls an hour of everyone together',
    policy: TOP,
    calls: [
      ...Array.from(
        { length: 300 },
        (_, i) =>
          [
            'validateJWTWithId',
            VALIDATE,
            'allowed',
            { identity: { sub: `${i}`, roles: ['support'] } },
          ] as const,
      ),
      ['validateJWTWithId', VALIDATE, 'rate_limited by everything together in 3600s', support],
    ],
  },
]);

decisions('the counter of amounts', [
  {
    sentence: 'an identity mints a day’s worth of lifetime a day',
    policy: AMOUNTS,
    calls: [
      ['vendJWTWithId', vend(86_399), 'allowed'],
      ['vendJWTWithId', vend(2), 'budget_exceeded by minted lifetime per day in 43200s'],
      ['vendJWTWithId', vend(1), 'allowed', { session: 'other' }],
      ['vendJWTWithId', vend(1), 'budget_exceeded by minted lifetime per day in 43199s', { at: 1 }],
      ['vendJWTWithId', vend(86_401), 'budget_exceeded by minted lifetime per day', { at: 1 }],
      ['vendJWTWithId', {}, 'invalid_arguments by minted lifetime per day', { at: 1 }],
      ['vendJWTWithId', vend(1), 'allowed', { at: 43_200 }],
    ],
  },
]);

describe('what the agent is told', () => {
  const told: readonly (readonly [policy: string, tool: string, args: object, reason: string])[] = [
    [
      TOP,
      'deleteJwtRefresh',
      { applicationId: ID },
      'Revoking every token of an application needs a person.',
    ],
    [
      AMOUNTS,
      'vendJWTWithId',
      vend(86_401),
      "This identity has minted a day's worth of token lifetime today.",
    ],
    [FORMS, 'deleteJwtRefresh', { token: 't' }, 'Destructive operations need a person.'],
    [FORMS, 'exchangeRefreshTokenForJWTWithId', exchange(301), 'At most five minutes.'],
  ];
  for (const [policy, tool, args, reason] of told) {
    it(reason, async () => {
      expect(await openBench(policy).call(tool, { ...args }, support)).toMatchObject({
        verdict: 'deny',
        reason,
      });
    });
  }
  it('a used-up limit says its own reason', async () => {
    const bench = openBench(FORMS);
    for (const _ of times(30, 0))
      expect(inWords(await bench.call('createLogout', { refreshToken: 'r' }))).toBe('allowed');
    expect(await bench.call('createLogout', { refreshToken: 'r' })).toMatchObject({
      code: 'rate_limited',
      reason: 'At most 30 logouts an hour.',
    });
  });
});

describe('a line that ends in CR alone', () => {
  it('is refused: what stands behind it would be a part of the comment', () => {
    expect(problemsOf('default: allow\r\n# all\rhide: [deleteJwtRefresh]\n')).toEqual([
      '2:6 error line_break expected LF or CR LF as line break; found CR alone',
    ]);
  });

  it.each(['default: deny # x\r\ntools: {}\r\n', '# a\u2028b\u0085c\ndefault: deny\n'])(
    'is not what %j has',
    (text) => {
      expect(problemsOf(text)).toEqual([]);
    },
  );

  it('is not how a directive is hidden', () => {
    expect(problemsOf('# a\u2028b\n%YAML 1.1\n---\ndefault: deny\n')).toEqual([
      '2:1 error directive expected YAML 1.2; found `%YAML 1.1`',
    ]);
  });
});
