import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { start, temporaryFolder } from '../support/cli.ts';
import { writePolicy } from '../support/policies.ts';

/** Values that nobody may ever find again, planted wherever a client can put a value. */
const CANARY = 'canary0refresh0token0abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
const JWT = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"canary-sub"}').toString('base64url')}.canarysignature`;
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };

const planted: readonly { readonly query?: string; readonly headers?: object; readonly body?: string }[] = [
  { headers: { authorization: `Bearer ${JWT}` } },
  { headers: { authorization: CANARY, cookie: `access_token=${JWT}` } },
  { headers: { 'x-fusionauth-tenantid': CANARY, 'x-portcullis-authorization': `Bearer ${JWT}` } },
  { query: `refreshToken=${CANARY}&token=${CANARY}&kid=${CANARY}&userId=${JWT}&applicationId=${CANARY}` },
  { query: `refreshToken=${CANARY}&refreshToken=${CANARY}&token=${CANARY}%zz&global=${CANARY}` },
  { query: `${CANARY}=${JWT}&encodedJWT=${JWT}` },
  { body: JSON.stringify({ refreshToken: CANARY, token: JWT, [CANARY]: CANARY }), headers: JSON_TYPE },
  { body: JSON.stringify({ data: { token: JWT, [CANARY]: 1 }, claims: { proof: JWT } }), headers: JSON_TYPE },
  { body: `{"refreshToken":"${CANARY}","refreshToken":"${CANARY}"}`, headers: JSON_TYPE },
  { body: `{"refreshToken":"${CANARY}`, headers: JSON_TYPE },
  { body: JSON.stringify(CANARY), headers: JSON_TYPE },
  { body: `token=${CANARY}&${CANARY}=1`, headers: FORM_TYPE },
  { body: CANARY, headers: { 'content-type': `text/${CANARY}` } },
];

it('a secret that is planted over REST appears nowhere in audit, log and refusals', async () => {
  const folder = temporaryFolder();
  const sandbox = await startSandbox();
  const audit = join(folder.path, 'audit.jsonl');
  const policy = writePolicy(folder.path, 'default: allow\n');
  const args = ['serve', '--policy', policy, '--fusionauth', sandbox.url, '--rest', '0', '--audit', audit];
  const { apiKey } = sandbox;
  const proxy = start([...args, '--log-level', 'debug'], { FUSIONAUTH_API_KEY: apiKey });
  const [, url = ''] = await proxy.says(/ on (http:\S+\/v1);/);
  const refusals: string[] = [];
  const requests = operations.flatMap(({ method, path }) =>
    planted.map((each) => ({ method, path: path.replace('{tokenId}', CANARY), ...each })),
  );
  const odd = [`/api/${CANARY}`, `/api/jwt/refresh/${CANARY}/x`, `/api/jwt/refresh/%${CANARY}`];
  for (const path of odd) requests.push({ method: 'DELETE', path });
  for (const { method, path, query = '', headers = {}, body } of requests) {
    const target = `${url}${path}${query === '' ? '' : `?${query}`}`;
    const sent = body !== undefined && method !== 'GET' ? { body } : {};
    const answer = await fetch(target, { method, headers: { ...headers }, ...sent });
    const text = await answer.text();
    if (!answer.ok) refusals.push(text, JSON.stringify(Object.fromEntries(answer.headers)));
  }
  expect(await proxy.stop()).toBe(0);
  await sandbox.close();
  const recorded = readFileSync(audit, 'utf8');
  folder.remove();

  expect(refusals.length).toBeGreaterThan(operations.length * planted.length);
  expect(recorded.trim().split('\n').length).toBeGreaterThan(operations.length * (planted.length - 2));
  const secrets = [CANARY, CANARY.slice(0, 24), 'canarysignature', apiKey, apiKey.slice(0, 16)];
  for (const [where, text] of Object.entries({
    recorded,
    log: proxy.said(),
    refusals: refusals.join('\n'),
  })) {
    for (const secret of secrets) expect(text.includes(secret), `${secret} in ${where}`).toBe(false);
  }
});
