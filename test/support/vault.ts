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
 * Vault's HTTP API as far as the token service uses it, not compared with its published description: KV version 2 reads,
 * AppRole logins, lookup and renewal of the own token. Vault itself is not to be had in the tests.
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
  close(): Promise<void>;
}

/** Starts it on a loopback port. */
export async function startVault(): Promise<TestVault> {
  let logins = 0;
  const server = createServer((req, res) => void handle(req, res));
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const path = req.url ?? '';
    const [token, namespace] = ['x-vault-token', 'x-vault-namespace'].map((name) => req.headers[name]);
    const body = await bodyOf(req);
    vault.asked.push({
      method: req.method ?? '',
      path,
      token: token as string | undefined,
      namespace: namespace as string | undefined,
    });
    const say = (status: number, value: unknown) =>
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (path === '/v1/auth/approle/login') {
      if (vault.roles.get(body['role_id'] ?? '') !== body['secret_id'])
        return say(400, { errors: ['invalid role or secret ID'] });
      logins++;
      vault.tokens.set(`hvs.login-${logins}`, vault.leaseS);
      return say(200, auth(`hvs.login-${logins}`, vault));
    }
    const own = String(token);
    if (!vault.tokens.has(own)) return say(403, { errors: ['permission denied'] });
    if (path === '/v1/auth/token/lookup-self')
      return say(200, { data: { id: own, ttl: vault.tokens.get(own), renewable: vault.isRenewable } });
    if (path === '/v1/auth/token/renew-self')
      return vault.isRenewable
        ? say(200, auth(own, vault))
        : say(400, { errors: ['lease is not renewable'] });
    const name = /^\/v1\/secret\/data\/(.+)$/.exec(path)?.[1];
    if (name === undefined) return say(404, { errors: [`no handler for route "${path.slice(4)}"`] });
    const data = vault.secrets.get(decodeURIComponent(name));
    const metadata = {
      version: 1,
      destroyed: false,
      deletion_time: data === null ? '2026-01-01T00:00:00Z' : '',
    };
    if (data === undefined) return say(404, { errors: [] });
    return say(data === null ? 404 : 200, { data: { data, metadata } });
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
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return vault;
}

function auth(token: string, { leaseS, isRenewable }: TestVault): object {
  return {
    auth: { client_token: token, lease_duration: leaseS, renewable: isRenewable, policies: ['default'] },
  };
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, string>> {
  const pieces: Buffer[] = [];
  for await (const piece of req) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === '' ? {} : JSON.parse(text);
}
