import { Agent, request } from 'undici';
import { bearer } from '../../src/adapters/identity/bearer.ts';
import { readIssuer } from '../../src/adapters/identity/trusted-issuer.ts';
import { openIssuers, openVerifier } from '../../src/adapters/identity/verifier.ts';
import { guard } from '../../src/adapters/limits/guard.ts';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { operations } from '../../src/catalog/operations.ts';
import { type HttpDoor, serveHttp } from '../../src/doors/http.ts';
import type { Gate, Identify } from '../../src/model/index.ts';
import { callParser } from '../../src/pipeline/parse-call.ts';
import { readObject } from '../../src/pipeline/read-object.ts';
import { runCall } from '../../src/pipeline/run-call.ts';
import { fingerprintWith } from '../../src/policy/fingerprint.ts';
import { preparedPolicy } from '../../test/support/line.ts';
import { startIssuer } from '../../test/support/issuer.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const AUDIENCE = 'https://proxy.example/mcp';
const POLICY =
  'default: deny\ntools: { retrieveJwtPublicKey: { rules: [{ rate_limit: { max: 1000000, window: 1h } }] } }\n';
const ROUNDS = 9;
const CALLS = 1500;
const CONCURRENCY = 16;
const LOOKS = 100_000;
const FRESH = 2000;

/** What it costs to know who calls. FusionAuth answers at once here, so a call is as short as it can be. */
export const suite: Suite = {
  name: 'identity',
  about: 'verifying bearer tokens, beside calls over HTTP whose caller nobody asks for',
  async run() {
    const issuer = await startIssuer();
    const read = readIssuer(issuer.url);
    if (!read.ok) throw new Error(read.expected);
    const issuers = openIssuers({ issuers: [read.issuer], readObject });
    const verifier = openVerifier({ issuers, audiences: [AUDIENCE] });
    const identify = bearer({ verifier, scopes: [], now: Date.now });
    const claims = { sub: 'ann', tenant: 'acme', roles: ['support'], aud: AUDIENCE };
    const token = await issuer.mint({ ...claims, exp: Math.floor(Date.now() / 1000) + 3600 });
    const without = await openDoor(async () => ({
      identified: true,
      identity: { sub: 'ann', tenant: 'acme' },
    }));
    const withToken = await openDoor(identify);
    try {
      const seen = await costOfSeen(identify, `Bearer ${token}`);
      const fresh = await costOfFresh(verifier.verify, token);
      return [seen, fresh, ...(await callsOf([without, withToken], token, seen.value))];
    } finally {
      await Promise.all([without.close(), withToken.close(), issuers.close(), issuer.close()]);
    }
  },
};

async function costOfSeen(identify: Identify, authorization: string): Promise<Figure> {
  const costs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = performance.now();
    for (let look = 0; look < LOOKS; look++) await identify({ authorization });
    costs.push(((performance.now() - begun) * 1000) / LOOKS);
  }
  return { name: 'a token that was seen before', value: median(costs), unit: 'µs' };
}

async function costOfFresh(verify: (token: string) => Promise<unknown>, token: string): Promise<Figure> {
  const begun = performance.now();
  for (let time = 0; time < FRESH; time++) await verify(token);
  return {
    name: 'a token that was not (ES256)',
    value: ((performance.now() - begun) * 1000) / FRESH,
    unit: 'µs',
  };
}

/** Calls without and with a token take turns, so that a slow moment of the machine meets both. */
async function callsOf(
  [without, withToken]: readonly [HttpDoor, HttpDoor],
  token: string,
  seenUs: number,
): Promise<readonly Figure[]> {
  const agent = new Agent({ connections: CONCURRENCY });
  const plain = await callerOf(without, agent);
  const identified = await callerOf(withToken, agent, token);
  await Promise.all([rate(plain), rate(identified)]);
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    rates[0].push(await rate(plain));
    rates[1].push(await rate(identified));
  }
  const ratios = rates[0].map((each, round) => (rates[1][round] ?? Number.NaN) / each);
  await agent.close();
  const [reference, value] = rates.map(median) as [number, number];
  const callUs = 1e6 / reference;
  return [
    { name: 'calls without a token', value: reference, unit: 'calls/s' },
    { name: 'calls with one', value, unit: 'calls/s', ratio: median(ratios), reference: 'calls without' },
    {
      name: 'a seen token within a call',
      value: seenUs,
      unit: 'µs',
      ratio: seenUs / callUs,
      reference: 'a call (limit 0.10)',
    },
  ];
}

async function rate(call: () => Promise<void>): Promise<number> {
  let left = CALLS;
  const begun = performance.now();
  const worker = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return (CALLS * 1000) / (performance.now() - begun);
}

/** A session, and one call in it at a time. */
async function callerOf(door: HttpDoor, dispatcher: Agent, token?: string): Promise<() => Promise<void>> {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const ask = (message: object, more: Readonly<Record<string, string>> = {}) =>
    request(door.url, {
      method: 'POST',
      dispatcher,
      headers: { ...headers, ...more },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '0' },
  };
  const opened = await ask({ id: 'init', method: 'initialize', params });
  await opened.body.dump();
  const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
  let id = 0;
  return async () => {
    const call = { name: 'fusionauth-retrievejwtpublickey', arguments: {} };
    const answer = await ask({ id: ++id, method: 'tools/call', params: call }, session);
    const text = await answer.body.text();
    if (answer.statusCode !== 200 || text.includes('"isError":true'))
      throw new Error(`a call failed: ${text}`);
  };
}

function openDoor(identify: Identify): Promise<HttpDoor> {
  return serveHttp({
    gate: openGate(),
    identify,
    guard: guard(),
    secret: Buffer.alloc(32, 1),
    host: '127.0.0.1',
    port: 0,
    version: '0',
    log: () => {},
  });
}

/** The whole line but for FusionAuth and the audit, which take no time here. */
function openGate(): Gate {
  const policy = preparedPolicy(POLICY);
  let ids = 0;
  const ports = {
    parse: callParser(operations, null),
    limits: memoryLimits(),
    upstream: {
      send: async () => ({ got: 'result', status: 200, body: { publicKeys: {} } }) as const,
      close: async () => {},
    },
    audit: {
      intent: async () => true,
      write: () => {},
      isWritten: () => true,
      reopen: async () => {},
      close: async () => {},
    },
    fingerprint: fingerprintWith(Buffer.alloc(32, 2)),
    newId: () => `${++ids}`,
    elapsed: () => performance.now(),
    onFault: (_id: string, fault: unknown) => {
      throw fault;
    },
  };
  return {
    call: (raw) => runCall(raw, { policy, at: Date.now() }, ports),
    list: () => [],
    onToolsChanged: () => () => {},
    notReady: async () => [],
  };
}
