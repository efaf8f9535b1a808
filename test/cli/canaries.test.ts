import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { sampleArgs, withArgs } from '../../src/cli/init/sample.ts';
import type { Json, JsonObject, Path } from '../../src/model/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { writePath } from '../../src/policy/paths.ts';
import { run, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const cwd = folder.path;
const write = (name: string, text: string) => writeFileSync(join(cwd, name), text);

/** What looks like a secret wherever it stands, shortened or not. */
const KEY = 'q7Rk2LmZ9xTb4VnC8wYp1HsD6fGj3KaE5uQo0iXe';
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlc2lnbmF0dXJl';
const LEAK = /q7Rk2|0iXe|eyJhb|c2lnb/;

/** A policy in which somebody put secrets wherever there is room, in comments too; each line has a problem. */
const POLICY = `default: ${KEY} # ${JWT}
mode: ${JWT}
hide: [${KEY}]
${KEY}: 1
session_ceiling: ${KEY}
grants:
  - { to: [{ path: identity.sub, op: ${KEY}, value: 1 }], tools: [${KEY}] }
tools:
  ${KEY}: {}
  vendJWTWithId:
    secrets: ${KEY}
    arguments: { properties: { body: { properties: { keyId: { const: ${KEY}, format: ${KEY} }, ${KEY}: { type: ${KEY} } } } }, ${KEY}: 1 }
    rules:
      - { name: ${KEY}, action: ${KEY} }
      - { name: ${KEY}, rate_limit: ${KEY} }
      - { name: a, conditions: [{ path: args.${KEY}, op: eq, value: ${KEY} }] }
      - { conditions: [{ path: ${KEY}, op: eq, value: ${KEY} }] } # ${KEY}
      - { conditions: [{ path: args.body.keyId, op: in, value: ${JWT} }] } # ${JWT}
      - { conditions: [{ path: call.kind, op: eq, value: ${KEY} }] }
      - { conditions: [{ path: identity.sub, op: regex, value: "(${KEY}" }] }
      - { state: { counter: "${KEY}", window: ${KEY}, increment_from: args.${KEY}, per: ${KEY} } }
      - ${KEY}
  validateJWTWithId:
    rules:
      - conditions: [{ path: args.encodedJWT, op: eq, value: ${JWT} }]
        on_deny: ${KEY}
        reason: ${KEY}
`;
const TESTS = `policy: policy.yaml
${KEY}: 1
cases:
  - { name: ${KEY}, call: ${KEY}, args: ${KEY}, caller: ${KEY}, given: ${JWT}, at: ${KEY}, expect: ${KEY} }
  - { name: ${KEY}, call: vendJWTWithId, transport: ${KEY}, expect: { deny: ${KEY}, ${KEY}: 1 } }
`;

describe('a policy with secrets in it', () => {
  beforeAll(() => {
    write('policy.yaml', POLICY);
    write('policy.test.yaml', TESTS);
  });

  it.each([
    ['check', 'policy.yaml', 'policy.test.yaml'],
    ['check', '--lines', 'policy.yaml', 'policy.test.yaml'],
    ['check', '--json', 'policy.yaml', 'policy.test.yaml'],
    ['check', '--sarif', 'policy.yaml', 'policy.test.yaml'],
    ['test', 'policy.test.yaml'],
    ['explain', '--policy', 'policy.yaml', '--tool', 'vendJWTWithId'],
    ['serve', '--sandbox', '--audit', 'off', '--policy', 'policy.yaml'],
    ['import', 'policy.yaml'],
  ])('has its problems told without them by %j', async (...args) => {
    const ran = await run(args, { cwd });
    expect(ran.code).toBe(3);
    expect(`${ran.stdout}${ran.stderr}`).toMatch(/•{40}/);
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(LEAK);
  });
});

/** Arguments that have a value at one place. */
function argsWith(value: Json, [step, ...rest]: Path): JsonObject {
  const member = rest.length === 0 ? value : rest[0] === '*' ? [value] : argsWith(value, rest);
  return { [String(step)]: member };
}

/** Arguments that the tool accepts. */
function sampleOf(call: string): JsonObject {
  const operation = operations.find(({ operationId }) => operationId === call);
  return operation === undefined ? {} : sampleArgs(operation, null);
}

describe('a secret in the arguments', () => {
  /** Looks like nothing: it is a secret by its place alone. */
  const secret = 'swordfish';
  const places = operations.flatMap(({ operationId, secretArgs }) =>
    secretArgs.map((place) => ({ call: operationId, place, path: writePath('args', place) })),
  );
  /** A rule that looks at the secret and fails, and a schema that does not accept it. */
  const ruleFor = ({ path }: { readonly path: string }) =>
    `      - { mode: observe, conditions: [{ path: "${path}", op: starts_with, value: x }, { path: "${path}", op: regex, value: ^s }] }\n`;

  /** Those that a policy can look at: where a secret has two places, normal form keeps one. */
  const asked = places.filter(
    ({ call, path, place }) =>
      !place.includes('*') &&
      parsePolicy(`default: deny\ntools:\n  ${call}:\n    rules:\n${ruleFor({ path })}`, operations).ok,
  );

  beforeAll(() => {
    const rules = operations.map(({ operationId: call }) => {
      const own = asked.filter((each) => each.call === call).map(ruleFor);
      return `  ${call}: ${own.length === 0 ? '{}\n' : `\n    rules:\n${own.join('')}`}`;
    });
    write('secret.yaml', `default: deny\ntools:\n${rules.join('')}`);
    const cases = places.flatMap(({ call, place }, i) =>
      [secret, { token: secret }].map((value, j) => {
        const args = JSON.stringify(withArgs(sampleOf(call), argsWith(value, place)));
        return `  - { name: c${i}-${j}, call: ${call}, args: ${args}, expect: { deny: not_granted } }\n`;
      }),
    );
    write('secret.test.yaml', `policy: secret.yaml\ncases:\n${cases.join('')}`);
  });

  it('is there for most tools', () => expect(places.length).toBeGreaterThan(5));

  it.each([[], ['--json'], ['--coverage']])('is not shown by test %j', async (...flags) => {
    const ran = await run(['test', 'secret.test.yaml', '--junit', 'secret.xml', ...flags], { cwd });
    expect([ran.code, ran.stderr]).toEqual([5, '']);
    expect(ran.stdout).toMatch(/fp:[\w-]{22}/);
    expect(`${ran.stdout}${readFileSync(join(cwd, 'secret.xml'), 'utf8')}`).not.toContain(secret);
  });

  it.each([[], ['--json']])('is not shown by explain %j', async (...flags) => {
    const args = JSON.stringify({ encodedJWT: secret });
    const call = ['--policy', 'secret.yaml', '--tool', 'validateJWTWithId', '--args', args];
    const ran = await run(['explain', ...call, ...flags], { cwd });
    expect(ran.stdout).toMatch(/fp:[\w-]{22}/);
    expect(`${ran.stdout}${ran.stderr}`).not.toContain(secret);
  });

  it.each([
    `{"encodedJWT":${secret}}`,
    `{"encodedJWT":"${secret}"`,
    `["${secret}"]`,
    `{"encodedJWT":"${secret}\\x"}`,
  ])('is not repeated where the arguments are wrong: %s', async (args) => {
    const ran = await run(['explain', '--tool', 'validateJWTWithId', '--args', args], { cwd });
    expect([ran.code, ran.stdout]).toEqual([2, '']);
    expect(ran.stderr).not.toContain(secret);
  });
});
