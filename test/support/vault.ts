import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as Vault saw it. */
export interface VaultAsked {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly namespace: string | undefined;
}

/**
 * Vault's HTTP API as far as the token service uses it: KV version 2 reads, AppRole logins, lookup and renewal of the own
 * token, health. Vault itself is not to be had in the tests; this is held to what is published of it (`vault-api.yaml`).
 */
export interface TestVault {
  readonly url: string;
  /** Path of a secret below the mount `secret` -> its data; null: deleted. */
  readonly secrets: Map<string, Readonly<Record<string, unknown>> | null>;
  /** Tokens that are let in -> seconds that they live; 0: without end. */
  readonly tokens: Map<string, number>;
  readonly asked: VaultAsked[];
  readonly roles: Map<string, string>;
  /** Seconds that a token of a login lives. */
  leaseS: number;
  isRenewable: boolean;
  isSealed: boolean;
  /** So many requests that are still to come meet a node that does not know of their token yet. */
  stale: number;
  /** Where everything is; null: in none. */
  namespace: string | null;
  close(): Promise<void>;
}

interface Asked {
  readonly method: string;
  /** Below `/v1/`. */
  readonly path: string;
  readonly token: string;
  readonly body: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const CREATED = '2026-01-01T00:00:00.000000001Z';

/** Starts it on a loopback port. */
export async function startVault(): Promise<TestVault> {
  const server = createServer((req, res) => void handle(req, res));
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const { method = '', url = '' } = req;
    const [token, namespace] = ['x-vault-token', 'x-vault-namespace'].map((name) => req.headers[name]);
    const body = await bodyOf(req);
    vault.asked.push({ method, path: url, token: token as string, namespace: namespace as string });
    const asked = { method, path: url.replace(/^\/v1\//, ''), token: String(token), body };
    const { status, body: said } = answerTo(vault, asked, namespace as string | undefined);
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const vault: TestVault = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets: new Map(),
    tokens: new Map([['hvs.root', 0]]),
    asked: [],
    roles: new Map([['role-1', 'secret-id-1']]),
    leaseS: 3600,
    isRenewable: true,
    isSealed: false,
    stale: 0,
    namespace: null,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return vault;
}

function answerTo(vault: TestVault, asked: Asked, namespace: string | undefined): Answer {
  if (asked.path === 'sys/health') return health(vault);
  if (vault.isSealed) return errors(503, 'Vault is sealed');
  if (vault.namespace !== null && namespace?.replace(/\/$/, '') !== vault.namespace) {
    return errors(403, 'permission denied');
  }
  if (vault.stale > 0) {
    vault.stale--;
    return errors(412, 'required index state not present');
  }
  const isWrite = asked.method === 'POST' || asked.method === 'PUT';
  if (asked.path === 'auth/approle/login') return isWrite ? login(vault, asked) : unsupported();
  if (!vault.tokens.has(asked.token)) return errors(403, 'permission denied');
  if (asked.path === 'auth/token/renew-self') return isWrite ? renewal(vault, asked) : unsupported();
  if (asked.method !== 'GET') return unsupported();
  return asked.path === 'auth/token/lookup-self' ? lookup(vault, asked) : secret(vault, asked);
}

function health({ isSealed }: TestVault): Answer {
  const state = { initialized: true, sealed: isSealed, standby: false, performance_standby: false };
  return {
    status: isSealed ? 503 : 200,
    body: { ...state, server_time_utc: Math.floor(Date.now() / 1000), version: '1.15.0' },
  };
}

function login(vault: TestVault, { body }: Asked): Answer {
  const { role_id: role = '', secret_id: id } = body;
  if (id === undefined || vault.roles.get(role) !== id) return errors(400, 'invalid role or secret ID');
  const token = `hvs.login-${vault.asked.filter(({ path }) => path.endsWith('/login')).length}`;
  vault.tokens.set(token, vault.leaseS);
  return given({ auth: { ...auth(vault, token), token_policies: ['default'], accessor: `of-${token}` } });
}

function renewal(vault: TestVault, { token }: Asked): Answer {
  if (!vault.isRenewable) return errors(400, 'lease is not renewable');
  return given({ auth: auth(vault, token) });
}

function lookup({ tokens, isRenewable }: TestVault, { token }: Asked): Answer {
  const ttl = tokens.get(token);
  const data = {
    id: token,
    ttl,
    creation_ttl: ttl,
    creation_time: 1_700_000_000,
    expire_time: ttl === 0 ? null : CREATED,
    renewable: isRenewable,
    policies: ['default'],
    num_uses: 0,
    path: 'auth/token/create',
    orphan: true,
  };
  return given({ data });
}

function secret({ secrets }: TestVault, { path }: Asked): Answer {
  if (path.endsWith('.')) return errors(404, 'unsupported path');
  const name = /^secret\/data\/(.+)$/.exec(path)?.[1];
  if (name === undefined) return errors(404, `no handler for route "${path}". route entry not found.`);
  const data = secrets.get(decodeURIComponent(name));
  if (data === undefined) return { status: 404, body: { errors: [] } };
  const metadata = {
    created_time: CREATED,
    custom_metadata: null,
    deletion_time: data === null ? CREATED : '',
    destroyed: false,
    version: 1,
  };
  return { ...given({ data: { data, metadata } }), status: data === null ? 404 : 200 };
}

function auth({ leaseS, isRenewable }: TestVault, token: string): object {
  return {
    client_token: token,
    policies: ['default'],
    metadata: null,
    lease_duration: leaseS,
    renewable: isRenewable,
  };
}

/** What is said of every request that is answered. */
function given(what: object): Answer {
  const envelope = { request_id: 'r-1', lease_id: '', renewable: false, lease_duration: 0 };
  return {
    status: 200,
    body: { ...envelope, data: null, wrap_info: null, warnings: null, auth: null, ...what },
  };
}

function unsupported(): Answer {
  return errors(405, 'unsupported operation');
}

function errors(status: number, ...messages: string[]): Answer {
  return { status, body: { errors: messages } };
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, string>> {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === '' ? {} : JSON.parse(text);
}
