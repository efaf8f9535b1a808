import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { start, temporaryFolder } from '../support/cli.ts';
import { httpAgent } from '../support/clients.ts';
import { writePolicy } from '../support/policies.ts';

/** Values that nobody may ever find again, planted wherever an agent can put a value. */
const CANARY = 'canary0refresh0token0abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const JWT = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"canary-sub"}').toString('base64url')}.canarysignature`;

const planted: readonly Record<string, unknown>[] = [
  { encodedJWT: JWT, applicationId: CANARY },
  { encodedJWT: CANARY },
  { encodedJWT: JWT, refreshToken: CANARY, applicationId: '3c219e58-ed0e-4b18-ad48-f4f92793ae32' },
  { refreshToken: CANARY, global: true },
  { body: { refreshToken: CANARY, token: JWT } },
  { body: { refreshToken: CANARY, timeToLiveInSeconds: CANARY } },
  { token: CANARY },
  { body: { token: CANARY } },
  { token: CANARY, body: { token: CANARY } },
  { tokenId: CANARY },
  { userId: JWT },
  { keyId: CANARY },
  { [CANARY]: CANARY },
  { body: { [CANARY]: JWT } },
  { body: { claims: { note: CANARY, proof: JWT } } },
  { body: { claims: { [CANARY]: 1 }, data: { [CANARY]: '1' } } },
  { body: { data: { token: JWT, other: CANARY }, applicationId: CANARY, identityProviderId: CANARY } },
  { body: CANARY },
  { tenantId: CANARY },
];

describe('a planted secret', () => {
  it('appears nowhere in audit, logs and error texts', async () => {
    const folder = temporaryFolder();
    const sandbox = await startSandbox();
    const audit = join(folder.path, 'audit.jsonl');
    const policy = writePolicy(folder.path, 'default: allow\n');
    const args = ['serve', '--policy', policy, '--fusionauth', sandbox.url, '--http', '0', '--audit', audit];
    const apiKey = sandbox.apiKey;
    const proxy = start([...args, '--log-level', 'debug'], { FUSIONAUTH_API_KEY: apiKey });
    const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
    const agent = await httpAgent(url);
    const session = (agent.client.transport as { readonly sessionId?: string }).sessionId ?? '';
    const errors: string[] = [];
    for (const { name } of operations) {
      for (const args of planted) {
        const result = await agent.call(name, args);
        if (result.isError) errors.push(result.text, JSON.stringify(result.decision));
      }
    }
    await agent.call(`fusionauth-${CANARY}`, {}).catch(() => undefined);
    await agent.close();
    expect(await proxy.stop()).toBe(0);
    await sandbox.close();
    const recorded = readFileSync(audit, 'utf8');
    folder.remove();

    expect(session.length).toBeGreaterThan(20);
    expect(recorded.trim().split('\n').length).toBeGreaterThanOrEqual(operations.length * planted.length);
    const secrets = [
      CANARY,
      CANARY.slice(0, 24),
      'canarysignature',
      apiKey,
      apiKey.slice(0, 16),
      session,
      session.split('.')[0] ?? '',
    ];
    for (const [where, text] of Object.entries({ recorded, log: proxy.said(), errors: errors.join('\n') })) {
      for (const secret of secrets) expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
    }
  });
});
