import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digestOf } from '../../src/policy/fingerprint.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { type Agent, httpAgent } from '../support/clients.ts';

const CONNECTIONS = 64;
const KEY = 'fusionauth-retrievejwtpublickey';
const VEND = 'fusionauth-vendjwtwithid';
const DELETE = 'fusionauth-deletejwtrefresh';
const CALLS: readonly (readonly [string, Record<string, unknown>])[] = [
  [KEY, {}],
  [VEND, { body: {} }],
  [DELETE, { token: 'planted' }],
];

/** Each allows what the other forbids; both forbid DELETE. */
const OLD = `default: deny\ntools:\n  retrieveJwtPublicKey: {}\n  vendJWTWithId: { rules: [{ action: deny, reason: old }] }\n`;
const NEW = `default: deny\ntools:\n  vendJWTWithId: {}\n  retrieveJwtPublicKey: { rules: [{ action: deny, reason: new }] }\n`;
const BAD = `${NEW}  deleteJwtRefresh: { roles: [] }\n`;
const VERDICTS = new Map([
  [`${digestOf(OLD)} ${KEY}`, 'allowed'],
  [`${digestOf(OLD)} ${VEND}`, 'denied_by_rule'],
  [`${digestOf(OLD)} ${DELETE}`, 'not_listed'],
  [`${digestOf(NEW)} ${KEY}`, 'denied_by_rule'],
  [`${digestOf(NEW)} ${VEND}`, 'allowed'],
  [`${digestOf(NEW)} ${DELETE}`, 'not_listed'],
]);

const folder = temporaryFolder();
const policy = join(folder.path, 'policy.yaml');
const audit = join(folder.path, 'audit.jsonl');
let sandbox: Sandbox;
let proxy: Running;
let agents: readonly Agent[];

/** As an editor or a deployment replaces a file: whole. */
function replacePolicy(text: string): void {
  writeFileSync(`${policy}.new`, text);
  renameSync(`${policy}.new`, policy);
}

beforeAll(async () => {
  sandbox = await startSandbox();
  replacePolicy(OLD);
  const where = ['--policy', policy, '--audit', audit, '--fusionauth', sandbox.url];
  proxy = start(['serve', '--http', '0', ...where], { FUSIONAUTH_API_KEY: sandbox.apiKey });
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  agents = await Promise.all(Array.from({ length: CONNECTIONS }, () => httpAgent(url)));
});
afterAll(async () => {
  for (const agent of agents) await agent.close();
  await proxy.stop();
  await sandbox.close();
  folder.remove();
});

it('every call is judged wholly by one policy while files change, and is answered and recorded as that one says', {
  timeout: 120_000,
}, async () => {
  const answered: { tool: string; code: unknown; policy: unknown }[] = [];
  let isOver = false;
  const load = agents.map(async (agent, i) => {
    for (let n = i; !isOver; n++) {
      const [tool, args] = CALLS[n % CALLS.length] ?? CALLS[0] ?? [KEY, {}];
      const { isError, decision } = await agent.call(tool, args);
      answered.push({ tool, code: isError ? decision['code'] : 'allowed', policy: decision['policy'] });
      // Signals open the audit anew meanwhile.
      if (answered.length % 500 === 0) proxy.child.kill('SIGHUP');
    }
  });
  for (const [text, says] of [
    [NEW, `policy reloaded.*${digestOf(NEW)}`],
    [BAD, 'has errors and was refused'],
    [OLD, `policy reloaded.*${digestOf(OLD)}`],
  ] as const) {
    replacePolicy(text);
    await expect.poll(() => proxy.said(), { timeout: 30_000 }).toMatch(new RegExp(says));
    const before = answered.length;
    await expect.poll(() => answered.length, { timeout: 30_000 }).toBeGreaterThan(before + CONNECTIONS);
  }
  isOver = true;
  await Promise.all(load);
  await proxy.stop();

  const lines = readFileSync(audit, 'utf8').trim().split('\n');
  const records = lines.map((line) => JSON.parse(line)).filter(({ intent }) => intent !== true);
  const judged = records.map(({ tool, code, policy: digest }) => [`${digest} ${tool}`, code]);
  expect(judged.filter(([of, code]) => VERDICTS.get(of) !== code)).toEqual([]);
  // Each policy judged each tool, and nothing of the bad one did.
  expect(new Set(judged.map(([of]) => of))).toEqual(new Set(VERDICTS.keys()));
  const tally = (all: readonly { tool: string; code: unknown }[]) =>
    all.map(({ tool, code }) => `${tool} ${code}`).sort();
  expect(tally(records)).toEqual(tally(answered));
  const denials = answered.filter(({ code }) => code !== 'allowed');
  expect(
    denials.filter(({ tool, code, policy: digest }) => VERDICTS.get(`${digest} ${tool}`) !== code),
  ).toEqual([]);
  const reached = (path: string) => sandbox.arrivals.filter((one) => one.path === path).length;
  const allowed = (tool: string) =>
    records.filter((one) => one.tool === tool && one.code === 'allowed').length;
  expect(reached('/api/jwt/vend')).toBe(allowed(VEND));
  expect(reached('/api/jwt/refresh')).toBe(0);
});
