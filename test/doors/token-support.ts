import { bearer } from '../../src/adapters/identity/bearer.ts';
import { readIssuer } from '../../src/adapters/identity/trusted-issuer.ts';
import { type Issuers, openIssuers, openVerifier } from '../../src/adapters/identity/verifier.ts';
import type { TokenTerms } from '../../src/doors/token-terms.ts';
import type { Identify } from '../../src/model/index.ts';
import { readObject } from '../../src/pipeline/read-object.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';

export const RESOURCE = 'https://proxy.example/portcullis/mcp';
export const METADATA = 'https://proxy.example/.well-known/oauth-protected-resource/portcullis/mcp';

/** What a door needs to demand tokens of an issuer. */
export interface TestTokens {
  readonly issuer: TestIssuer;
  /** Why tokens were refused, oldest first. */
  readonly refused: string[];
  /** Options of a door that demands tokens with these scopes. */
  terms(scopes?: readonly string[]): { readonly identify: Identify; readonly tokens: TokenTerms };
  mint(claims: Readonly<Record<string, unknown>>): Promise<string>;
  close(): Promise<void>;
}

/** Trusts one URL as an issuer. */
export function trust(url: string): Issuers {
  const read = readIssuer(url);
  if (!read.ok) throw new Error(read.expected);
  return openIssuers({ issuers: [read.issuer], readObject, timeoutMs: 500 });
}

/** An issuer that runs, and is trusted. */
export async function openTokens(): Promise<TestTokens> {
  const issuer = await startIssuer();
  const issuers = trust(issuer.url);
  const refused: string[] = [];
  const onRefused = (why: string) => refused.push(why);
  return {
    issuer,
    refused,
    terms: (scopes = []) => ({
      identify: bearer({ verifier: openVerifier({ issuers, audiences: [RESOURCE] }), scopes, now: Date.now }),
      tokens: { resource: RESOURCE, issuers: [issuer.url], scopes, onRefused },
    }),
    mint: (claims) => issuer.mint({ aud: RESOURCE, ...claims }),
    async close() {
      await Promise.all([issuers.close(), issuer.close()]);
    },
  };
}
