import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAudit } from '../../src/adapters/audit/jsonl.ts';
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
import { load } from '../machine/http-load.ts';
import { type Figure, median, type Suite } from '../suite.ts';

const SECRET = 'correct-horse-battery-staple';
/** The load puts the number of the request between these: each is for another user. */
const [BEFORE = '', AFTER = ''] = JSON.stringify({
  client_id: 'backend',
  email_id: 'user-#@acme.example',
  project_id: 'billing',
  secret_id: SECRET,
  tenant_id: 'acme',
}).split('#');
const DIRECTORY = `
tenants:
  acme:
    users: { anna@acme.example: {} }
    projects: { billing: { clients: { backend: {} } } }
`;
const TERMS = { issuer: 'http://127.0.0.1', audience: 'http://127.0.0.1/mcp' };
const PATH = '/auth/user/generateToken';
const ROUNDS = 7;
const SIGNATURES = 5000;
const SECONDS = 1;
const CONNECTIONS = 16;
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
    try {
      return await figures({ bare: bare.port, signing: signing.port, service: service.port }, signer);
    } finally {
      await Promise.all(doors.map((door) => door.close()));
      bare.server.close();
      await audit.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

type Server = 'bare' | 'signing' | 'service';

/** Tokens a second, and what one took of this process, which only serves: the load is another. */
interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
}

/** They take turns, so that a slow moment of the machine meets all of them. */
async function figures(ports: Readonly<Record<Server, number>>, signer: Signer): Promise<readonly Figure[]> {
  const rounds: Record<Server, Round[]> = { bare: [], signing: [], service: [] };
  const alone: number[] = [];
  for (const port of Object.values(ports)) await round(port);
  for (let i = 0; i < ROUNDS; i++) {
    alone.push(await signatures(signer));
    for (const name of Object.keys(ports) as Server[]) rounds[name].push(await round(ports[name]));
  }
  const middle = (name: Server, what: keyof Round) => median(rounds[name].map((each) => each[what]));
  const beside = (name: Server, what: keyof Round) =>
    median(rounds.service.map((each, i) => each[what] / (rounds[name][i]?.[what] ?? Number.NaN)));
  const value = middle('service', 'perSecond');
  const cpu = middle('service', 'cpuUs');
  const [unit, cpuUnit] = ['tokens/s', 'µs CPU'];
  return [
    { name: 'signatures, in the process', value: median(alone), unit },
    { name: 'a bare server that signs', value: middle('bare', 'perSecond'), unit },
    { name: 'a door that signs', value: middle('signing', 'perSecond'), unit },
    { name: 'generateToken', value, unit, ratio: beside('signing', 'perSecond'), reference: DOOR },
    {
      name: 'generateToken',
      value,
      unit,
      ratio: beside('bare', 'perSecond'),
      reference: BARE,
      target: { of: 'ratio', atLeast: 0.5 },
    },
    {
      name: 'a token',
      value: cpu,
      unit: cpuUnit,
      ratio: beside('bare', 'cpuUs'),
      reference: BARE,
    },
  ];
}

const DOOR = 'a door that signs';
const BARE = 'a bare server that signs';

async function round(port: number): Promise<Round> {
  const call = { url: `http://127.0.0.1:${port}${PATH}`, sessions: [], before: BEFORE, after: AFTER };
  const before = process.cpuUsage();
  const { calls, perSecond } = await load(call, CONNECTIONS, SECONDS);
  const { user, system } = process.cpuUsage(before);
  return { perSecond, cpuUs: (user + system) / calls };
}

async function signatures(signer: Signer): Promise<number> {
  const begun = performance.now();
  for (let i = 0; i < SIGNATURES; i++) await signer.sign(CLAIMS);
  return (SIGNATURES * 1000) / (performance.now() - begun);
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

const PERSON = {
  id: 'u-1',
  roles: ['support'],
  scopes: ['read', 'write'],
  groups: ['emea'],
  resources: ['desk'],
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
async function openBare(signer: Signer): Promise<{ readonly server: HttpServer; readonly port: number }> {
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
  if (!parsed.ok) throw new Error('expected the directory');
  const { directory } = parsed;
  const sha256 = createHash('sha256').update(SECRET).digest();
  return tokenService(TERMS, {
    directory: () => directory,
    people: {
      // Whoever is asked for: the load has no end of users.
      find: async (_tenant, email) => ({ found: 'person', person: { ...PERSON, email } }),
      ready: async () => true,
    },
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
