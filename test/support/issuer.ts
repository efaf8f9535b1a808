import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';

/** A key of an issuer, with both halves. */
export interface IssuerKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  /** The public half as the JWKS shows it. */
  readonly jwk: JWK;
}

/** How a token is signed; left out, by the issuer's first key, with its `kid` and `typ: at+jwt`. */
export interface Signing {
  readonly key?: IssuerKey;
  readonly header?: Readonly<Record<string, unknown>>;
}

export type Answer = (req: IncomingMessage, res: ServerResponse) => void;

/** An authorization server that has discovery, keys and nothing else, on a loopback port. */
export interface TestIssuer {
  readonly url: string;
  /** Its published keys; tests change them. */
  keys: IssuerKey[];
  /** Paths that were asked for, oldest first. */
  readonly asked: string[];
  /** What stands at a path in place of what belongs there. */
  readonly answers: Map<string, Answer>;
  /** Signs claims; `iss`, `iat` and `exp` are filled in where they are left out. */
  mint(claims: Readonly<Record<string, unknown>>, signing?: Signing): Promise<string>;
  close(): Promise<void>;
}

export const DISCOVERY = '/.well-known/openid-configuration';
export const OAUTH_DISCOVERY = '/.well-known/oauth-authorization-server';
export const JWKS = '/jwks.json';

/** A fresh key pair. */
export async function makeKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Answers with JSON. */
export function json(value: unknown, type = 'application/json'): Answer {
  return (_req, res) => res.writeHead(200, { 'content-type': type }).end(JSON.stringify(value));
}

/** Starts an issuer with one ES256 key; `path` is the path in its `iss`. */
export async function startIssuer(path = ''): Promise<TestIssuer> {
  const asked: string[] = [];
  const answers = new Map<string, Answer>();
  const server = createServer((req, res) => {
    const target = req.url ?? '';
    asked.push(target);
    const answer = answers.get(target);
    if (answer !== undefined) answer(req, res);
    else if (target === `${path}${DISCOVERY}`) json({ issuer: url, jwks_uri: `${url}${JWKS}` })(req, res);
    else if (target === `${path}${JWKS}`) json({ keys: issuer.keys.map(({ jwk }) => jwk) })(req, res);
    else res.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const issuer: TestIssuer = {
    url,
    keys: [await makeKey('key-1')],
    asked,
    answers,
    async mint(claims, { key = issuer.keys[0], header = {} } = {}) {
      if (key === undefined) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1000);
      const payload = JSON.stringify({ iss: url, iat: now, exp: now + 300, ...claims });
      return sign(payload, key, header);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return issuer;
}

/** Signs any text as a payload, under a header that may say anything else. */
export function sign(
  payload: string,
  key: IssuerKey,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
    .sign(key.privateKey);
}
