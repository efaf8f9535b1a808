import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { known } from '../../src/sandbox/default-seed.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { start, temporaryFolder } from '../support/cli.ts';
import { writePolicy } from '../support/policies.ts';

/** A proxy with both HTTP doors open, and FusionAuth's sandbox behind it. */
export interface RestSetup {
  readonly sandbox: Sandbox;
  /** The REST door, as a FusionAuth client is pointed at it. */
  readonly url: string;
  /** The MCP door. */
  readonly mcp: string;
  /** The records of ended calls so far. */
  recorded(): readonly Readonly<Record<string, unknown>>[];
  /** A JWT of alice for the application web. */
  login(): Promise<string>;
  /** A new refresh token of alice for the application web. */
  refresh(): { readonly id: string; readonly token: string };
  /** Whether a refresh token of alice still lives. */
  alive(id: string): boolean;
  /** Resolves to the exit code of the proxy. */
  close(): Promise<number | null>;
}

const { alice } = known.users;
const { web } = known.applications;

/** Starts them with this policy. */
export async function startRestSetup(policy: string): Promise<RestSetup> {
  const folder = temporaryFolder();
  const audit = join(folder.path, 'audit.jsonl');
  const sandbox = await startSandbox();
  const args = ['--fusionauth', sandbox.url, '--policy', writePolicy(folder.path, policy), '--audit', audit];
  const proxy = start(['serve', ...args, '--http', '0', '--rest', '0'], {
    FUSIONAUTH_API_KEY: sandbox.apiKey,
  });
  const [, mcp = '', url = ''] = await proxy.says(/ on (http:\S+\/mcp) and (http:\S+\/v1);/);
  return {
    sandbox,
    url,
    mcp,
    recorded() {
      const lines = readFileSync(audit, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      const records = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
      return records.filter((record) => record['intent'] !== true);
    },
    login: () => sandbox.world.accessToken(alice, web),
    refresh: () => sandbox.world.newRefreshToken(alice, web),
    alive: (id) => sandbox.world.refreshTokens(alice).some((token) => token.id === id),
    async close() {
      const code = await proxy.stop();
      await sandbox.close();
      folder.remove();
      return code;
    },
  };
}
