import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { folderKeys, givenKeys, type KeyRing } from '../../../src/adapters/signing-keys/key-ring.ts';
import { ROTATION, scheduleOf } from '../../../src/adapters/signing-keys/schedule.ts';
import { jwtSigner } from '../../../src/adapters/signing-keys/signer.ts';
import type { SignedClaims } from '../../../src/model/tokens.ts';
import { temporaryFolder } from '../../support/cli.ts';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const folder = temporaryFolder();
afterAll(() => folder.remove());

describe('the schedule of keys', () => {
  const key = (kid: string, madeAt: number) => ({ kid, madeAt });
  const rows = [
    { name: 'begins with a key that is due', keys: [], at: 0, signing: undefined, published: [], due: true },
    { name: 'signs with the first key at once', keys: [['a', 0]], at: 0, signing: 'a', published: ['a'] },
    {
      name: 'wants the next after 30 days',
      keys: [['a', 0]],
      at: 30 * DAY,
      signing: 'a',
      published: ['a'],
      due: true,
    },
    {
      name: 'publishes the next key an hour before it signs',
      keys: [
        ['a', 0],
        ['b', 30 * DAY],
      ],
      at: 30 * DAY + HOUR - 1,
      signing: 'a',
      published: ['a', 'b'],
    },
    {
      name: 'signs with the next key after that hour',
      keys: [
        ['a', 0],
        ['b', 30 * DAY],
      ],
      at: 30 * DAY + HOUR,
      signing: 'b',
      published: ['a', 'b'],
    },
    {
      name: 'publishes the key before until no token of it lives',
      keys: [
        ['a', 0],
        ['b', 30 * DAY],
      ],
      at: 30 * DAY + HOUR + 25 * HOUR - 1,
      signing: 'b',
      published: ['a', 'b'],
    },
    {
      name: 'forgets it then',
      keys: [
        ['a', 0],
        ['b', 30 * DAY],
      ],
      at: 30 * DAY + HOUR + 25 * HOUR,
      signing: 'b',
      published: ['b'],
    },
    {
      name: 'agrees on one key where two processes began together',
      keys: [
        ['b', 5],
        ['a', 5],
      ],
      at: 5,
      signing: 'a',
      published: ['a', 'b'],
    },
  ] as const;

  it.each(rows.map((row) => [row.name, row] as const))(
    '%s',
    (_name, { keys, at, signing, published, ...rest }) => {
      const found = scheduleOf(
        keys.map(([kid, madeAt]) => key(kid, madeAt)),
        at,
        ROTATION,
      );
      expect({
        signing: found.signing?.kid,
        published: found.published.map(({ kid }) => kid),
        due: found.isNewDue,
      }).toEqual({ signing, published, due: 'due' in rest });
    },
  );
});

const claims = (at: number): SignedClaims => ({
  iss: 'https://tokens.example',
  aud: ['https://proxy.example/mcp'],
  sub: 'acme:anna',
  email: 'anna@acme.example',
  tenant: 'acme',
  project: 'billing',
  client_id: 'backend',
  roles: [],
  scope: '',
  groups: [],
  resources: [],
  iat: at / 1000,
  exp: at / 1000 + 3600,
  jti: 'one',
});
const terms = { issuer: 'https://tokens.example', audience: ['https://proxy.example/mcp'] };

async function openFolder(name: string, now: () => number): Promise<KeyRing> {
  const ring = await folderKeys({ folder: join(folder.path, name), now, onProblem: () => {} });
  ring.close();
  return ring;
}

const NOW = Date.UTC(2026, 0, 1);

describe('keys in a folder', () => {
  it('are for their owner only, and the same after a restart', async () => {
    const first = await openFolder('same', () => NOW);
    const second = await openFolder('same', () => NOW + 1000);
    expect(second.signing(NOW + 1000).kid).toBe(first.signing(NOW).kid);
    const place = join(folder.path, 'same');
    expect(statSync(place).mode & 0o777).toBe(0o700);
    const files = readdirSync(place);
    expect(files).toHaveLength(1);
    for (const file of files) expect(statSync(join(place, file)).mode & 0o777).toBe(0o600);
  });

  it('sign tokens that the published ones verify, before, during and after a rotation', async () => {
    let at = NOW;
    const old = await openFolder('rotated', () => at);
    const token = await jwtSigner(old, { ...terms, now: () => at }).sign(claims(at));
    at += 30 * DAY;
    const next = await openFolder('rotated', () => at);
    const signer = jwtSigner(next, { ...terms, now: () => at });
    const during = (await signer.jwks()) as unknown as JSONWebKeySet;
    expect(during.keys).toHaveLength(2);
    expect(JSON.stringify(during)).not.toContain('"d"');
    await jwtVerify(token, createLocalJWKSet(during), {
      currentDate: new Date(at - 30 * DAY),
      typ: 'at+jwt',
    });
    at += 2 * HOUR;
    expect(next.signing(at).kid).not.toBe(old.signing(at).kid);
    at += 25 * HOUR;
    await openFolder('rotated', () => at);
    expect(readdirSync(join(folder.path, 'rotated'))).toHaveLength(1);
  });

  it('are refused where others can read one, or put one there', async () => {
    await openFolder('loose', () => NOW);
    const place = join(folder.path, 'loose');
    const [file = ''] = readdirSync(place);
    chmodSync(join(place, file), 0o640);
    await expect(openFolder('loose', () => NOW)).rejects.toThrow('for its owner only (mode 0600)');
    chmodSync(join(place, file), 0o600);
    chmodSync(place, 0o777);
    await expect(openFolder('loose', () => NOW)).rejects.toThrow('writable by its owner only');
  });

  it('are refused where one is not what its name says', async () => {
    await openFolder('wrong', () => NOW);
    await openFolder('other', () => NOW + 1);
    const [name = ''] = readdirSync(join(folder.path, 'wrong'));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder.path, 'wrong', name), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await expect(openFolder('wrong', () => NOW)).rejects.toThrow('expected the key that');
  });
});

describe('a given key', () => {
  const pem = (curve: string) =>
    String(
      generateKeyPairSync('ec', { namedCurve: curve }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    );
  const jwk = () => generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });

  it.each([
    ['PEM', () => pem('P-256'), ['ES256']],
    ['PEM on P-384', () => pem('P-384'), ['ES384']],
    [
      'PEM of RSA',
      () =>
        String(
          generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
            format: 'pem',
            type: 'pkcs8',
          }),
        ),
      ['RS256'],
    ],
    ['a JWK', () => JSON.stringify(jwk()), ['EdDSA']],
    ['a JWKS, of which the first signs', () => JSON.stringify({ keys: [jwk(), jwk()] }), ['EdDSA', 'EdDSA']],
  ])('may be %s', async (_form, text, algorithms) => {
    const ring = await givenKeys(text());
    expect(ring.published(0).map(({ algorithm }) => algorithm)).toEqual(algorithms);
    expect(ring.signing(0)).toBe(ring.published(0)[0]);
    const signer = jwtSigner(ring, { ...terms, now: () => 0 });
    expect(await signer.verify(await signer.sign(claims(0)), 1000)).toEqual(claims(0));
  });

  it.each([
    ['a text', 'hunter2-hunter2'],
    ['a public key', JSON.stringify({ ...jwk(), d: undefined })],
    ['an HMAC secret', JSON.stringify({ kty: 'oct', k: 'aHVudGVyMg' })],
    [
      'a weak RSA key',
      String(
        generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }),
      ),
    ],
    ['a curve of its own', pem('secp256k1')],
    ['an empty set', '{"keys":[]}'],
  ])('may not be %s, which is not repeated', async (_what, text) => {
    await expect(givenKeys(text)).rejects.toThrow(/^expected a (private )?key/);
  });
});

describe('a token of our own', () => {
  it.each<readonly [string, Partial<SignedClaims>, number, boolean]>([
    ['is believed', {}, 1000, true],
    ['is not after its end', {}, 3600_000, false],
    ['is not for another audience', { aud: 'https://other.example' }, 1000, false],
    ['is not of another issuer', { iss: 'https://other.example' }, 1000, false],
  ])('%s', async (_what, over, at, isBelieved) => {
    const ring = await givenKeys(
      String(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
          format: 'pem',
          type: 'pkcs8',
        }),
      ),
    );
    const signer = jwtSigner(ring, { ...terms, now: () => 0 });
    const token = await signer.sign({ ...claims(0), ...over });
    expect((await signer.verify(token, at)) !== null).toBe(isBelieved);
    expect(await signer.verify(`${token.slice(0, -4)}AAAA`, at)).toBeNull();
  });
});
