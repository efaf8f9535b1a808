import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, start, temporaryFolder } from '../support/cli.ts';
import { httpAgent } from '../support/clients.ts';
import { writePolicy } from '../support/policies.ts';

const VEND = 'fusionauth-vendjwtwithid';
const LOGOUT = 'fusionauth-createlogout';
const policyOf = (max: number, vend = '') => `default: deny
tools:
  vendJWTWithId: { rules: [${vend}{ rate_limit: { max: ${max}, window: 3600 } }] }
  createLogout: { rules: [{ action: deny }] }
`;
const folder = temporaryFolder();
const audit = join(folder.path, 'audit.jsonl');
const policy = writePolicy(folder.path, policyOf(3));

/** What an agent does: five mints of which the limit allows three, one that is not valid, and two denied calls. */
beforeAll(async () => {
  const proxy = start(['serve', '--sandbox', '--http', '0', '--policy', policy, '--audit', audit]);
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  const agent = await httpAgent(url);
  const vended: boolean[] = [];
  await agent.call(VEND, { body: { nothing: 1 } });
  for (let i = 0; i < 5; i++) {
    const { isError } = await agent.call(VEND, { body: { claims: { n: i }, timeToLiveInSeconds: 60 + i } });
    vended.push(!isError);
  }
  for (let i = 0; i < 2; i++) await agent.call(LOGOUT, { refreshToken: 'secret-refresh-token' });
  await agent.close();
  expect(await proxy.stop()).toBe(0);
  expect(vended).toEqual([true, true, true, false, false]);
});
afterAll(() => folder.remove());

async function replay(text: string) {
  const candidate = writePolicy(folder.path, text);
  const ran = await run(['replay', '--json', '--policy', candidate, audit]);
  return { code: ran.code, stderr: ran.stderr, ...JSON.parse(ran.stdout) };
}

describe('the audit of a proxy, replayed', () => {
  it('changes nothing under the policy that it was written under', async () => {
    expect(await replay(policyOf(3))).toMatchObject({
      code: 0,
      stderr: '',
      calls: 8,
      unchanged: 8,
      intents: 3,
      unended: 0,
      problems: 0,
    });
  });

  it('lists what a stricter policy would have denied, and by which rule', async () => {
    const longest = '{ conditions: [{ path: args.body.timeToLiveInSeconds, op: lte, value: 60 }] }, ';
    const report = await replay(policyOf(3, longest));
    expect(report).toMatchObject({ calls: 8, newly_denied: { count: 2 } });
    expect(report.newly_denied.by_rule).toMatchObject([
      {
        name: 'condition_failed by vendJWTWithId#1',
        count: 2,
        examples: [
          { tool: VEND, before: [{ code: 'allowed' }] },
          { tool: VEND, before: [{ code: 'allowed' }] },
        ],
      },
    ]);
    const ids = readFileSync(audit, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    for (const { line, id } of report.newly_denied.by_rule[0].examples) expect(ids[line - 1]).toBe(id);
  });

  it('lists what a wider limit would have allowed, and what a narrower one would have denied', async () => {
    const [wider, narrower] = [await replay(policyOf(5)), await replay(policyOf(2))];
    expect(wider).toMatchObject({ unchanged: 6, newly_allowed: { count: 2 } });
    expect(narrower).toMatchObject({ unchanged: 7, newly_denied: { count: 1 } });
  });
});
