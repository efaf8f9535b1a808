import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/catalog/operations.ts';
import type { AuditRecord, JsonObject } from '../../../src/model/index.ts';
import { Observations } from '../../../src/cli/init/observations.ts';
import { planProposal } from '../../../src/cli/init/propose.ts';
import type { Plan } from '../../../src/cli/init/plan.ts';
import { policyText, targetsOf, writePlan } from '../../../src/cli/init/write.ts';
import { runTests } from '../../../src/cli/run-cases.ts';
import { loadTests } from '../../../src/cli/test-files.ts';
import { temporaryFolder } from '../../support/cli.ts';
import { callParser } from '../../../src/pipeline/parse-call.ts';
import { openBench } from '../../policy/support.ts';
import { openLine } from '../../support/line.ts';

const ID = '0abe7139-0000-4000-8000-000000000002';
const OTHER = '0abe7139-0000-4000-8000-00000000000A';
const NOON = Date.UTC(2026, 0, 1, 12);

interface Made {
  readonly tool: string;
  readonly args: JsonObject;
  readonly sub: string;
  readonly session: string | null;
  /** Milliseconds after noon. */
  readonly at: number;
}

const line = openLine({ policy: 'default: allow\n' });
const parse = callParser(operations, null);

/** The audit's records of calls that a policy without rules lets through. */
async function recordsOf(calls: readonly Made[]): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = [];
  for (const { tool, args, sub, session, at } of calls) {
    const walked = await line.call(tool, args, { caller: { identity: { sub }, session } });
    for (const record of walked.records) records.push({ ...record, at: new Date(NOON + at).toISOString() });
  }
  return records;
}

function planFor(records: readonly AuditRecord[]): Plan {
  const observed = new Observations(parse);
  for (const record of records) observed.add(record);
  observed.finish();
  return planProposal(observed);
}

function proposalFor(records: readonly AuditRecord[]): string {
  return policyText(planFor(records));
}

const claims = fc.dictionary(
  fc.constantFrom('sub', 'level', 'roles', 'a # b: "c"', 'nested'),
  fc.oneof(
    fc.constantFrom('ann', 'x: #', 'ü\n', '', 5, 0.25, true, null, 'e'.repeat(250)),
    fc.array(fc.constantFrom('admin', 'user', 7), { maxLength: 3 }),
    fc.record({ deep: fc.integer({ min: -3, max: 3 }) }),
  ),
) as fc.Arbitrary<JsonObject>;
const args: Readonly<Record<string, fc.Arbitrary<JsonObject>>> = {
  vendjwtwithid: fc.record(
    {
      body: fc.record(
        { claims, timeToLiveInSeconds: fc.integer({ min: 1, max: 900 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ) as fc.Arbitrary<JsonObject>,
  deletejwtrefresh: fc.constantFrom<JsonObject>(
    { userId: OTHER },
    { body: { userId: ID } },
    { token: 'abc' },
    { token: 'x', body: {} },
    { applicationId: ID, userId: ID, body: { eventInfo: { os: 'a' } } },
  ),
  validatejwtwithid: fc.record({
    encodedJWT: fc.constantFrom('a.b.c', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.'),
  }) as fc.Arbitrary<JsonObject>,
};
const call: fc.Arbitrary<Made> = fc.constantFrom(...Object.keys(args)).chain((name) =>
  fc.record({
    tool: fc.constant(`fusionauth-${name}`),
    args: args[name] ?? fc.constant({}),
    sub: fc.constantFrom('ann', 'bob'),
    session: fc.constantFrom('s1', 's2', 's3', null),
    at: fc.oneof(
      fc.integer({ min: 0, max: 7_200_000 }),
      fc.integer({ min: 0, max: 40 }).map((n) => n * 15_000),
    ),
  }),
);

describe('the policy proposed for recorded calls', () => {
  it('allows every one of them again, in the order of their times, and no tool that was not used', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 25 }), async (calls) => {
        const text = proposalFor(await recordsOf(calls));
        const bench = openBench(text);
        for (const { tool, args: sent, sub, session, at } of calls.toSorted((a, b) => a.at - b.at)) {
          const judgement = await bench.call(tool, sent, { identity: { sub }, session, at: at / 1000 });
          expect(judgement).toMatchObject({ verdict: 'allow', would: null });
        }
        for (const { name } of operations.filter((each) => !calls.some(({ tool }) => tool === each.name)))
          expect(await bench.call(name)).toMatchObject({ code: 'not_listed' });
      }),
      { seed: 20261125, numRuns: 30 },
    );
  });

  it('has tests that pass', async () => {
    const folder = temporaryFolder();
    const targets = targetsOf(join(folder.path, 'p.yaml'));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 15 }), async (calls) => {
        writePlan(planFor(await recordsOf(calls)), targets, true);
        const loaded = loadTests([targets.tests], 'known');
        if (!loaded.ok) throw new Error(loaded.lines.join('\n'));
        const { files } = await runTests(loaded.files, { tools: 'known', secret: null });
        expect(files.flatMap(({ cases }) => cases.filter(({ passed }) => !passed))).toEqual([]);
      }),
      { seed: 20261126, numRuns: 8 },
    );
    folder.remove();
  });

  const vend = (body: JsonObject, more: Partial<Made> = {}): Made => {
    return { tool: 'fusionauth-vendjwtwithid', args: { body }, sub: 'ann', session: 's', at: 0, ...more };
  };
  const seen = [
    vend({ claims: { sub: 'ann' }, timeToLiveInSeconds: 60 }),
    vend({ claims: { sub: 'ann' }, timeToLiveInSeconds: 300 }, { at: 1000 }),
    vend({ claims: { sub: 'ann' }, timeToLiveInSeconds: 300 }, { at: 200_000 }),
  ];
  const rows = [
    {
      name: 'a smaller number',
      body: { claims: { sub: 'ann' }, timeToLiveInSeconds: 59 },
      code: 'invalid_arguments',
    },
    {
      name: 'a larger number',
      body: { claims: { sub: 'ann' }, timeToLiveInSeconds: 301 },
      code: 'invalid_arguments',
    },
    {
      name: 'another value',
      body: { claims: { sub: 'bob' }, timeToLiveInSeconds: 60 },
      code: 'invalid_arguments',
    },
    {
      name: 'another name',
      body: { claims: { sub: 'ann', roles: ['x'] }, timeToLiveInSeconds: 60 },
      code: 'invalid_arguments',
    },
    { name: 'a member less', body: { claims: { sub: 'ann' } }, code: 'invalid_arguments' },
    {
      name: 'an argument that nobody gave',
      body: { claims: { sub: 'ann' }, timeToLiveInSeconds: 60, keyId: ID },
      code: 'invalid_arguments',
    },
  ];
  it.each(rows)('denies $name', async ({ body, code }) => {
    const bench = openBench(proposalFor(await recordsOf(seen)));
    expect(await bench.call('vendJWTWithId', { body })).toMatchObject({ verdict: 'deny', code });
  });

  it('denies one call more than there were in a minute, and in an hour', async () => {
    const bench = openBench(proposalFor(await recordsOf(seen)));
    const body = { claims: { sub: 'ann' }, timeToLiveInSeconds: 60 };
    const at = async (seconds: number) => {
      const judgement = await bench.call('vendJWTWithId', { body }, { at: seconds });
      return judgement.verdict === 'deny' ? judgement.rule : judgement.verdict;
    };
    expect([await at(0), await at(1), await at(2), await at(200), await at(400)]).toEqual([
      'allow',
      'allow',
      '2 in a minute',
      'allow',
      '3 in an hour',
    ]);
  });

  const secret = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
  const secrets = [
    { name: 'at the place of one', tool: 'validatejwtwithid', sent: { encodedJWT: 'plain-text' } },
    { name: 'as a value', tool: 'vendjwtwithid', sent: { body: { claims: { token: secret } } } },
    { name: 'as a name', tool: 'vendjwtwithid', sent: { body: { claims: { [secret]: 'x' } } } },
    { name: 'as a fingerprint', tool: 'vendjwtwithid', sent: { body: { claims: { token: 'hmac:0123' } } } },
  ];
  it.each(secrets)(
    'has no secret in it that stood $name, even where no proxy wrote the record',
    async ({ tool, sent }) => {
      const made = { tool: `fusionauth-${tool}`, sub: 'ann', session: 's', at: 0 };
      const [record] = await recordsOf([
        { ...made, args: { encodedJWT: 'a.b.c' } },
        { ...made, args: {} },
      ]);
      if (record === undefined) throw new Error('nothing was recorded');
      const text = proposalFor([
        { ...record, intent: true, id: 'x', verdict: 'allow', code: 'allowed', args: sent },
      ]);
      expect(text).toContain('arguments:');
      expect(text).not.toMatch(/eyJ|hmac:|plain-text/);
    },
  );

  it('counts a call that began and never ended, and not one that was refused after all', async () => {
    const records = await recordsOf([vend({}), vend({}, { at: 1000 })]);
    const intents = records.filter(({ intent }) => intent === true);
    const refused = { ...records[1], verdict: 'deny', code: 'internal_error' } as AuditRecord;
    expect(proposalFor([...intents, refused])).toMatch(
      /^# .* the 1 call of 1 caller(?:.*\n)+# 1 denied call .*\n# 1 call that began/,
    );
  });
});
