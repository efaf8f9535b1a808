import { anonymous } from '../adapters/identity/anonymous.ts';
import { localUser } from '../adapters/identity/local-user.ts';
import type { TokenTerms } from '../doors/token-terms.ts';
import type { Identify, Identity, Instant } from '../model/index.ts';
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
export async function openCallers(config: TokenConfig | null, log: Log): Promise<Callers> {
  if (config === null) {
    const of = () => ({ identify: anonymous() });
    return { of, stdio: local, warm: () => {}, close: async () => {} };
  }
  // Signatures and their keys are loaded only where there are tokens.
  const { tokenCallers } = await import('./token-callers.ts');
  return tokenCallers(config, log, local);
}

async function local(): Promise<{ identity: Identity; until: null }> {
  const found = await localUser()({ authorization: null });
  return { identity: found.identified ? found.identity : {}, until: null };
}
