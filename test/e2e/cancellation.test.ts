import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doors/support.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { CLIENTS, connect } from '../support/era-clients.ts';
import { writePolicy } from '../support/policies.ts';

const KEYS = 'fusionauth-retrievejwtpublickey';
const folder = temporaryFolder();
const policy = writePolicy(folder.path, 'default: deny\ntools:\n  retrieveJwtPublicKey: {}\n');
const audit = join(folder.path, 'audit.jsonl');

/** A FusionAuth that never answers for the key `hang`; how many asked, and how many went away again. */
let [asked, gone] = [0, 0];
const fusionAuth = createServer((req, res) => {
  if (req.url?.includes('hang') !== true) {
    res.setHeader('content-type', 'application/json').end('{"publicKey":"pem"}');
    return;
  }
  asked++;
  res.once('close', () => {
    gone++;
  });
});

const env = { FUSIONAUTH_API_KEY: 'key' };
let args: string[] = [];
let proxy: Running;
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => fusionAuth.listen(0, '127.0.0.1', resolve));
  const { port } = fusionAuth.address() as AddressInfo;
  args = ['serve', '--policy', policy, '--fusionauth', `http://127.0.0.1:${port}`];
  proxy = start([...args, '--audit', audit, '--http', '0'], env);
  url = (await proxy.says(/ on (http:\S+\/mcp)/))[1] ?? '';
});
afterAll(async () => {
  await proxy.stop();
  fusionAuth.closeAllConnections();
  fusionAuth.close();
  folder.remove();
});

describe.each(['http', 'stdio'] as const)('over %s a call that is given up', (transport) => {
  it.each(CLIENTS)('by $name ends at FusionAuth too, and the next one is served', async ({ mode }) => {
    const own = join(folder.path, `${asked}.jsonl`);
    const { client, callUntil } = await connect(
      transport === 'http' ? { url } : { args: [...args, '--audit', own], env },
      mode,
    );
    const [askedBefore, goneBefore] = [asked, gone];
    const stop = new AbortController();
    const call = callUntil(stop.signal, KEYS, { keyId: 'hang' });
    const failed = expect(call).rejects.toThrow();
    await until(() => asked === askedBefore + 1, 'the request to FusionAuth', 10_000);
    stop.abort();
    await failed;
    // Long before the proxy itself gives FusionAuth up, which is after ten seconds.
    await until(() => gone === goneBefore + 1, 'the end of the request to FusionAuth', 4000);
    const next = await client.callTool({ name: KEYS, arguments: {} });
    expect(next.structuredContent).toEqual({ publicKey: 'pem' });
    await client.close();
    const file = transport === 'http' ? audit : own;
    const codes = () => {
      const lines = readFileSync(file, 'utf8').split('\n').slice(-3, -1);
      return lines.map((line) => JSON.parse(line).code);
    };
    await expect.poll(codes, { timeout: 5_000 }).toEqual(['upstream_unavailable', 'allowed']);
  });
});
