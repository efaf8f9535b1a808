import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIssuer } from '../../../src/adapters/identity/trusted-issuer.ts';
import {
  type Issuers,
  type IssuersOptions,
  openIssuers,
  openVerifier,
} from '../../../src/adapters/identity/verifier.ts';
import { readObject } from '../../../src/pipeline/read-object.ts';
import {
  type Answer,
  DISCOVERY,
  JWKS,
  json,
  makeKey,
  OAUTH_DISCOVERY,
  startIssuer,
  type TestIssuer,
} from '../../support/issuer.ts';

const AUDIENCE = 'https://proxy.example/mcp';
const NO_KEYS = { ok: false, fault: 'unavailable', why: 'the keys of its issuer cannot be had now' };
const UNSIGNED = { ok: false, fault: 'invalid', why: 'expected a signature by a key of its issuer' };
const MINUTE = 60_000;

let issuer: TestIssuer;
let now = 0;
const opened: Issuers[] = [];
const states: (string | null)[] = [];

/** A verifier that trusts `text`, by a clock that the test holds. */
function verifier(text: string, over: Partial<IssuersOptions> = {}) {
  const read = readIssuer(text);
  if (!read.ok) throw new Error(read.expected);
  const onState = (_iss: string, why: string | null) => states.push(why);
  const issuers = openIssuers({ issuers: [read.issuer], readObject, onState, now: () => now, ...over });
  opened.push(issuers);
  return openVerifier({ issuers, audiences: [AUDIENCE] });
}

/** A token that is good for hours, so that only keys decide. */
function token(kid?: string) {
  const seconds = Math.floor(now / 1000);
  const header = kid === undefined ? {} : { kid };
  return issuer.mint({ sub: 'ann', aud: AUDIENCE, iat: seconds, exp: seconds + 10 * 3600 }, { header });
}

beforeEach(async () => {
  now = Date.now();
  states.length = 0;
  issuer = await startIssuer();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
  await issuer.close();
});

describe('the keys of an issuer', () => {
  it('are found by its discovery document, once for many tokens at the same time', async () => {
    const { verify } = verifier(issuer.url);
    const all = await Promise.all(Array.from({ length: 50 }, async () => verify(await token())));
    expect(all.filter(({ ok }) => ok)).toHaveLength(50);
    expect(issuer.asked).toEqual([DISCOVERY, JWKS]);
  });

  it('are found by RFC 8414 where there is no OpenID document', async () => {
    issuer.answers.set(DISCOVERY, (_req, res) => res.writeHead(404).end());
    issuer.answers.set(OAUTH_DISCOVERY, json({ issuer: issuer.url, jwks_uri: `${issuer.url}${JWKS}` }));
    expect(await verifier(issuer.url).verify(await token())).toMatchObject({ ok: true });
    expect(issuer.asked).toEqual([DISCOVERY, OAUTH_DISCOVERY, JWKS]);
  });

  it('are found where the operator says, and then no document is asked for', async () => {
    const { verify } = verifier(`acme.com=${issuer.url}${JWKS}`);
    const good = await issuer.mint({ iss: 'acme.com', sub: 'ann', aud: AUDIENCE });
    expect(await verify(good)).toMatchObject({ ok: true });
    expect(await verify(await token())).toMatchObject({ ok: false, fault: 'invalid' });
    expect(issuer.asked).toEqual([JWKS]);
  });

  it('are those of the issuer with a path, whose documents stand before and behind it', async () => {
    const tenant = await startIssuer('/tenants/one');
    tenant.answers.set(
      '/.well-known/oauth-authorization-server/tenants/one',
      json({ issuer: tenant.url, jwks_uri: `${tenant.url}${JWKS}` }),
    );
    tenant.answers.set(`/tenants/one${DISCOVERY}`, (_req, res) => res.writeHead(404).end());
    const good = await tenant.mint({ sub: 'ann', aud: AUDIENCE });
    expect(await verifier(tenant.url).verify(good)).toMatchObject({ ok: true });
    await tenant.close();
  });

  it('are asked for again when a token names an unknown one, and a rotation is seen at once', async () => {
    const { verify } = verifier(issuer.url);
    await verify(await token());
    now += 6000;
    issuer.keys = [await makeKey('key-2')];
    expect(await verify(await token())).toMatchObject({ ok: true });
    expect(issuer.asked).toHaveLength(4);
  });

  it('are not asked for more often by a flood of unknown names', async () => {
    const { verify } = verifier(issuer.url);
    await verify(await token());
    for (let second = 0; second < 30; second++) {
      now += 1000;
      const flood = await Promise.all(
        Array.from({ length: 20 }, async (_, i) => verify(await token(`kid-${second}-${i}`))),
      );
      expect(flood.filter(({ ok }) => ok)).toEqual([]);
    }
    // Thirty seconds, one look each five: six at most beside the first, of two documents each.
    expect(issuer.asked.length).toBeLessThanOrEqual(14);
    expect(issuer.asked.length).toBeGreaterThan(8);
  });

  it('are forgotten within minutes after the issuer withdrew them', async () => {
    const { verify } = verifier(issuer.url);
    const old = await token();
    expect(await verify(old)).toMatchObject({ ok: true });
    issuer.keys = [await makeKey('key-2')];
    now += 5 * MINUTE + 1;
    expect(await verify(old)).toEqual(UNSIGNED);
  });

  it('are used for an hour while the issuer is down, and no longer', async () => {
    const { verify } = verifier(issuer.url);
    const good = await token();
    await verify(good);
    issuer.answers.set(DISCOVERY, (_req, res) => res.writeHead(503).end());
    now += 59 * MINUTE;
    expect(await verify(good)).toMatchObject({ ok: true });
    now += 2 * MINUTE;
    expect(await verify(good)).toEqual(NO_KEYS);
    expect(states).toEqual(['its discovery document: it answered 503']);
    issuer.answers.clear();
    now += 6000;
    expect(await verify(good)).toMatchObject({ ok: true });
    expect(states).toEqual(['its discovery document: it answered 503', null]);
  });

  it('are not asked for without a pause while the issuer is down', async () => {
    issuer.answers.set(DISCOVERY, (_req, res) => res.writeHead(503).end());
    const { verify } = verifier(issuer.url);
    const good = await token();
    for (let i = 0; i < 20; i++) expect(await verify(good)).toEqual(NO_KEYS);
    expect(issuer.asked).toEqual([DISCOVERY]);
  });
});

describe('an answer of an issuer', () => {
  const redirect =
    (to: string): Answer =>
    (_req, res) =>
      res.writeHead(302, { location: to }).end();
  const huge: Answer = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write(`{"keys":[],"x":"`);
    for (let i = 0; i < 64; i++) res.write('x'.repeat(64 * 1024));
    res.end('"}');
  };
  const silent: Answer = () => {};
  const dripping: Answer = (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => res.write(' '), 20);
    res.once('close', () => clearInterval(timer));
  };

  const rows: readonly (readonly [string, string, () => Answer, string])[] = [
    [
      'a redirect of the document',
      DISCOVERY,
      () => redirect('/elsewhere'),
      'its discovery document: it answered 302, a redirect, which is not followed',
    ],
    [
      'a redirect of the keys',
      JWKS,
      () => redirect('/elsewhere'),
      'its JWKS: it answered 302, a redirect, which is not followed',
    ],
    ['keys that are huge', JWKS, () => huge, 'its JWKS: it answered with more than 524288 bytes'],
    ['keys that never come', JWKS, () => silent, 'its JWKS: it did not answer within 300 ms'],
    ['keys that come drop by drop', JWKS, () => dripping, 'its JWKS: it did not answer within 300 ms'],
    [
      'keys as a page',
      JWKS,
      () => json({ keys: [] }, 'text/html'),
      'its JWKS: its answer is not of the type `application/json`',
    ],
    [
      'keys that are no JSON',
      JWKS,
      () => (_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":'),
      'its JWKS: it answered with no JSON object',
    ],
    [
      'keys twice',
      JWKS,
      () => (_req, res) =>
        void res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[],"keys":[]}'),
      'its JWKS: it answered with no JSON object',
    ],
    ['no keys', JWKS, () => json({ keys: [] }), 'its JWKS: expected a public key'],
    [
      'a shared key',
      JWKS,
      () => json({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1' }] }),
      'its JWKS: expected a public key',
    ],
    [
      'a key with its private half',
      JWKS,
      () => json({ keys: [{ ...issuer.keys[0]?.jwk, d: 'AAAA' }] }),
      'its JWKS: expected a public key',
    ],
    [
      'too many keys',
      JWKS,
      () => json({ keys: Array.from({ length: 101 }, () => issuer.keys[0]?.jwk) }),
      'its JWKS: expected `keys`, a list of at most 100',
    ],
    [
      'a document of another issuer',
      DISCOVERY,
      () => json({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}${JWKS}` }),
      'its discovery document: expected an `issuer` that is the configured one',
    ],
    [
      'a document without keys',
      DISCOVERY,
      () => json({ issuer: issuer.url }),
      'its discovery document: expected a `jwks_uri` on the origin of the issuer; else `ISS=URL` names it',
    ],
  ];

  it.each(rows)('is not taken: %s', async (_name, path, answer, why) => {
    issuer.answers.set(path, answer());
    const { verify } = verifier(issuer.url, { timeoutMs: 300 });
    expect(await verify(await token())).toEqual(NO_KEYS);
    expect(states).toEqual([why]);
  });

  it.each([
    ['another port of this machine', () => 'http://127.0.0.1:1/jwks.json'],
    ['a private address', () => 'http://10.0.0.1/jwks.json'],
    ['a metadata service', () => 'http://169.254.169.254/latest/meta-data'],
    ['another name of the same machine', () => issuer.url.replace('127.0.0.1', 'localhost') + JWKS],
    ['a file', () => 'file:///etc/passwd'],
    ['a user', () => issuer.url.replace('//', '//user@') + JWKS],
  ])('cannot send us to %s', async (_name, place) => {
    issuer.answers.set(DISCOVERY, json({ issuer: issuer.url, jwks_uri: place() }));
    expect(await verifier(issuer.url).verify(await token())).toEqual(NO_KEYS);
    expect(issuer.asked).toEqual([DISCOVERY]);
  });
});

describe('the name of an issuer', () => {
  const leadsTo =
    (...addresses: string[]): LookupFunction =>
    (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  it.each([
    ['loopback', ['127.0.0.1'], true],
    ['loopback as IPv6', ['::1'], true],
    ['loopback in the clothes of IPv6', ['::ffff:127.0.0.1'], true],
    ['a private network', ['10.1.2.3'], false],
    ['a private network of IPv6', ['fd00::1'], false],
    ['a metadata service', ['169.254.169.254'], true],
    ['a metadata service in the clothes of IPv6', ['::ffff:169.254.169.254'], true],
    ['nowhere', ['0.0.0.0'], true],
    ['one public and one private address', ['93.184.216.34', '192.168.0.1'], false],
    ['no address', [], true],
  ])('that leads to %s is not followed', async (_name, addresses, evenIfPrivate) => {
    let connections = 0;
    const server = createServer().on('connection', () => connections++);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const iss = `https://id.example:${port}`;
    const bad = await issuer.mint({ iss, sub: 'ann', aud: AUDIENCE });
    for (const allowPrivate of evenIfPrivate ? [false, true] : [false]) {
      const { verify } = verifier(iss, { lookup: leadsTo(...addresses), allowPrivate });
      expect(await verify(bad)).toEqual(NO_KEYS);
    }
    expect(new Set(states)).toEqual(
      new Set(['its discovery document: its name leads to an address that is not public']),
    );
    expect(connections).toBe(0);
    await new Promise((closed) => server.close(closed));
  });

  it('that leads into a private network is followed where the operator says so', async () => {
    const lookup = leadsTo('10.255.255.1');
    const { verify } = verifier('https://id.example', { lookup, allowPrivate: true, timeoutMs: 200 });
    expect(await verify(await issuer.mint({ iss: 'https://id.example', sub: 'ann', aud: AUDIENCE }))).toEqual(
      NO_KEYS,
    );
    expect(states[0]).toMatch(/did not answer|cannot be reached/);
  });

  it('`localhost` leads to this machine and nowhere else', async () => {
    const iss = issuer.url.replace('127.0.0.1', 'localhost');
    const { verify } = verifier(iss, { lookup: leadsTo('10.0.0.1') });
    expect(await verify(await issuer.mint({ iss, sub: 'ann', aud: AUDIENCE }))).toEqual(NO_KEYS);
    expect(issuer.asked).toEqual([]);
  });
});

describe('an issuer as it is written', () => {
  it.each([
    ['https://id.example.com', 'https://id.example.com', { discover: 'https://id.example.com/' }],
    ['https://id.example.com/', 'https://id.example.com/', { discover: 'https://id.example.com/' }],
    ['https://id.example.com/t=1', 'https://id.example.com/t=1', { discover: 'https://id.example.com/t=1' }],
    ['http://localhost:9011', 'http://localhost:9011', { discover: 'http://localhost:9011/' }],
    ['http://[::1]:9011', 'http://[::1]:9011', { discover: 'http://[::1]:9011/' }],
    ['acme.com=https://id.example.com/jwks', 'acme.com', { jwks: 'https://id.example.com/jwks' }],
    [
      'https://accounts.example=https://keys.example/certs',
      'https://accounts.example',
      { jwks: 'https://keys.example/certs' },
    ],
  ])('%s is taken as it is', (text, iss, keys) => {
    const read = readIssuer(text);
    if (!read.ok) throw new Error(read.expected);
    const shown = Object.fromEntries(Object.entries(read.issuer.keys).map(([name, url]) => [name, url.href]));
    expect({ iss: read.issuer.iss, keys: shown }).toEqual({ iss, keys });
  });

  it.each([
    ['acme.com'],
    [''],
    ['http://id.example.com'],
    ['http://10.0.0.1'],
    ['http://127.0.0.1.example.com'],
    ['ftp://id.example.com'],
    ['https://user:secret@id.example.com'],
    ['https://id.example.com?tenant=1'],
    ['https://id.example.com#x'],
    ['https://id.example.com\\@evil.example'],
    ['acme.com=http://keys.example/jwks'],
    ['acme.com=ftp://keys.example/jwks'],
    ['local=https://keys.example/jwks'],
    ['acme .com=https://keys.example/jwks'],
    ['ácme.com=https://keys.example/jwks'],
  ])('%s is refused', (text) => {
    expect(readIssuer(text)).toMatchObject({ ok: false });
  });
});
