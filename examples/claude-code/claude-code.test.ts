import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../test/support/cli.ts';

const document = readFileSync(resolve(import.meta.dirname, '../../docs/clients.md'), 'utf8');
const policy = join(import.meta.dirname, 'portcullis.yaml');

describe('the configuration of Claude Code', () => {
  it.each(['.mcp.json', 'http.mcp.json'])('%s is word for word in docs/clients.md', (name) => {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    expect(document).toContain(`\`\`\`json\n${text}\`\`\`\n`);
  });
});

const vend = 'fusionauth-vendjwtwithid';
const short = { body: { timeToLiveInSeconds: 60 } };
const admin = { body: { ...short.body, claims: { roles: ['admin'] } } };
const user = { userId: '33333333-3333-4333-8333-000000000001' };
const calls = [
  ['lets a token be validated', 'fusionauth-validatejwtwithid', { encodedJWT: 'a.b.c' }, 'allowed'],
  ['lets a public key be read', 'fusionauth-retrievejwtpublickey', {}, 'allowed'],
  ['denies a token of an hour', vend, { body: { timeToLiveInSeconds: 3600 } }, 'invalid_arguments'],
  ['denies a token that does not say how long it lives', vend, { body: {} }, 'invalid_arguments'],
  ['denies a token without any argument', vend, {}, 'invalid_arguments'],
  ['denies a token with the role admin', vend, admin, 'denied_by_rule'],
  ["denies revoking a user's tokens", 'fusionauth-deletejwtrefresh', user, 'denied_by_rule'],
  ['denies what it does not list', 'fusionauth-retrieverefreshtokenswithid', user, 'not_listed'],
  ...Array.from({ length: 10 }, (_, i) => [
    `lets token ${i + 1} of a minute be minted`,
    vend,
    short,
    'allowed',
  ]),
  ['denies token 11 of a minute', vend, short, 'rate_limited'],
] as const;

describe('the policy of the project', () => {
  let codes: readonly string[];

  beforeAll(async () => {
    const at = '2026-01-01T00:00:00Z';
    const lines = calls.map(([, tool, args], i) => JSON.stringify({ tool, args, at, session: `s${i % 2}` }));
    const input = `${lines.join('\n')}\n`;
    const ran = await run(['dry-run', '--policy', policy, '--calls', '-', '--json'], { input });
    const decisions = ran.stdout.trim().split('\n');
    codes = decisions.map((decision) => (JSON.parse(decision) as { code: string }).code);
  });

  it('is clean under check --strict', async () => {
    expect(await run(['check', '--strict', policy])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each(calls.map(([sentence, , , code], i) => [sentence, i, code] as const))(
    '%s',
    (_sentence, i, code) => {
      expect(codes[i]).toBe(code);
    },
  );
});
