import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder } from '../support/cli.ts';

/** A policy with something of everything. */
const POLICY = `default: deny
hide: [createLogout]
grants:
  - to: [{ path: identity.roles, op: contains, value: support }]
    tools: [vendJWTWithId, validateJWTWithId]
tools:
  vendJWTWithId:
    rules:
      - name: from a desk
        when: [{ path: call.transport, op: eq, value: http }]
        conditions: [{ path: identity.tenant, op: eq, value: acme }]
        on_deny: Only acme.
      - { name: two a minute, rate_limit: { max: 2, window: 60 } }
      - { name: watched, mode: observe, rate_limit: { max: 1, window: 60, per: identity } }
      - name: lifetime
        conditions: [{ path: state.vendJWTWithId.life, op: lte, value: 100 }]
        state: { counter: life, window: day, increment_from: args.body.timeToLiveInSeconds, per: identity }
  validateJWTWithId: {}
`;

/** A case a line: what differs from its expectation (nothing: it passes; \`given\`: a given call), and its keys. */
const CASES = `
 | BASE, expect: allow
 | BASE, expect: { allow, would: nothing }
verdict,code | BASE, expect: { deny: rate_limited }
 | call: fusionauth-createlogout, args: { refreshToken: r }, expect: { deny: unknown_tool }
 | CALL, expect: { deny: not_granted }
 | caller: ann, call: vendJWTWithId, args: { x: 1 }, expect: { deny: invalid_arguments }
 | caller: ann, call: vendJWTWithId, args: { body: { timeToLiveInSeconds: 1, claims: { constructor: 1 } } }, expect: { deny: invalid_arguments }
given | BASE, given: 1 call of vendJWTWithId, expect: allow
 | BASE, given: ONE, expect: { allow: true, would: rate_limited }
 | BASE, given: ONE, expect: { allow, would: { code: rate_limited, rule: watched } }
would | BASE, given: ONE, expect: { allow, would: nothing }
would_rule | BASE, given: ONE, expect: { allow, would: { code: rate_limited, rule: other } }
 | BASE, given: [ONE, ONE], expect: { deny: rate_limited, rule: two a minute, retry_after_s: 60 }
retry_after_s | BASE, given: [ONE, ONE], expect: { deny: rate_limited, retry_after_s: 59 }
rule | BASE, given: [ONE, ONE], expect: { deny: rate_limited, rule: lifetime }
given | BASE, given: [{ CALL, times: 3 }], expect: { deny: rate_limited }
 | BASE, given: [{ CALL, times: 2, session: other }], expect: allow
 | BASE, session: other, given: [{ CALL, times: 2, session: other }], expect: { deny: rate_limited }
 | BASE, given: [{ CALL, times: 2, caller: bea }], expect: { allow, would: nothing }
 | BASE, given: [{ CALL, times: 2 }, { CALL, expect: { deny: rate_limited } }], expect: { deny: rate_limited }
given | BASE, given: [{ CALL, expect: { deny: rate_limited } }], expect: allow
 | BASE, given: [{ CALL, times: 2, at: "2026-01-01T22:59:00Z" }], expect: allow
 | BASE, given: [{ CALL, times: 2, at: "2026-01-01T22:59:01Z" }], expect: { deny: rate_limited, retry_after_s: 1 }
 | BASE, given: [{ CALL, times: 2, outcome: unreached }], expect: allow
 | BASE, given: [{ CALL, times: 2, outcome: upstream_error }], expect: { deny: rate_limited }
 | BASE, given: [{ CALL, times: 2, outcome: unreached, settled_at: "2026-01-01T23:00:01Z" }], expect: { deny: rate_limited }
 | BASE, given: [{ CALL, at: "2026-01-01T22:59:50Z", times: 2, outcome: unreached, settled_at: "2026-01-01T23:00:00Z" }], expect: allow
 | BASE, transport: http, expect: allow
 | caller: eve, CALL, transport: http, expect: { deny: condition_failed, rule: from a desk, reason: Only acme. }
reason | caller: eve, CALL, transport: http, expect: { deny: condition_failed, reason: Only us. }
 | caller: eve, CALL, expect: allow
 | BASE, transport: rest, given: [{ CALL, times: 2, session: other }], expect: { deny: rate_limited }
 | BASE, given: [{ call: vendJWTWithId, args: { body: { timeToLiveInSeconds: 91 } } }], expect: { deny: budget_exceeded, rule: lifetime, retry_after_s: 3600 }
`;
const SHORTHANDS: Readonly<Record<string, string>> = {
  BASE: 'caller: ann, CALL, at: "2026-01-01T23:00:00Z"',
  ONE: "'1 call of vendJWTWithId { body: { timeToLiveInSeconds: 10 } }'",
  CALL: 'call: vendJWTWithId, args: { body: { timeToLiveInSeconds: 10 } }',
};
const cases = CASES.trim()
  .split('\n')
  .map((line) => {
    const [differs = '', keys = ''] = ` ${line}`.split('| ');
    const written = Object.keys(SHORTHANDS).reduce(
      (text, name) => text.replaceAll(name, SHORTHANDS[name] ?? ''),
      keys,
    );
    return { differs: differs.trim(), keys, written };
  });
const TESTS = `policy: policy.yaml
callers:
  ann: { sub: ann, tenant: acme, roles: [support] }
  bea: { sub: bea, roles: [support] }
  eve: { sub: eve, roles: [support] }
cases:
${cases.map(({ written }, i) => `  - { name: c${i}, ${written} }\n`).join('')}`;

interface CaseReport {
  readonly passed: boolean;
  readonly given: string | null;
  readonly differing?: readonly string[];
}

describe('a case', () => {
  const folder = temporaryFolder();
  let reports: readonly CaseReport[] = [];
  beforeAll(async () => {
    writeFileSync(join(folder.path, 'policy.yaml'), POLICY);
    writeFileSync(join(folder.path, 'policy.test.yaml'), TESTS);
    const ran = await run(['test', folder.path, '--json']);
    const { files } = JSON.parse(ran.stdout) as {
      readonly files: readonly { cases: readonly CaseReport[] }[];
    };
    reports = files[0]?.cases ?? [];
  });
  afterAll(() => folder.remove());

  it.each(cases.map(({ keys, differs }, i) => [keys, differs, i] as const))('%s', (_keys, differs, i) => {
    const { passed, given, differing = [] } = reports[i] ?? { passed: false, given: 'missing' };
    expect(given === null ? differing.join() : 'given').toBe(differs);
    expect(passed).toBe(differs === '');
  });

  it('that fails by a given call says which one, and what to write where that is meant', async () => {
    const { stdout } = await run(['test', 'policy.test.yaml'], { cwd: folder.path });
    const at = cases.findIndex(({ keys }) => keys.includes('times: 3'));
    const line = at + 7;
    expect(stdout).toContain(`  ✗ c${at} (policy.test.yaml:${line}, given call on line ${line}, 3 of 3)\n`);
    expect(stdout).toContain('where it is meant to be denied, give it an `expect`.\n');
  });
});

const BUDGET = `default: deny
tools:
  vendJWTWithId:
    rules:
      - name: budget
        conditions: [{ path: state.vendJWTWithId.life, op: lte, value: 100 }]
        state: { counter: life, window: day, increment_from: args.body.timeToLiveInSeconds }
      - { name: ann, conditions: [{ path: identity.sub, op: eq, value: ann }] }
`;
const TOO_MUCH = `policy: budget.yaml
callers: { ann: { sub: ann }, nobody: {} }
cases:
  - name: too much at once, and nobody
    given:
      - call: vendJWTWithId
        args: { body: { timeToLiveInSeconds: 101 } }
        caller: ann
        expect: { deny: budget_exceeded }
    caller: nobody
    call: vendJWTWithId
    args: { body: { timeToLiveInSeconds: 1 } }
    expect: { deny: condition_failed, rule: ann }
`;

describe('coverage', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('takes unknown for neither, and a limit as used up only for the call that it stopped', async () => {
    writeFileSync(join(folder.path, 'budget.yaml'), BUDGET);
    writeFileSync(join(folder.path, 'budget.test.yaml'), TOO_MUCH);
    const ran = await run(['test', 'budget.test.yaml', '--coverage'], { cwd: folder.path });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout.split('\n').slice(3)).toEqual([
      'coverage of budget.yaml: 83 % (rules 4 of 4, conditions 1 of 2)',
      '  budget.yaml:8: ann, `identity.sub eq "ann"`: never seen not holding',
      '',
    ]);
  });
});
