import { jwtVerify } from 'jose';
import type { Instant, JsonObject } from '../../model/index.ts';
import type { Signer } from '../../model/tokens.ts';
import type { KeyRing } from './key-ring.ts';
import type { SigningKey } from './key.ts';
import { jwsWith, type SignJws } from './sign-jws.ts';

/** What says that a JWT is an access token (RFC 9068 section 2.1), so that none passes for an ID token. */
const TYPE = 'at+jwt';

/** Signs tokens with the keys of a ring and verifies its own. */
export function jwtSigner(
  ring: KeyRing,
  {
    issuer,
    audience,
    now,
  }: { readonly issuer: string; readonly audience: string | readonly string[]; readonly now: () => Instant },
): Signer {
  const signers = new WeakMap<SigningKey, SignJws>();
  const signerOf = (key: SigningKey) => {
    const known = signers.get(key) ?? jwsWith(key, TYPE);
    signers.set(key, known);
    return known;
  };
  return {
    algorithm: ring.signing(now()).algorithm,
    sign: async (claims) => signerOf(ring.signing(claims.iat * 1000))(claims),
    async verify(token, at) {
      const keys = ring.published(at);
      try {
        const { payload } = await jwtVerify(
          token,
          ({ kid, alg }) => {
            const key = keys.find((each) => each.kid === kid && each.algorithm === alg);
            if (key === undefined) throw new Error('no such key');
            return key.public;
          },
          {
            algorithms: [...new Set(keys.map(({ algorithm }) => algorithm))],
            issuer,
            audience: typeof audience === 'string' ? audience : [...audience],
            typ: TYPE,
            currentDate: new Date(at),
            requiredClaims: ['exp', 'iat', 'sub', 'jti'],
          },
        );
        return payload as JsonObject;
      } catch {
        return null;
      }
    },
    jwks: async () => ({ keys: ring.published(now()).map(({ jwk }) => jwk) }),
  };
}
