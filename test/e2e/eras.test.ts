import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../src/catalog/operations.ts';
import { until } from '../doors/support.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { CLIENTS, connect } from '../support/era-clients.ts';
import { writePolicy } from '../support/policies.ts';

const KEYS = 'fusionauth-retrievejwtpublickey';
const VALIDATE = 'fusionauth-validatejwtwithid';
const REVOKE = 'fusionauth-deletejwtrefresh';
const OPEN = `
version: "1"
session_ceiling: 2
default: deny
tools:
  retrieveJwtPublicKey: {}
  validateJWTWithId: { rules: [{ name: twice, rate_limit: { max: 2, window: 1h } }] }
`;
const SHUT = `${OPEN}hide: [createLogout]\n`;

const folder = temporaryFolder();
const policy = writePolicy(folder.path, OPEN);
const args = ['serve', '--sandbox', '--audit', 'off', '--policy', policy];
let proxy: Running;
let url = '';
beforeAll(async () => {
  proxy = start([...args, '--http', '0']);
  url = (await proxy.says(/ on (http:\S+\/mcp)/))[1] ?? '';
});
afterAll(async () => {
  await proxy.stop();
  folder.remove();
});

for (const transport of ['http', 'stdio'] as const) {
  describe(`over ${transport}`, () => {
    const agents = new Map<string, Awaited<ReturnType<typeof connect>>>();
    beforeAll(async () => {
      const connecting = CLIENTS.map(async ({ name, mode }) =>
        agents.set(name, await connect(transport === 'http' ? { url } : { args }, mode)),
      );
      await Promise.all(connecting);
    });
    afterAll(async () => {
      for (const { client } of agents.values()) await client.close();
    });

    it.each(CLIENTS)('$name lists and calls', async ({ name, speaks }) => {
      const { client } = agents.get(name) ?? (await connect({ url }, null));
      if ('getNegotiatedProtocolVersion' in client) {
        expect(client.getNegotiatedProtocolVersion()).toBe(speaks);
      }
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name)).toEqual(operations.map((operation) => operation.name));
      const allowed = await client.callTool({ name: KEYS, arguments: {} });
      expect(allowed.structuredContent).toHaveProperty('publicKeys');
      const denied = await client.callTool({ name: REVOKE, arguments: { token: 'x' } });
      expect(denied).toMatchObject({
        isError: true,
        _meta: { 'portcullis/decision': { code: 'not_listed' } },
      });
      await expect(client.callTool({ name: 'no_such_tool', arguments: {} })).rejects.toThrow('Unknown tool');
    });

    it('all of them hear that the tools changed', async () => {
      writePolicy(folder.path, SHUT);
      const hear = [...agents].map(([name, { changes }]) =>
        until(() => changes() > 0, `a word to ${name}`, 15_000),
      );
      await Promise.all(hear);
      writePolicy(folder.path, OPEN);
    });
  });
}

it('counts a caller of 2026-07-28 by its identity, and all its sessions and requests against one ceiling', async () => {
  const call = async (client: Awaited<ReturnType<typeof connect>>['client'], times: number) => {
    const codes: unknown[] = [];
    for (let i = 0; i < times; i++) {
      const { isError, _meta } = await client.callTool({
        name: VALIDATE,
        arguments: { encodedJWT: 'a.b.c' },
      });
      const decision = Object(_meta)['portcullis/decision'];
      codes.push(
        isError && decision?.code === 'rate_limited' ? [decision.limit.per, decision.limit.max] : 'made',
      );
    }
    return codes;
  };
  const [first, second, third] = await Promise.all([
    connect({ url }, { pin: '2026-07-28' }),
    connect({ url }, { pin: '2026-07-28' }),
    connect({ url }, null),
  ]);
  const fourth = await connect({ url }, null);
  // Two clients of the modern era are one: there is nothing that would tell them apart.
  expect(await call(first.client, 1)).toEqual(['made']);
  expect(await call(second.client, 2)).toEqual(['made', ['session', 2]]);
  // A session counts for itself, until the identity as a whole has had twice as much.
  expect(await call(third.client, 3)).toEqual(['made', 'made', ['session', 2]]);
  expect(await call(fourth.client, 1)).toEqual([['identity', 4]]);
  for (const { client } of [first, second, third, fourth]) await client.close();
});
