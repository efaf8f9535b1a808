import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, run, start, temporaryFolder } from '../support/cli.ts';
import { type Agent, httpAgent } from '../support/clients.ts';
import { freePort } from '../support/redis.ts';
import { SECRET, startTokens, type TestTokens } from '../support/tokens.ts';

const VEND = 'fusionauth-vendjwtwithid';
const KEY = 'fusionauth-retrievejwtpublickey';
const DELETE = 'fusionauth-deletejwtrefresh';
const DIRECTORY = `
tenants:
  acme:
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { backend: {} } } }
`;
const ASK = {
  client_id: 'backend',
  email_id: 'anna@acme.example',
  project_id: 'billing',
  secret_id: SECRET,
  tenant_id: 'acme',
};

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Calls that mint, read and are denied, a token, and whether the proxy counts itself as ready. */
interface Seen {
  readonly mint: unknown;
  readonly read: unknown;
  readonly denied: unknown;
  readonly token: number;
  readonly ready: number;
  /** How many calls that mint reached FusionAuth so far. */
  readonly minted: number;
}

const GOOD = { mint: 'allowed', read: 'allowed', denied: 'denied_by_rule', token: 200, ready: 200 };
const BAD = { mint: 'internal_error', read: 'allowed', denied: 'denied_by_rule', token: 500, ready: 503 };

/** A proxy with every kind of line in its audit, beside FusionAuth's sandbox. */
async function open(): Promise<{
  readonly tokens: TestTokens;
  readonly url: string;
  look(): Promise<Seen>;
}> {
  const sandbox = await startSandbox();
  ends.push(() => sandbox.close());
  const http = await freePort();
  const tokens = await startTokens(DIRECTORY, {
    secrets: `acme/billing/backend ${SECRET}`,
    args: ['--http', `${http}`, '--fusionauth', sandbox.url],
    env: { FUSIONAUTH_API_KEY: sandbox.apiKey },
  });
  ends.push(() => tokens.stop());
  const url = `http://127.0.0.1:${http}/mcp`;
  const agent = await httpAgent(url);
  ends.push(() => agent.close());
  return { tokens, url, look: () => look(agent, tokens, url, sandbox) };
}

async function look(agent: Agent, tokens: TestTokens, url: string, sandbox: Sandbox): Promise<Seen> {
  const end = async (tool: string, args: Record<string, unknown>) => {
    const { isError, decision } = await agent.call(tool, args);
    return isError ? decision['code'] : 'allowed';
  };
  const seen = {
    mint: await end(VEND, { body: {} }),
    read: await end(KEY, {}),
    denied: await end(DELETE, { userId: '7d3f2a10-0c2b-4d8e-9d35-2f6a5a0b1c11' }),
    token: (await tokens.post('/auth/user/generateToken', ASK)).status,
  };
  const ready = await fetch(new URL('/readyz', url));
  if (ready.status === 503)
    expect(await ready.json()).toMatchObject({ reasons: ['the audit cannot be written'] });
  const minted = sandbox.arrivals.filter(({ path }) => path === '/api/jwt/vend').length;
  return { ...seen, ready: ready.status, minted };
}

const isReady = (url: string) =>
  expect.poll(async () => (await fetch(new URL('/readyz', url))).status, { timeout: 30_000 }).toBe(200);

const codesIn = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => {
      const { event, code, intent, lost } = JSON.parse(line);
      return intent === true ? [] : [lost === undefined ? (event ?? code) : 'lost'];
    });

it('a full disk: nothing is minted and no token issued that is not recorded, reads go on, and it heals', {
  timeout: 120_000,
}, async () => {
  const { tokens, url, look } = await open();
  expect(await look()).toEqual({ ...GOOD, minted: 1 });
  const limit = (bytes: string) => {
    execFileSync('prlimit', ['--pid', `${tokens.running.child.pid}`, `--fsize=${bytes}:unlimited`]);
  };
  // A line of which a part still fits: what is unfinished must not hide what comes after.
  limit(`${statSync(tokens.audit).size + 100}`);
  expect(await look()).toEqual({ ...BAD, minted: 1 });
  expect(await look()).toEqual({ ...BAD, minted: 1 });
  limit('unlimited');
  await isReady(url);
  expect(await look()).toEqual({ ...GOOD, minted: 2 });
  await tokens.running.stop();
  const { stdout, code } = await run(['verify-audit', tokens.audit]);
  expect([code, stdout]).toEqual([0, expect.stringMatching(/in 1 chain, 1 unfinished line/)]);
  const whole = readFileSync(tokens.audit, 'utf8').replace(/^(?!.*"hash":"[0-9a-f]{64}"\}$).*\n/gm, '');
  expect(whole.match(/"verdict":"(allow|deny)"(?!.*"intent":true)/g)?.length).toBe(12);
});

it('a removed file is begun anew under its name, and told', { timeout: 120_000 }, async () => {
  const { tokens, look } = await open();
  await look();
  unlinkSync(tokens.audit);
  expect(await look()).toEqual({ ...GOOD, minted: 2 });
  expect(tokens.running.said()).toContain('the audit was begun anew');
  await tokens.running.stop();
  expect(codesIn(tokens.audit)).toEqual(['allowed', 'allowed', 'denied_by_rule', 'token_issued']);
});

it('a rotated file is left alone until the signal, and no line is lost', { timeout: 120_000 }, async () => {
  const { tokens, look } = await open();
  await look();
  const old = `${tokens.audit}.1`;
  renameSync(tokens.audit, old);
  await look();
  expect(existsSync(tokens.audit)).toBe(false);
  tokens.running.child.kill('SIGHUP');
  await expect.poll(() => existsSync(tokens.audit), { timeout: 30_000 }).toBe(true);
  expect(await look()).toEqual({ ...GOOD, minted: 3 });
  await tokens.running.stop();
  expect([codesIn(old).length, codesIn(tokens.audit).length]).toEqual([8, 4]);
  expect((await run(['verify-audit', old, tokens.audit])).code).toBe(0);
});

it('a stream that nobody reads: mints end in time, all else goes on, and the proxy stops when told', {
  timeout: 120_000,
}, async () => {
  const sandbox = await startSandbox();
  ends.push(() => sandbox.close());
  const proxy = start(['serve', '--http', '0', '--audit', '-', '--fusionauth', sandbox.url], {
    FUSIONAUTH_API_KEY: sandbox.apiKey,
  });
  ends.push(() => proxy.stop());
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  const agent = await httpAgent(url);
  ends.push(() => agent.close());
  proxy.child.stderr.pause();
  await fill(agent);
  const mints = () => sandbox.arrivals.filter(({ path }) => path === '/api/jwt/vend').length;
  const before = mints();
  const { decision, text } = await agent.call(VEND, { body: {} });
  expect([decision['code'], mints()]).toEqual(['internal_error', before]);
  expect(text).toContain('The audit cannot be written');
  expect((await agent.call(KEY, {})).isError).toBe(false);
  expect((await fetch(new URL('/readyz', url))).status).toBe(503);
  await checkStops(proxy);
});

it('a file that takes nothing: the proxy stops when told, though a write of it never ends', {
  timeout: 120_000,
}, async () => {
  const sandbox = await startSandbox();
  ends.push(() => sandbox.close());
  const folder = temporaryFolder();
  ends.push(async () => folder.remove());
  const pipe = join(folder.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const reader = spawn('cat', [pipe], { stdio: 'ignore' });
  ends.push(async () => reader.kill('SIGKILL'));
  const args = ['serve', '--http', '0', '--audit', pipe, '--fusionauth', sandbox.url];
  const proxy = start(args, { FUSIONAUTH_API_KEY: sandbox.apiKey });
  ends.push(async () => proxy.child.kill('SIGKILL'));
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  const agent = await httpAgent(url);
  reader.kill('SIGSTOP');
  await fill(agent);
  await agent.close();
  await Promise.race([
    proxy.stop(),
    new Promise((_, fail) => setTimeout(fail, 20_000, new Error('it did not stop'))),
  ]);
  expect(proxy.said()).toMatch(/the audit was closed with \d+ lines that could not be written/);
});

/** Lines with large arguments, more than a pipe, our reader and Node hold of what is not read. */
async function fill(agent: Agent): Promise<void> {
  const large = { planted: 'x'.repeat(100_000), userId: 'y'.repeat(100_000) };
  for (let i = 0; i < 400; i++) await agent.call(DELETE, large);
}

async function checkStops(proxy: Running): Promise<void> {
  const code = await Promise.race([
    proxy.stop(),
    new Promise((_, fail) => setTimeout(fail, 20_000, new Error('it did not stop'))),
  ]);
  expect(code).toBe(0);
}
