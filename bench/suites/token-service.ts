import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { openAudit } from '../../src/adapters/audit/jsonl.ts';
import { filePeople, peopleOf } from '../../src/adapters/directory/people.ts';
import { guard } from '../../src/adapters/limits/guard.ts';
import { memoryLimits } from '../../src/adapters/limits/memory.ts';
import { onceIn } from '../../src/adapters/limits/once.ts';
import { givenKeys } from '../../src/adapters/signing-keys/key-ring.ts';
import { jwtSigner } from '../../src/adapters/signing-keys/signer.ts';
import type { HttpDoor } from '../../src/doors/http.ts';
import { serveRest } from '../../src/doors/rest.ts';
import { parseDirectory } from '../../src/issuer/read-directory.ts';
import { tokenService } from '../../src/issuer/token-service.ts';
import type { Gate } from '../../src/model/index.ts';
import type { SignedClaims, Signer, TokenAudit, TokenService } from '../../src/model/tokens.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const SECRET = 'correct-horse-battery-staple';
const BODY = JSON.stringify({
  client_id: 'backend',
  email_id: 'anna@acme.example',
  project_id: 'billing',
  secret_id: SECRET,
  tenant_id: 'acme',
});
const DIRECTORY = `
tenants:
  acme:
    users: { anna@acme.example: { roles: [support], scopes: [read, write], groups: [emea], resources: [desk] } }
    projects: { billing: { clients: { backend: {} } } }
`;
const TERMS = { issuer: 'http://127.0.0.1', audience: 'http://127.0.0.1/mcp' };
const PATH = '/auth/user/generateToken';
const ROUNDS = 7;
const TOKENS = 2000;
const CONCURRENCY = 16;
const UNBOUNDED = 1_000_000_000;

/** What a token costs beside its signature: reading, judging, the secret, the audit's line on disk, the answer. */
export const suite: Suite = {
  name: 'token-service',
  about: 'generateToken over HTTP, beside the same door and a bare server that sign and do nothing else',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
    const audit = await openAudit({ to: { file: join(folder, 'audit.jsonl') }, onProblem: () => {} });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const signer = jwtSigner(await givenKeys(pem), { ...TERMS, now: Date.now });
    const bare = await openBare(signer);
    const doors = await Promise.all([openDoor(signingOnly(signer)), openDoor(openService(signer, audit))]);
    const [signing, service] = doors;
    const agent = new Agent({ connections: CONCURRENCY });
    try {
      return await figures({
        alone: () => signer.sign(CLAIMS),
        bare: () => ask(bare.port, agent),
        signing: () => ask(signing.port, agent),
        service: () => ask(service.port, agent),
      });
    } finally {
      await agent.close();
      await Promise.all(doors.map((door) => door.close()));
      bare.server.close();
      await audit.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

type Ways = Readonly<Record<'alone' | 'bare' | 'signing' | 'service', () => Promise<unknown>>>;

/** They take turns, so that a slow moment of the machine meets all of them. */
async function figures(ways: Ways): Promise<readonly Figure[]> {
  const rates: Record<keyof Ways, number[]> = { alone: [], bare: [], signing: [], service: [] };
  for (const way of Object.values(ways)) await rate(way);
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(ways) as (keyof Ways)[]) rates[name].push(await rate(ways[name]));
  }
  const beside = (name: keyof Ways, reference: string): Pick<Figure, 'ratio' | 'reference'> => ({
    ratio: median(rates.service.map((each, round) => each / (rates[name][round] ?? Number.NaN))),
    reference,
  });
  const unit = 'tokens/s';
  const value = median(rates.service);
  return [
    { name: 'signatures, in the process', value: median(rates.alone), unit },
    { name: 'a bare server that signs', value: median(rates.bare), unit },
    { name: 'a door that signs', value: median(rates.signing), unit },
    { name: 'generateToken', value, unit, ...beside('signing', 'a door that signs (limit 0.50)') },
    { name: 'generateToken', value, unit, ...beside('bare', 'a bare server that signs') },
  ];
}

async function rate(make: () => Promise<unknown>): Promise<number> {
  let left = TOKENS;
  const begun = performance.now();
  const worker = async () => {
    while (left-- > 0) await make();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return (TOKENS * 1000) / (performance.now() - begun);
}

async function ask(port: number, dispatcher: Agent): Promise<void> {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
    dispatcher,
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`expected a token; found ${statusCode}: ${text}`);
}

const CLAIMS: SignedClaims = {
  iss: TERMS.issuer,
  aud: TERMS.audience,
  sub: 'acme:anna@acme.example',
  email: 'anna@acme.example',
  tenant: 'acme',
  project: 'billing',
  client_id: 'backend',
  roles: ['support'],
  scope: 'read write',
  groups: ['emea'],
  resources: ['desk'],
  iat: 1_700_000_000,
  exp: 1_700_003_600,
  jti: '6f6f5c9e-6f8a-4a7e-9d8a-1f1f5c9e6f8a',
};

/** The REST door over a token service. */
function openDoor(issuer: TokenService): Promise<HttpDoor> {
  return serveRest({
    gate: NO_CALLS,
    identify: async () => ({ identified: true, identity: {} }),
    guard: guard(),
    issuer,
    host: '127.0.0.1',
    port: 0,
    version: '0',
    log: () => {},
  });
}

/** What signing alone allows: a service that asks nothing and records nothing. */
function signingOnly(signer: Signer): TokenService {
  const sign = async () =>
    ({ id: '', ended: 'issued', token: await signer.sign(CLAIMS), lifetimeS: 3600 }) as const;
  return {
    generate: sign,
    exchange: sign,
    jwks: () => signer.jwks(),
    metadata: () => ({}),
    sweep: () => {},
    notReady: async () => [],
  };
}

/** The least that an HTTP server can do: read a request, sign, answer. */
async function openBare(signer: Signer): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((req, res) => {
    req.resume().once('end', async () => {
      const token = await signer.sign(CLAIMS);
      res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer' }));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { server, port: (server.address() as AddressInfo).port };
}

function openService(signer: Signer, audit: TokenAudit): TokenService {
  const parsed = parseDirectory(DIRECTORY);
  const tenant = parsed.ok ? parsed.directory.tenants.get('acme') : undefined;
  if (!parsed.ok || tenant?.people.in !== 'file') throw new Error('expected the directory');
  const { directory } = parsed;
  const sha256 = createHash('sha256').update(SECRET).digest();
  return tokenService(TERMS, {
    directory: () => directory,
    people: peopleOf(new Map([['acme', filePeople(tenant.people.people)]])),
    secrets: {
      of: async () => ({ found: 'secret', sha256 }),
      ready: async () => true,
      close: async () => {},
    },
    signer,
    verifyIdToken: async () => ({ verified: false, why: 'not asked here' }),
    once: onceIn(memoryLimits()),
    guard: guard({ token_request: UNBOUNDED }),
    audit,
    newId: () => crypto.randomUUID(),
    now: Date.now,
    elapsed: () => performance.now(),
    onFault: (_id, fault) => {
      throw fault;
    },
  });
}

const NO_CALLS: Gate = {
  call: async ({ tool }) => ({ id: '', policy: '', ended: 'unknown_tool', tool }),
  list: () => [],
  onToolsChanged: () => () => {},
  notReady: async () => [],
};
