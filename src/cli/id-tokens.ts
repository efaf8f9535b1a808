import { readToken } from '../adapters/identity/read-token.ts';
import { readIssuer } from '../adapters/identity/trusted-issuer.ts';
import {
  type IssuersOptions,
  openIssuers,
  openVerifier,
  type Verifier,
} from '../adapters/identity/verifier.ts';
import type { Directory, TrustedIssuer, VerifyIdToken } from '../model/tokens.ts';
import { readObject } from '../pipeline/read-object.ts';
import { CommandError, exit } from './exit-codes.ts';
import type { Log } from './log.ts';

/** Verifies ID tokens of the issuers of a directory, each for its own audiences. */
export interface IdTokenVerifier {
  readonly verify: VerifyIdToken;
  close(): Promise<void>;
}

interface Surroundings extends Pick<IssuersOptions, 'allowPrivate' | 'lookup' | 'timeoutMs'> {
  readonly log: Log;
}

/** Opens the issuers of all tenants; keys are fetched when a token asks for them. */
export function idTokenVerifier({ tenants }: Directory, surroundings: Surroundings): IdTokenVerifier {
  const opened = new Map(
    Array.from(tenants.values(), ({ issuers }) => issuers)
      .flat()
      .map((trusted) => [JSON.stringify(trusted), open(trusted, surroundings)]),
  );
  return {
    async verify(token, issuers) {
      const read = readToken(token, readObject);
      if (!read.ok) return { verified: false, why: read.why };
      const trusted = issuers.find(({ issuer }) => issuer === read.claims['iss']);
      const verifier = trusted && opened.get(JSON.stringify(trusted))?.verifier;
      if (!verifier) return { verified: false, why: 'expected a token of an issuer that the tenant trusts' };
      const verified = await verifier.verify(token);
      if (verified.ok) return { verified: true, issuer: trusted.issuer, claims: verified.claims };
      return { verified: verified.fault === 'unavailable' ? 'unknown' : false, why: verified.why };
    },
    async close() {
      await Promise.all(Array.from(opened.values(), ({ close }) => close()));
    },
  };
}

function open(
  { issuer, audiences, jwksUri }: TrustedIssuer,
  { log, ...reach }: Surroundings,
): { readonly verifier: Verifier; close(): Promise<void> } {
  const read = readIssuer(jwksUri === null ? issuer : `${issuer}=${jwksUri}`);
  if (!read.ok) throw new CommandError(`the issuer \`${issuer}\`: expected ${read.expected}`, exit.policy);
  const issuers = openIssuers({
    issuers: [read.issuer],
    readObject,
    ...reach,
    onState: (iss, why) => {
      if (why === null) log.info(`the keys of ${iss} can be had again`);
      else log.error(`the keys of ${iss} cannot be had: ${why}`);
    },
  });
  const verifier = openVerifier({ issuers, use: 'id', audiences });
  return { verifier, close: () => issuers.close() };
}
