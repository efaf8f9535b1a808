import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type TestRedis } from '../test/support/redis.ts';
import type { Act, DoorName, ReadyTheme } from './attack.ts';
import type { Door } from './door.ts';
import { openHttp, openRest } from './http-doors.ts';
import { openStdio } from './stdio-door.ts';

/** A proxy under attack. */
export interface Target {
  readonly door: Door;
  act(act: Act): Promise<void>;
  close(): Promise<void>;
}

const bin = resolve(import.meta.dirname, '../bin/portcullis.js');
/** A policy that changed is in force within a second and a half (docs/policy.md, "Reload"). */
const RELOAD_MS = 1800;

/** Our own proxy with this one door, under the policy of a theme, in front of the upstream. */
export async function openOwn(theme: ReadyTheme, door: DoorName, upstream: string): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-bypass-'));
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, theme.policy);
  const redis = theme.redis === undefined ? null : await startRedis();
  const args = [
    'serve',
    '--policy',
    policy,
    '--fusionauth',
    upstream,
    '--audit',
    join(folder, 'audit.jsonl'),
  ];
  if (redis !== null) args.push('--redis', redis.url);
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', FUSIONAUTH_API_KEY: 'bypass-key' };
  const opened = await openDoor(args, env, door);
  return {
    door: opened.door,
    act: (act) => carryOut(act, policy, redis),
    async close() {
      await opened.close();
      await redis?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openDoor(args: readonly string[], env: Readonly<Record<string, string>>, name: DoorName) {
  if (name === 'stdio') {
    const door = await openStdio([process.execPath, bin, ...args], env);
    return { door, close: () => door.close() };
  }
  const child = spawn(process.execPath, [bin, ...args, `--${name}`, '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const url = new URL(await urlOf(child));
  const door = name === 'http' ? await openHttp(url) : openRest(url);
  return {
    door,
    async close() {
      const ended = new Promise((done) => child.once('close', done));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function urlOf(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((done, fail) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const url = / on (http:\/\/\S+?)[; ]/.exec(said)?.[1];
      if (url !== undefined) done(url);
    });
    child.once('close', () => fail(new Error(`the proxy ended: ${said}`)));
  });
}

async function carryOut(act: Act, policy: string, redis: TestRedis | null): Promise<void> {
  if ('wait_ms' in act) await sleep(act.wait_ms);
  else if ('replace_policy' in act) {
    writeFileSync(`${policy}.new`, act.replace_policy);
    renameSync(`${policy}.new`, policy);
    await sleep(RELOAD_MS);
  } else if ('remove_policy' in act) {
    rmSync(policy);
    await sleep(RELOAD_MS);
  } else if (act.redis === 'kill') await redis?.kill();
  else redis?.process.kill('SIGSTOP');
}
