import { hash } from 'node:crypto';
import type { Identified, Identify, Instant } from '../../model/index.ts';
import { toIdentity } from './to-identity.ts';
import type { Verifier } from './verifier.ts';

/** What callers must bring. */
export interface BearerTerms {
  readonly verifier: Verifier;
  /** A token that lacks one of these does not reach far enough. */
  readonly scopes: readonly string[];
  readonly now: () => Instant;
}

/** Long enough that most calls find their token known, short enough that a key which was withdrawn is soon no use. */
const REMEMBERED_MS = 60_000;
const MAX_REMEMBERED = 10_000;
const BEARER = /^bearer +([!-~]+)$/i;

/** Identifies callers by a bearer token; one that was verified is known again by its hash, for a minute and never past `exp`. */
export function bearer({ verifier, scopes, now }: BearerTerms): Identify {
  const remembered = new Remembered(now);
  return async ({ authorization }) => {
    if (authorization === null) return refused('no_token', 'expected a bearer token');
    const mark = hash('sha256', authorization, 'base64');
    const known = remembered.find(mark);
    if (known !== null) return known;
    const [, token] = BEARER.exec(authorization) ?? [];
    if (token === undefined) return refused('no_token', 'expected `Bearer` and a token');
    const verified = await verifier.verify(token);
    if (!verified.ok) {
      return refused(verified.fault === 'invalid' ? 'invalid_token' : verified.fault, verified.why);
    }
    const read = toIdentity(verified.claims);
    if (!read.ok) return refused('invalid_token', read.why);
    const missing = scopes.filter((scope) => read.identity.scopes?.includes(scope) !== true);
    const identified: Identified =
      missing.length === 0
        ? { identified: true, identity: read.identity }
        : refused('insufficient_scope', `expected a token with the scope \`${missing.join(' ')}\``);
    remembered.add(mark, identified, Number(verified.claims['exp']) * 1000);
    return identified;
  };
}

/** What was made of tokens of late, the one that was used longest ago first. */
class Remembered {
  private readonly entries = new Map<string, { readonly identified: Identified; readonly until: Instant }>();
  private readonly now: () => Instant;

  constructor(now: () => Instant) {
    this.now = now;
  }

  find(mark: string): Identified | null {
    const entry = this.entries.get(mark);
    if (entry === undefined) return null;
    this.entries.delete(mark);
    if (entry.until <= this.now()) return null;
    this.entries.set(mark, entry);
    return entry.identified;
  }

  add(mark: string, identified: Identified, expiresAt: Instant): void {
    const [oldest] = this.entries.keys();
    if (this.entries.size >= MAX_REMEMBERED && oldest !== undefined) this.entries.delete(oldest);
    this.entries.set(mark, { identified, until: Math.min(expiresAt, this.now() + REMEMBERED_MS) });
  }
}

function refused(fault: Extract<Identified, { identified: false }>['fault'], why: string): Identified {
  return { identified: false, fault, why };
}
