import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { link, NO_PREVIOUS } from '../../src/adapters/audit/chain.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, run, start, temporaryFolder } from '../support/cli.ts';
import { httpAgent, stdioAgent } from '../support/clients.ts';
import { freePort } from '../support/redis.ts';

const VEND = 'fusionauth-vendjwtwithid';
const REVOKE = 'fusionauth-revokerefreshtokenbyidwithid';
const TENANT = 'd7d09513-a3f5-401c-9685-34ab6c552453';
const folder = temporaryFolder();
const running: Running[] = [];
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});
afterAll(async () => {
  await sandbox.close();
  folder.remove();
});

function file(name: string, content: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, content);
  return path;
}

async function serveHttp(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const all = ['serve', '--fusionauth', sandbox.url, '--http', '0', ...args];
  const proxy = start(args.includes('--audit') ? all : [...all, '--audit', 'off'], {
    FUSIONAUTH_API_KEY: sandbox.apiKey,
    ...env,
  });
  running.push(proxy);
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  return { proxy, url };
}

describe('serve that cannot start', () => {
  let taken: ReturnType<typeof createServer>;
  let port = 0;
  beforeAll(async () => {
    port = await freePort();
    taken = createServer().listen(port, '127.0.0.1');
  });
  afterAll(() => taken.close());

  const rows = [
    {
      name: 'a policy with errors',
      args: () => ['--policy', file('bad.yaml', 'tols: {}\n')],
      code: 3,
      says: /bad\.yaml:1:1: error: unknown key `tols`/,
    },
    {
      name: 'a policy that is not there',
      args: () => ['--policy', '/nowhere.yaml'],
      code: 2,
      says: /cannot read the policy `\/nowhere\.yaml`: there is no such file/,
    },
    {
      name: 'a port in use',
      args: () => ['--http', `${port}`],
      code: 1,
      says: /cannot listen on 127\.0\.0\.1:\d+: the port is in use/,
    },
    {
      name: 'a Redis that cannot be reached',
      args: () => ['--redis', 'redis://:hidden@127.0.0.1:1'],
      code: 1,
      says: /Redis at 127\.0\.0\.1:1 cannot be reached/,
    },
    { name: 'a Redis URL that is none', args: () => ['--redis', 'http://x'], code: 2, says: /redis:\/\// },
    {
      name: 'an audit that cannot be written',
      args: () => ['--audit', '/proc/nowhere/audit.jsonl'],
      code: 1,
      says: /audit/,
    },
    {
      name: 'a door that others can reach',
      args: () => ['--http', '0.0.0.0:0'],
      code: 2,
      says: /add `--allow-anonymous`/,
    },
    {
      name: 'an address that is none',
      args: () => ['--http', 'nine'],
      code: 2,
      says: /expected `--http` as `\[HOST:\]PORT`/,
    },
    {
      name: 'a tenant that is no UUID',
      args: () => ['--tenant', 'acme'],
      code: 2,
      says: /expected `--tenant` as a UUID/,
    },
    {
      name: 'a FusionAuth URL with a password',
      args: () => ['--fusionauth', 'http://u:hidden@x'],
      code: 2,
      says: /expected `--fusionauth`/,
    },
    { name: 'an unknown flag', args: () => ['--polcy', 'x'], code: 2, says: /unknown option `--polcy`/ },
    {
      name: 'an unknown command',
      args: () => [],
      command: 'sreve',
      code: 2,
      says: /unknown command `sreve`/,
    },
  ];

  it.each(rows)(
    'because of $name: one clear message and exit $code',
    async ({ args, code, says, command = 'serve' }) => {
      const ran = await run([
        command,
        ...(args().includes('--audit') || command !== 'serve' ? [] : ['--audit', 'off']),
        ...args(),
      ]);
      expect(ran).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(says) });
      expect(ran.stderr).not.toMatch(/\n\s+at |hidden/);
    },
  );
});

describe('serve over stdio', () => {
  it('says on stderr what is enforced, and on stdout nothing but frames, and ends at the end of its input', async () => {
    const input = '{"jsonrpc":"2.0","id":1,"method":"ping"}\nnot json\n';
    const ran = await run(['serve', '--sandbox', '--audit', 'off'], { input });
    expect(ran.code).toBe(0);
    const frames = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly id: number | null });
    expect(frames.toSorted((a, b) => (a.id ?? 0) - (b.id ?? 0))).toMatchObject([
      { jsonrpc: '2.0', id: null, error: { code: -32700 } },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]);
    expect(ran.stderr).toMatch(
      /^portcullis: enforcing \S+default\.yaml \(sha256:[0-9a-f]{12}\) on stdio; limits in memory; FusionAuth is the sandbox at /,
    );
    expect(ran.stderr).toContain('warning: limits are kept in memory');
    expect(ran.stderr).toContain('warning: the audit is off');
  });

  it('answers calls that are under way when its input ends', async () => {
    const frames = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } },
      },
      { id: 2, method: 'tools/call', params: { name: VEND, arguments: { body: {} } } },
    ];
    const input = frames.map((frame) => `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`).join('');
    const ran = await run(['serve', '--sandbox', '--audit', 'off'], { input });
    const last = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as object;
    expect(last).toMatchObject({ id: 2, result: { structuredContent: { token: expect.any(String) } } });
  });

  it('records what it did when nobody reads its output any more, and ends', async () => {
    const audit = join(folder.path, 'unheard.jsonl');
    const proxy = start(['serve', '--sandbox', '--audit', audit]);
    running.push(proxy);
    const { stdin, stdout } = proxy.child;
    const say = (frame: object) => stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`);
    const ended = new Promise((resolve) => proxy.child.once('exit', resolve));
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
    };
    say({ id: 0, method: 'initialize', params });
    await new Promise((resolve) => stdout.once('data', resolve));
    stdout.destroy();
    for (const id of [1, 2]) {
      say({ id, method: 'tools/call', params: { name: 'fusionauth-retrievejwtpublickey', arguments: {} } });
    }
    expect(await ended).toBe(0);
    const codes = readFileSync(audit, 'utf8').match(/"code":"\w+"/g);
    expect(codes).toEqual(['"code":"allowed"', '"code":"allowed"']);
  });

  it('knows the local user as the caller', async () => {
    const policy = file(
      'local.yaml',
      'default: deny\ngrants: [{ to: [{ path: identity.issuer, op: eq, value: local }], tools: [retrieveJwtPublicKey] }]\ntools: { retrieveJwtPublicKey: {} }\n',
    );
    const agent = await stdioAgent(['serve', '--sandbox', '--audit', 'off', '--policy', policy]);
    expect((await agent.call('fusionauth-retrievejwtpublickey', {})).isError).toBe(false);
    await agent.close();
  });
});

describe('serve without an API key', () => {
  it('warns, and answers a clear error where the key is needed, without a charge', async () => {
    const policy = file(
      'one.yaml',
      'default: deny\ntools: { vendJWTWithId: { rules: [{ rate_limit: 1/day }] } }\n',
    );
    const { proxy, url } = await serveHttp(['--policy', policy], { FUSIONAUTH_API_KEY: '' });
    expect(proxy.said()).toContain('warning: no FUSIONAUTH_API_KEY');
    const agent = await httpAgent(url);
    for (let i = 0; i < 2; i++) {
      expect(await agent.call(VEND, { body: {} })).toMatchObject({
        isError: true,
        text: expect.stringMatching(/FUSIONAUTH_API_KEY.*did not take effect/),
        decision: { code: 'upstream_unavailable', retryable: false },
      });
    }
    await agent.close();
  });

  it('takes the key from a file', async () => {
    const key = file('key', `${sandbox.apiKey}\n`);
    const { url } = await serveHttp([], { FUSIONAUTH_API_KEY: '', FUSIONAUTH_API_KEY_FILE: key });
    const agent = await httpAgent(url);
    expect((await agent.call(VEND, { body: {} })).isError).toBe(false);
    await agent.close();
  });
});

describe('serve --tenant', () => {
  it('sends every call for that tenant and refuses one for another', async () => {
    const tenant = sandbox.world.tenants[0]?.id ?? '';
    const { url } = await serveHttp(['--tenant', tenant]);
    const agent = await httpAgent(url);
    expect((await agent.call(VEND, { body: {} })).isError).toBe(false);
    expect(sandbox.arrivals.at(-1)).toMatchObject({ path: '/api/jwt/vend', tenantId: tenant });
    expect(await agent.call(VEND, { body: {}, tenantId: TENANT.replace('d7', 'd8') })).toMatchObject({
      decision: { code: 'invalid_arguments', violations: [{ path: 'args.tenantId' }] },
    });
    await agent.close();
  });
});

describe('serve whose policy file changes', () => {
  const open = 'default: deny\ntools: { vendJWTWithId: {} }\n';
  const shut =
    'default: deny\nhide: [createLogout]\ntools: { vendJWTWithId: { rules: [{ action: deny, reason: Shut. }] } }\n';

  const ways = [
    { name: 'is written over', write: (path: string, text: string) => writeFileSync(path, text) },
    {
      name: 'is replaced by rename',
      write: (path: string, text: string) => {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      },
    },
  ];

  it.each(ways)(
    'judges by the new one and tells clients that the tools changed, when it $name',
    async ({ write }) => {
      const policy = file('live.yaml', open);
      const { url } = await serveHttp(['--policy', policy]);
      const agent = await httpAgent(url);
      let changes = 0;
      const { ToolListChangedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
      agent.client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
        changes++;
      });
      expect((await agent.call(VEND, { body: {} })).isError).toBe(false);
      write(policy, shut);
      await expect
        .poll(async () => (await agent.call(VEND, { body: {} })).text, { timeout: 10_000 })
        .toBe('[POLICY DENIED] Shut.');
      await expect.poll(() => changes, { timeout: 10_000 }).toBe(1);
      expect((await agent.client.listTools()).tools).toHaveLength(10);
      await agent.close();
    },
  );

  it('refuses one with errors, says why, and keeps the one before', async () => {
    const policy = file('kept.yaml', shut);
    const { proxy, url } = await serveHttp(['--policy', policy]);
    const agent = await httpAgent(url);
    writeFileSync(policy, 'default: deny\ntols: {}\n');
    await proxy.says(/has errors and was refused.*unknown key `tols`/);
    expect((await agent.call(VEND, { body: {} })).text).toBe('[POLICY DENIED] Shut.');
    await agent.close();
  });

  const gone = [
    { name: 'is gone', replace: unlinkSync, says: /there is no such file; the policy before stays in force/ },
    {
      name: 'becomes a pipe',
      replace: (path: string) => {
        execFileSync('mkfifo', [`${path}.pipe`]);
        renameSync(`${path}.pipe`, path);
      },
      says: /to be a file; the policy before stays in force/,
    },
    {
      name: 'becomes a link to a folder',
      replace: (path: string) => {
        symlinkSync(folder.path, `${path}.link`);
        renameSync(`${path}.link`, path);
      },
      says: /to be a file; the policy before stays in force/,
    },
  ];
  it.each(gone)('keeps the one before when it $name, and follows it when it is there again', async (way) => {
    const policy = file('gone.yaml', shut);
    const { proxy, url } = await serveHttp(['--policy', policy]);
    const agent = await httpAgent(url);
    way.replace(policy);
    await proxy.says(way.says);
    expect((await agent.call(VEND, { body: {} })).text).toBe('[POLICY DENIED] Shut.');
    writeFileSync(`${policy}.new`, open);
    renameSync(`${policy}.new`, policy);
    await proxy.says(/policy reloaded/);
    expect((await agent.call(VEND, { body: {} })).isError).toBe(false);
    await agent.close();
  });
});

describe('the audit of serve', () => {
  it('records an intent before a token is minted and the end after it, and is opened anew at SIGHUP', async () => {
    const audit = join(folder.path, 'audit.jsonl');
    const { proxy, url } = await serveHttp(['--audit', audit]);
    const agent = await httpAgent(url);
    await agent.call(VEND, { body: {} });
    const records = () =>
      readFileSync(audit, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    await expect.poll(() => records().length).toBe(2);
    const [intent, end] = records();
    expect(intent).toMatchObject({
      intent: true,
      operation: 'vendJWTWithId',
      verdict: 'allow',
      upstream: null,
    });
    expect(end).toMatchObject({
      id: intent?.['id'],
      code: 'allowed',
      upstream: { status: 200 },
      prev: intent?.['hash'],
    });
    expect(end?.['intent']).toBeUndefined();
    renameSync(audit, `${audit}.1`);
    proxy.child.kill('SIGHUP');
    await expect.poll(() => existsSync(audit)).toBe(true);
    await agent.call(VEND, { body: {} });
    await expect.poll(() => records().length).toBe(2);
    expect(records()[0]?.['prev']).toBe(end?.['hash']);
    await agent.close();
  });

  it('is not opened anew by signals of other programs, which neither end the proxy nor open a debugger', async () => {
    const { proxy, url } = await serveHttp(['--audit', join(folder.path, 'signals.jsonl')]);
    for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
      proxy.child.kill(signal);
      await proxy.says(new RegExp(`${signal} does nothing here; SIGHUP opens`));
    }
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    expect(proxy.said()).not.toMatch(/debugger/i);
  });

  it('is needed for a mint or a revocation: without it they are not made, and cost nothing', async () => {
    const policy = file(
      'full.yaml',
      'default: allow\ntools: { vendJWTWithId: { rules: [{ rate_limit: 1/day }] } }\n',
    );
    const { proxy, url } = await serveHttp(['--policy', policy, '--audit', '/dev/full']);
    const agent = await httpAgent(url);
    const before = sandbox.arrivals.length;
    for (let i = 0; i < 2; i++)
      expect((await agent.call(VEND, { body: {} })).decision).toMatchObject({ code: 'internal_error' });
    expect((await agent.call(REVOKE, { tokenId: TENANT })).decision).toMatchObject({
      code: 'internal_error',
    });
    expect(sandbox.arrivals.length).toBe(before);
    expect((await agent.call('fusionauth-retrievejwtpublickey', {})).isError).toBe(false);
    expect(proxy.said()).toMatch(/audit/);
    await agent.close();
  });
});

describe('verify-audit', () => {
  const lines = async () => {
    const audit = join(folder.path, `verified-${Math.random()}.jsonl`);
    const { proxy, url } = await serveHttp(['--audit', audit]);
    const agent = await httpAgent(url);
    for (let i = 0; i < 3; i++) await agent.call(VEND, { body: {} });
    // Not every reader of lines takes this separator for a character like others.
    await agent.call(VEND, { body: { keyId: 'a\u2028b' } });
    await agent.close();
    await proxy.stop();
    return readFileSync(audit, 'utf8').trim().split('\n');
  };

  it('accepts an audit as it was written, and finds a record that was changed or taken out', async () => {
    const all = await lines();
    const whole = file('whole.jsonl', `${all.join('\n')}\n`);
    expect(await run(['verify-audit', whole])).toEqual({
      code: 0,
      stdout: '7 records in 1 chain, 0 unfinished lines\n',
      stderr: '',
    });
    const changed = file('changed.jsonl', all.join('\n').replace('"status":200', '"status":500'));
    expect(await run(['verify-audit', changed])).toMatchObject({
      code: 1,
      stdout: `${changed}:2: the line is not what was written\n`,
    });
    const shorter = file('shorter.jsonl', all.filter((_, i) => i !== 2).join('\n'));
    expect(await run(['verify-audit', shorter])).toMatchObject({
      code: 1,
      stdout: `${shorter}:3: the line before it, by its \`prev\`, is missing\n`,
    });
    const newer = file('newer.jsonl', all.slice(2).join('\n'));
    const hash = JSON.parse(all[1] ?? '').hash;
    expect(await run(['verify-audit', newer])).toEqual({
      code: 0,
      stdout: `5 records in 1 chain, 0 unfinished lines\nwhat came before the first record is not in this file: look for one that ends with the hash ${hash}\n`,
      stderr: '',
    });
    for (const text of ['', 'default: deny\n']) {
      const none = file('none.jsonl', text);
      const stdout = `no line of \`${none}\` is a record of an audit\n`;
      expect(await run(['verify-audit', none])).toEqual({ code: 1, stdout, stderr: '' });
    }
    expect(await run(['verify-audit', '/nowhere'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/there is no such file/),
    });
  });

  it('keeps no more of a line than its hash', async () => {
    const path = join(folder.path, 'long.jsonl');
    const note = 'x'.repeat(5_000);
    const lines: string[] = [];
    for (let [id, prev] = [0, NO_PREVIOUS]; id < 40_000; id++) {
      const { line, hash } = link(JSON.stringify({ id, note }), prev);
      lines.push(line);
      prev = hash;
    }
    writeFileSync(path, lines.join(''));
    const ran = await run(['verify-audit', path], { env: { NODE_OPTIONS: '--max-old-space-size=100' } });
    expect(ran).toEqual({ code: 0, stdout: '40000 records in 1 chain, 0 unfinished lines\n', stderr: '' });
  });

  it('reads what was rotated and packed, says in which file a line is, and takes no other file for an audit', async () => {
    const all = await lines();
    const text = (from: number, to: number) => `${all.slice(from, to).join('\n')}\n`;
    const packed = join(folder.path, 'packed.gz');
    writeFileSync(packed, gzipSync(text(0, 4)));
    const newer = file('newer.jsonl', text(4, 7));
    const stdout = '7 records in 1 chain, 0 unfinished lines\n';
    expect(await run(['verify-audit', packed, newer])).toEqual({ code: 0, stdout, stderr: '' });
    expect(await run(['verify-audit', packed, '-'], { input: text(4, 7) })).toEqual({
      code: 0,
      stdout,
      stderr: '',
    });
    const changed = file('changed.jsonl', text(4, 7).replace('"status":200', '"status":500'));
    expect((await run(['verify-audit', packed, changed])).stdout).toMatch(
      /changed\.jsonl:2: the line is not/,
    );
    expect(await run(['verify-audit', newer, packed])).toMatchObject({
      code: 1,
      stdout: `${packed}:4: a file before this one continues it; expected the oldest file first\n`,
    });
    const other = join(folder.path, 'packed.zst');
    writeFileSync(other, Buffer.from('28b52ffd0a0a0a41', 'hex'));
    expect(await run(['verify-audit', other, newer])).toEqual({
      code: 1,
      stdout: `no line of \`${other}\` is a record of an audit\n`,
      stderr: '',
    });
    const torn = file('torn.jsonl', '{"id":"a","at');
    expect(await run(['verify-audit', newer, torn])).toMatchObject({ code: 0 });
  });
});

describe('the metrics of serve', () => {
  it('count calls by tool and code, and never a name that an agent made up', async () => {
    const { url } = await serveHttp([]);
    const agent = await httpAgent(url);
    await agent.call(VEND, { body: {} });
    await agent.call(VEND, { planted: 1 });
    await agent.call('planted', {}).catch(() => undefined);
    const response = await fetch(new URL('/metrics', url));
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(text).toContain(`portcullis_calls_total{tool="${VEND}",code="allowed"} 1\n`);
    expect(text).toContain(`portcullis_calls_total{tool="${VEND}",code="invalid_arguments"} 1\n`);
    expect(text).toContain('portcullis_calls_total{tool="",code="unknown_tool"} 1\n');
    expect(text).toContain('portcullis_call_duration_seconds_count 3\n');
    expect(text).not.toContain('planted');
    await agent.close();
  });
});

describe('serve that is told to stop', () => {
  it('answers and records calls that are under way', async () => {
    const slow = await startSandbox({ delayMs: 700 });
    const audit = join(folder.path, 'stopped.jsonl');
    const { proxy, url } = await serveHttp(['--fusionauth', slow.url, '--audit', audit], {
      FUSIONAUTH_API_KEY: slow.apiKey,
    });
    const agent = await httpAgent(url);
    const call = agent.call(VEND, { body: {} });
    await expect.poll(() => slow.arrivals.length).toBe(1);
    expect(await proxy.stop()).toBe(0);
    expect((await call).isError).toBe(false);
    expect(readFileSync(audit, 'utf8')).toContain('"status":200');
    await agent.close();
    await slow.close();
  });

  it('takes nothing more at any door while one of them still has a call', async () => {
    const slow = await startSandbox({ delayMs: 1_000 });
    const settings = ['--fusionauth', slow.url, '--rest', '0', '--stdio'];
    const { proxy, url } = await serveHttp(settings, { FUSIONAUTH_API_KEY: slow.apiKey });
    const [, rest = ''] = await proxy.says(/ and (http:\S+\/v1)/);
    const call = fetch(`${rest}/api/jwt/vend`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    await expect.poll(() => slow.arrivals.length).toBe(1);
    const ended = proxy.stop();
    const isOpen = async () => (await fetch(new URL('/readyz', url)).catch(() => null))?.ok ?? false;
    await expect.poll(isOpen, { timeout: 500 }).toBe(false);
    expect((await call).status).toBe(200);
    expect(await ended).toBe(0);
    await slow.close();
  });
});
