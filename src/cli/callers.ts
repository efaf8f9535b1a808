import { anonymous } from '../adapters/identity/anonymous.ts';
import { bearer } from '../adapters/identity/bearer.ts';
import { localUser } from '../adapters/identity/local-user.ts';
import { openIssuers, openVerifier } from '../adapters/identity/verifier.ts';
import { expiryOf } from '../doors/expiry.ts';
import type { TokenTerms } from '../doors/token-terms.ts';
import type { Identity, Identify, Instant } from '../model/index.ts';
import { readObject } from '../pipeline/read-object.ts';
import { CommandError, exit } from './exit-codes.ts';
import type { Log } from './log.ts';
import type { TokenConfig } from './token-config.ts';

/** Who calls through which door. */
export interface Callers {
  /** How a door tells its callers apart, and what it says to those that it cannot. */
  of(door: 'http' | 'rest'): { readonly identify: Identify; readonly tokens?: Omit<TokenTerms, 'onRefused'> };
  /** The caller over stdio, and until when; a `CommandError` where its token is no good. */
  stdio(): Promise<{ readonly identity: Identity; readonly until: Instant | null }>;
  /** Asks the issuers for their keys: a mistake in a setting should show before the first caller comes. */
  warm(): void;
  close(): Promise<void>;
}

/** Callers by their tokens, or without issuers the local user over stdio and nobody in particular elsewhere. */
export function openCallers(config: TokenConfig | null, log: Log): Callers {
  if (config === null) {
    const of = () => ({ identify: anonymous() });
    return { of, stdio: local, warm: () => {}, close: async () => {} };
  }
  const issuers = openIssuers({
    issuers: config.issuers,
    allowPrivate: config.allowPrivateIssuers,
    readObject,
    onState: (iss, why) => {
      if (why === null) log.info(`the keys of the issuer ${iss} can be had again`);
      else log.error(`the keys of the issuer ${iss} cannot be had: ${why}`);
    },
  });
  const identifyFor = (...resources: readonly (string | null)[]) =>
    bearer({
      verifier: openVerifier({
        issuers,
        audiences: [...config.audiences, ...resources.filter((each) => each !== null)],
      }),
      scopes: config.scopes,
      now: Date.now,
    });
  return {
    of(door) {
      const resource = config.resources[door];
      if (resource === null) throw new Error('expected a door that is open');
      const named = config.issuers.map(({ iss }) => iss).filter((iss) => /^https?:\/\//.test(iss));
      return {
        identify: identifyFor(resource),
        tokens: { resource, issuers: named, scopes: config.scopes },
      };
    },
    stdio: () =>
      config.token === null
        ? local()
        : byToken(identifyFor(config.resources.http, config.resources.rest), config.token),
    warm() {
      for (const { iss } of issuers.trusted) void issuers.of(iss)?.warm();
    },
    close: () => issuers.close(),
  };
}

async function local(): Promise<{ identity: Identity; until: null }> {
  const found = await localUser()({ authorization: null });
  return { identity: found.identified ? found.identity : {}, until: null };
}

async function byToken(identify: Identify, token: string): Promise<{ identity: Identity; until: Instant }> {
  const found = await identify({ authorization: `Bearer ${token}` });
  if (found.identified) return { identity: found.identity, until: expiryOf(found.identity) };
  const code = found.fault === 'unavailable' ? exit.broke : exit.usage;
  throw new CommandError(`the token in \`PORTCULLIS_TOKEN\` is refused: ${found.why}`, code);
}
