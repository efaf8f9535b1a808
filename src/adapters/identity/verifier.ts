import type { LookupFunction } from 'node:net';
import { type CryptoKey, compactVerify, errors } from 'jose';
import type { Instant, JsonObject } from '../../model/index.ts';
import { isLoopbackHost, lookupWithin } from './addresses.ts';
import { type Demands, objectionTo } from './check-claims.ts';
import { openFetcher, type ReadObject } from './fetch-object.ts';
import { findKeys } from './find-keys.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { readToken } from './read-token.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

/** A token that was verified, or why it is not believed: it is no good, or its issuer's keys cannot be had now. */
export type Verified =
  | { readonly ok: true; readonly claims: JsonObject }
  | { readonly ok: false; readonly fault: 'invalid' | 'unavailable'; readonly why: string };

/** The issuers that are trusted, with their keys. Several verifiers may share them. */
export interface Issuers {
  readonly trusted: readonly TrustedIssuer[];
  /** The keys of the issuer with exactly this `iss`. */
  of(iss: string): IssuerKeys | null;
  readonly readObject: ReadObject;
  readonly now: () => Instant;
  close(): Promise<void>;
}

/** What issuers are opened with. */
export interface IssuersOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** Reads JSON text; null for text that two readers could read as two objects. */
  readonly readObject: ReadObject;
  /** Names of issuers may lead to addresses of private networks; never to this machine. */
  readonly allowPrivate?: boolean;
  /** Told when an issuer's keys can no longer be had, with the reason, and with null when they can again. */
  readonly onState?: (iss: string, why: string | null) => void;
  readonly now?: () => Instant;
  readonly lookup?: LookupFunction;
  readonly timeoutMs?: number;
}

/** Opens the issuers; nothing is fetched before a token asks for it. */
export function openIssuers(options: IssuersOptions): Issuers {
  const { issuers, readObject, allowPrivate = false, onState, now = Date.now } = options;
  let isClosed = false;
  const opened = issuers.map((issuer) => {
    const { hostname } = 'jwks' in issuer.keys ? issuer.keys.jwks : issuer.keys.discover;
    const reach = isLoopbackHost(hostname) ? 'loopback' : allowPrivate ? 'private' : 'public';
    const fetcher = openFetcher({
      lookup: lookupWithin(reach, options.lookup),
      readObject,
      ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    });
    const keys = new IssuerKeys({
      load: () => findKeys(issuer, fetcher),
      now,
      onState: (why) => {
        if (!isClosed) onState?.(issuer.iss, why);
      },
    });
    return { iss: issuer.iss, fetcher, keys };
  });
  const byIss = new Map(opened.map(({ iss, keys }) => [iss, keys]));
  return {
    trusted: issuers,
    of: (iss) => byIss.get(iss) ?? null,
    readObject,
    now,
    async close() {
      isClosed = true;
      await Promise.all(opened.map(({ fetcher }) => fetcher.close()));
    },
  };
}

/** Verifies tokens for one purpose. */
export interface Verifier {
  /** `nonce` is for ID tokens: the one that the login was begun with. Never throws. */
  verify(token: string, occasion?: { readonly nonce?: string }): Promise<Verified>;
}

/** What a verifier is opened with; `use` is `access` and `skewMs` 30 seconds where they are left out. */
export interface VerifierOptions extends Partial<Omit<Demands, 'audiences'>>, Pick<Demands, 'audiences'> {
  readonly issuers: Issuers;
}

const SKEW_MS = 30_000;
const MAX_SKEW_MS = 300_000;

/**
 * Verifies compact JWS tokens of trusted issuers: form, header, issuer, claims, and last the signature, so that a token
 * that can be refused for nothing makes nobody fetch a key.
 */
export function openVerifier(options: VerifierOptions): Verifier {
  const { issuers, use = 'access', audiences, skewMs = SKEW_MS } = options;
  if (!(skewMs >= 0 && skewMs <= MAX_SKEW_MS))
    throw new RangeError('expected a skew of at most five minutes');
  if (audiences.length === 0)
    throw new RangeError('expected an audience: a token without one is for anybody');
  const demands: Demands = { use, audiences, skewMs };
  return {
    async verify(token, { nonce } = {}) {
      const read = readToken(token, issuers.readObject);
      if (!read.ok) return invalid(read.why);
      const { hint, typ, claims } = read;
      const keys = typeof claims['iss'] === 'string' ? issuers.of(claims['iss']) : null;
      if (keys === null) return invalid('expected a token of a trusted issuer');
      const objection = objectionTo(claims, demands, { now: issuers.now(), typ, nonce });
      if (objection !== null) return invalid(objection);
      const found = await keys.find(hint);
      if (found.key === null) return found.fault === 'unavailable' ? UNAVAILABLE : invalid(UNSIGNED);
      return (await isSigned(token, found.key, hint.alg)) ? { ok: true, claims } : invalid(UNSIGNED);
    },
  };
}

/** One sentence for an unknown key and a wrong signature: which of them it was helps only who forges. */
const UNSIGNED = 'expected a signature by a key of its issuer';
const UNAVAILABLE: Verified = {
  ok: false,
  fault: 'unavailable',
  why: 'the keys of its issuer cannot be had now',
};

async function isSigned(token: string, key: CryptoKey, alg: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [alg] });
    return true;
  } catch (error) {
    // jose also refuses keys that are too weak, with a `TypeError`.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false;
    throw error;
  }
}

function invalid(why: string): Verified {
  return { ok: false, fault: 'invalid', why };
}
