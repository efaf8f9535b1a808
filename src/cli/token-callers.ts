import { bearer } from '../adapters/identity/bearer.ts';
import { openIssuers, openVerifier } from '../adapters/identity/verifier.ts';
import { expiryOf } from '../doors/expiry.ts';
import type { Identify, Identity, Instant } from '../model/index.ts';
import { readObject } from '../pipeline/read-object.ts';
import type { Callers } from './callers.ts';
import { CommandError, exit } from './exit-codes.ts';
import type { Log } from './log.ts';
import type { TokenConfig } from './token-config.ts';

/** Callers by tokens of these issuers; without a token of its own, `local` is the caller over stdio. */
export function tokenCallers(config: TokenConfig, log: Log, local: Callers['stdio']): Callers {
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

async function byToken(identify: Identify, token: string): Promise<{ identity: Identity; until: Instant }> {
  const found = await identify({ authorization: `Bearer ${token}` });
  if (found.identified) return { identity: found.identity, until: expiryOf(found.identity) };
  const code = found.fault === 'unavailable' ? exit.broke : exit.usage;
  throw new CommandError(`the token in \`PORTCULLIS_TOKEN\` is refused: ${found.why}`, code);
}
