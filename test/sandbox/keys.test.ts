import { createLocalJWKSet, createRemoteJWKSet, importSPKI, jwtVerify } from 'jose';
import { defaultSeed, known } from '../../src/sandbox/default-seed.ts';
import { algorithmNames } from '../../src/sandbox/keys.ts';
import type { SeedDocument } from '../../src/sandbox/seed.ts';
import { at, type Bench, headerOf, login, outcome, SECONDS, testRows } from './support.ts';

const KEY_ID = '11111111-1111-4111-8111-0000000000';
const keyIds = algorithmNames.map((_, index) => `${KEY_ID}${index + 10}`);
const SHARED_SECRET = 'a shared secret of at least 64 bytes, since HS512 must not have less';
const isHmac = (algorithm: string) => algorithm.startsWith('HS');

/** One key of every algorithm; the three HMAC keys are imported. */
const everyAlgorithm: SeedDocument = {
  ...defaultSeed,
  keys: [
    ...defaultSeed.keys,
    ...algorithmNames.map((algorithm, index) => ({
      id: keyIds[index] ?? '',
      name: algorithm,
      algorithm,
      kid: algorithm,
      ...(isHmac(algorithm) && { secret: SHARED_SECRET }),
    })),
  ],
};

const vend = async (bench: Bench, keyId: string | undefined) => {
  const [, body] = await outcome(
    bench.client().vendJWT({ claims: { sub: 'robot' }, ...(keyId && { keyId }) }),
  );
  return String(at(body, 'token'));
};
const currentDate = new Date(SECONDS * 1000);

testRows(
  [
    [
      'jose verifies a token of every algorithm, with the JWKS or the shared secret',
      async (bench) => {
        const jwks = createRemoteJWKSet(new URL(`${bench.sandbox.url}/.well-known/jwks.json`));
        const verified: unknown[] = [];
        for (const [index, algorithm] of algorithmNames.entries()) {
          const jwt = await vend(bench, keyIds[index]);
          const options = { currentDate, algorithms: [algorithm] };
          const { payload } = isHmac(algorithm)
            ? await jwtVerify(jwt, Buffer.from(SHARED_SECRET), options)
            : await jwtVerify(jwt, jwks, options);
          verified.push([headerOf(jwt), payload.sub]);
        }
        return verified;
      },
      algorithmNames.map((name) => [{ alg: name, kid: name, typ: 'JWT' }, 'robot']),
    ],
    [
      'the sandbox itself validates a token of every algorithm, and none with another byte in it',
      async (bench) => {
        const statuses = new Set<unknown>();
        for (const keyId of keyIds) {
          const jwt = await vend(bench, keyId);
          const [head, claims = '', signature] = jwt.split('.');
          const changed = `${head}.${claims.slice(0, -1)}${claims.endsWith('A') ? 'Q' : 'A'}.${signature}`;
          const answers = [
            await bench.send('GET', '/api/jwt/validate', { jwt }),
            await bench.send('GET', '/api/jwt/validate', { jwt: changed }),
          ];
          statuses.add(answers.map(({ status }) => status).join());
        }
        return [...statuses];
      },
      ['200,401'],
    ],
    [
      'the JWKS has every asymmetric key, no HMAC key, and no private part',
      async (bench) => {
        const { body } = await bench.send('GET', '/.well-known/jwks.json');
        const keys = at(body, 'keys') as readonly { readonly [member: string]: string }[];
        const listed = keys.filter(({ kid }) => algorithmNames.some((name) => name === kid));
        return [listed.map(({ kid }) => kid), new Set(keys.map((key) => Object.keys(key).join()))];
      },
      [
        algorithmNames.filter((name) => !isHmac(name)),
        new Set(['alg,e,kid,kty,n,use', 'alg,crv,kid,kty,use,x,y', 'alg,crv,kid,kty,use,x']),
      ],
    ],
  ],
  { seed: everyAlgorithm },
);

testRows(
  [
    [
      'the PEM of public-key is the key of the JWKS',
      async (bench) => {
        const jwt = await vend(bench, undefined);
        const { body } = await bench.send('GET', `/api/jwt/public-key?kid=${headerOf(jwt)['kid']}`);
        const key = await importSPKI(String(at(body, 'publicKey')), 'RS256');
        const { payload } = await jwtVerify(jwt, key, { currentDate });
        return payload.sub;
      },
      'robot',
    ],
    [
      'by default a login is signed with RS256, of 2048 bits, under a kid of 27 characters',
      async (bench) => {
        const jwt = await login(bench);
        const { body } = await bench.send('GET', '/.well-known/jwks.json');
        const { kid, alg } = headerOf(jwt);
        const keys = at(body, 'keys') as readonly { readonly kid: string; readonly n: string }[];
        const jwk = keys.find((key) => key.kid === kid);
        await jwtVerify(jwt, createLocalJWKSet(body as { keys: [] }), {
          currentDate,
          issuer: 'acme.com',
          audience: known.applications.web,
        });
        return [alg, String(kid).length, Buffer.from(jwk?.n ?? '', 'base64url').length];
      },
      ['RS256', 27, 256],
    ],
    [
      'the kid of an HMAC key is short hex',
      ({ sandbox }) =>
        /^[0-9a-f]{9}$/.test(sandbox.world.keys.find(({ id }) => id === known.keys.hs256)?.kid ?? ''),
      true,
    ],
  ],
  { seed: defaultSeed },
);
