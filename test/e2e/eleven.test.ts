import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { type Running, start, temporaryFolder } from '../support/cli.ts';
import { type Agent, httpAgent } from '../support/clients.ts';
import { writePolicy } from '../support/policies.ts';

const folder = temporaryFolder();
let sandbox: Sandbox;
let proxy: Running;
let agent: Agent;

beforeAll(async () => {
  sandbox = await startSandbox();
  const policy = writePolicy(
    folder.path,
    'default: allow\ntools: { "retrieveRefreshToken*": { secrets: clear } }\n',
  );
  const args = ['serve', '--policy', policy, '--fusionauth', sandbox.url, '--http', '0', '--audit', 'off'];
  proxy = start(args, { FUSIONAUTH_API_KEY: sandbox.apiKey });
  const [, url = ''] = await proxy.says(/ on (http:\S+\/mcp)/);
  agent = await httpAgent(url);
  // The client checks results against the output schemas that it was listed.
  await agent.client.listTools();
});

afterAll(async () => {
  await agent.close();
  await proxy.stop();
  await sandbox.close();
  folder.remove();
});

/** What each call needs, made anew, and what its result has. */
async function calls(): Promise<
  readonly (readonly [tool: string, args: Record<string, unknown>, result: object])[]
> {
  const { world } = sandbox;
  const application = world.applications.find((each) => each.allowTokenRefresh && each.generateRefreshTokens);
  const registration = world.registrations.find(({ applicationId }) => applicationId === application?.id);
  if (application === undefined || registration === undefined)
    throw new Error('the sandbox has no such application');
  const { userId } = registration;
  const jwt = await world.accessToken(userId, application.id);
  const fresh = () => world.newRefreshToken(userId, application.id);
  const user = world.users.find(({ id }) => id === userId);
  const external = await world.externalJwt({ sub: 'ext', email: user?.email ?? '' });
  const [kept, exchanged, byToken, byId, loggedOut] = [fresh(), fresh(), fresh(), fresh(), fresh()];
  const text = expect.any(String);
  const done = { status: 200 };
  return [
    ['fusionauth-issuejwtwithid', { applicationId: application.id, encodedJWT: jwt }, { token: text }],
    ['fusionauth-retrievejwtpublickey', {}, { publicKeys: expect.any(Object) }],
    [
      'fusionauth-reconcilejwtwithid',
      {
        body: {
          applicationId: application.id,
          identityProviderId: world.identityProviderId,
          data: { token: external },
        },
      },
      { token: text, user: expect.any(Object) },
    ],
    [
      'fusionauth-exchangerefreshtokenforjwtwithid',
      { body: { refreshToken: exchanged.token } },
      { token: text, refreshToken: text },
    ],
    [
      'fusionauth-retrieverefreshtokenswithid',
      { userId },
      { refreshTokens: expect.arrayContaining([expect.objectContaining({ token: kept.token })]) },
    ],
    ['fusionauth-deletejwtrefresh', { token: byToken.token }, done],
    [
      'fusionauth-retrieverefreshtokenbyidwithid',
      { tokenId: kept.id },
      { refreshToken: expect.objectContaining({ id: kept.id, token: kept.token }) },
    ],
    ['fusionauth-revokerefreshtokenbyidwithid', { tokenId: byId.id }, done],
    ['fusionauth-validatejwtwithid', { encodedJWT: jwt }, { jwt: expect.objectContaining({ sub: userId }) }],
    ['fusionauth-vendjwtwithid', { body: { claims: { a: 1 } } }, { token: text }],
    ['fusionauth-createlogout', { body: { refreshToken: loggedOut.token, global: false } }, done],
  ];
}

describe('the eleven tools', () => {
  it('each do their work through the proxy, and their results fit their output schemas', async () => {
    for (const [tool, args, result] of await calls()) {
      const { isError, text, structured } = await agent.call(tool, args);
      expect([tool, isError, text.slice(0, 0)]).toEqual([tool, false, '']);
      expect(structured, tool).toMatchObject(result);
      expect(JSON.parse(text), tool).toEqual(structured);
    }
  });
});
