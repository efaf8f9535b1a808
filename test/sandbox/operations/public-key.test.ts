import { expect } from 'vitest';
import { known } from '../../../src/sandbox/default-seed.ts';
import { at, NOBODY, outcome, testRows } from '../support.ts';

const { applications, keys } = known;

testRows([
  [
    'public-key: all of them by kid, HMAC left out',
    async (bench) => {
      const [status, body] = await outcome(bench.client().retrieveJWTPublicKeys());
      const kids = bench.sandbox.world.keys.filter(({ id }) => id !== keys.hs256).map(({ kid }) => kid);
      const published = Object.keys(Object(at(body, 'publicKeys')));
      return [status, published.sort().join() === kids.sort().join()];
    },
    [200, true],
  ],
  [
    'public-key: one by kid, which is not the key id',
    async (bench) => {
      const kid = bench.sandbox.world.keys.find(({ id }) => id === keys.es256)?.kid ?? '';
      return [
        await outcome(bench.client().retrieveJWTPublicKey(kid)),
        await outcome(bench.client().retrieveJWTPublicKey(keys.es256)),
      ];
    },
    [
      [
        200,
        {
          publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+\n-----END PUBLIC KEY-----$/),
        },
      ],
      [404, undefined],
    ],
  ],
  [
    'public-key: by application, but not where it uses the key of its tenant, has an HMAC key, or is unknown',
    async (bench) => {
      const asked = [applications.mobile, applications.web, applications.kiosk, NOBODY];
      const client = bench.client();
      const answers = await Promise.all(
        asked.map((id) => outcome(client.retrieveJWTPublicKeyByApplicationId(id))),
      );
      return answers.map(([status]) => status);
    },
    [200, 404, 404, 404],
  ],
]);
