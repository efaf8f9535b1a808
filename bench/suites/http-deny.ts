import { allowedCall, deniedCall } from '../machine/calls.ts';
import { callOnce } from '../machine/http-load.ts';
import { type Contender, httpRounds } from '../machine/http-rounds.ts';
import { openSessions } from '../machine/mcp-session.ts';
import { Servers } from '../machine/servers.ts';
import type { Suite } from '../suite.ts';

/** Calls that end at the policy: no upstream, and an audit record each. */
export const suite: Suite = {
  name: 'http-deny',
  about: 'tools/call over HTTP that the policy denies, audited to a file',
  async run(options) {
    const servers = new Servers();
    try {
      return await httpRounds(await contenders(servers), options);
    } finally {
      await servers.close();
    }
  },
};

async function contenders(servers: Servers): Promise<readonly Contender[]> {
  const upstream = await servers.upstream();
  const redis = await servers.redis();
  const byRule = await servers.proxy('rule', { upstream });
  const policy = servers.file('used-up.yaml', USED_UP);
  const inMemory = await servers.proxy('memory', { upstream, policy });
  const inRedis = await servers.proxy('redis', { upstream, redis, policy });
  const call = { url: byRule.url, sessions: await openSessions(byRule.url, 8), ...deniedCall };
  const { result } = JSON.parse(await callOnce(call));
  const raw = await servers.reference('raw-json', { BENCH_RESULT: JSON.stringify(result) });
  const usedUp = async (url: string) => {
    const one = { url, sessions: await openSessions(url, 1), ...allowedCall };
    await callOnce(one);
    return one;
  };
  const answers = /POLICY DENIED/;
  return [
    { name: 'raw node:http', call: { ...call, url: raw.url, sessions: [] }, answers, usage: raw.usage },
    {
      name: 'Portcullis, denied by a rule',
      call,
      answers,
      usage: byRule.usage,
      target: () => ({ of: 'ratio', atLeast: 0.8 }),
    },
    {
      name: 'Portcullis, used up in memory',
      call: await usedUp(inMemory.url),
      answers,
      usage: inMemory.usage,
    },
    { name: 'Portcullis, used up in Redis', call: await usedUp(inRedis.url), answers, usage: inRedis.usage },
  ];
}

const USED_UP = `version: "1"
tools:
  retrieveJwtPublicKey:
    rules:
      - rate_limit: 1/day
`;
