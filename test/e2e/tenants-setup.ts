import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { known } from '../../src/sandbox/default-seed.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { writePolicy } from '../support/policies.ts';
import { startRedis } from '../support/redis.ts';

/** A proxy of a pair, and what it recorded. */
export interface TokenProxy {
  readonly mcp: string;
  readonly rest: string;
  said(): string;
  /** The text of its audit so far. */
  audit(): string;
  /** The records of ended calls and refused callers so far. */
  recorded(): readonly Readonly<Record<string, unknown>>[];
}

/** Two proxies on one Redis that demand tokens, of an issuer and of FusionAuth's sandbox. */
export interface TenantsSetup {
  readonly issuer: TestIssuer;
  readonly sandbox: Sandbox;
  readonly proxies: readonly [TokenProxy, TokenProxy];
  /** A token for the proxies. */
  mint(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** A token of FusionAuth's for alice at the application web. */
  alice(): Promise<string>;
  /** The keys that Redis has now. */
  counters(): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

export const RESOURCE = 'https://proxy.example/mcp';
const PORTS = /on (http:\S+\/mcp) and (http:\S+\/v1);/;

/** Starts them under one policy. */
export async function startTenants(policy: string, flags: readonly string[] = []): Promise<TenantsSetup> {
  const folder = temporaryFolder();
  const [redis, sandbox, issuer] = await Promise.all([startRedis(), startSandbox(), startIssuer()]);
  const client = new Redis(redis.url);
  const trusted = ['--issuer', issuer.url, '--issuer', `acme.com=${sandbox.url}/.well-known/jwks.json`];
  const forUs = ['--resource', RESOURCE, '--audience', known.applications.web];
  const file = writePolicy(folder.path, policy);
  const open = async (name: string): Promise<readonly [Running, TokenProxy]> => {
    const audit = join(folder.path, `${name}.jsonl`);
    const where = ['--fusionauth', sandbox.url, '--redis', redis.url, '--policy', file, '--audit', audit];
    const doors = ['--http', '0', '--rest', '0', '--log-level', 'debug'];
    const running = start(['serve', ...where, ...doors, ...trusted, ...forUs, ...flags], {
      FUSIONAUTH_API_KEY: sandbox.apiKey,
      PORTCULLIS_SECRET: 'a secret that both proxies have',
    });
    const [, mcp = '', rest = ''] = await running.says(PORTS);
    const text = () => readFileSync(audit, 'utf8');
    const lines = () =>
      text()
        .split('\n')
        .filter((line) => line !== '');
    const recorded = () =>
      lines()
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
        .filter((record) => record['intent'] !== true);
    return [running, { mcp, rest, said: running.said, audit: text, recorded }];
  };
  const [one, other] = await Promise.all([open('one'), open('other')]);
  return {
    issuer,
    sandbox,
    proxies: [one[1], other[1]],
    mint: (claims) => issuer.mint({ aud: RESOURCE, ...claims }),
    alice: () => sandbox.world.accessToken(known.users.alice, known.applications.web),
    counters: async () => new Set(await client.keys('*')),
    async close() {
      await Promise.all([one[0].stop(), other[0].stop()]);
      client.disconnect();
      await Promise.all([sandbox.close(), issuer.close(), redis.stop()]);
      folder.remove();
    },
  };
}
