import { type CryptoKey, createLocalJWKSet, type JWK } from 'jose';
import type { Instant, JsonObject } from '../../model/index.ts';
import type { FoundKeys } from './find-keys.ts';

/** What a token's header says of its key. */
export interface KeyHint {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** The key of a token; `unknown` where the issuer has none such, `unavailable` where its keys cannot be had. */
export type KeyAnswer =
  | { readonly key: CryptoKey }
  | { readonly key: null; readonly fault: 'unknown' | 'unavailable' };

/** How an issuer's keys are kept. */
export interface KeyTerms {
  readonly load: () => Promise<FoundKeys>;
  readonly now: () => Instant;
  /** Told when the keys can no longer be had, with the reason, and with null when they can again. */
  readonly onState: (why: string | null) => void;
}

/** Keys of this age are asked for anew, and in this way a key that the issuer withdrew is forgotten. */
const FRESH_MS = 5 * 60_000;
/** While the issuer cannot be reached its last keys are used until this age, and then no more. */
const STALE_MS = 60 * 60_000;
/** Nothing that anybody sends makes us ask an issuer more often than this. */
const PAUSE_MS = 5000;

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The public keys of one issuer, as fresh as they have to be. */
export class IssuerKeys {
  private readonly terms: KeyTerms;
  private keys: { readonly set: KeySet; readonly at: Instant } | null = null;
  private triedAt: Instant = Number.NEGATIVE_INFINITY;
  private isFailing = false;
  private running: Promise<void> | null = null;

  constructor(terms: KeyTerms) {
    this.terms = terms;
  }

  /** The key that a token's header asks for; an unknown one makes us look once whether the issuer has it by now. */
  async find(hint: KeyHint): Promise<KeyAnswer> {
    const before = await this.current();
    const answer = await pick(before, hint);
    if (answer.key !== null || answer.fault === 'unavailable' || !this.mayAsk()) return answer;
    await this.ask();
    return pick(await this.current(), hint);
  }

  /** Asks for the keys where that is due. Answers whether there are any. */
  async warm(): Promise<boolean> {
    return (await this.current()) !== null;
  }

  private async current(): Promise<KeySet | null> {
    if (this.age() > FRESH_MS && this.mayAsk()) {
      const asking = this.ask();
      // An issuer that is down must not hold up every call for as long as a request to it may take.
      if (!this.isFailing || this.age() > STALE_MS) await asking;
    }
    return this.age() > STALE_MS ? null : (this.keys?.set ?? null);
  }

  private age(): number {
    return this.keys === null ? Number.POSITIVE_INFINITY : this.terms.now() - this.keys.at;
  }

  private mayAsk(): boolean {
    return this.running !== null || this.terms.now() - this.triedAt >= PAUSE_MS;
  }

  /** Everyone who wants keys at the same time waits for the same request. */
  private ask(): Promise<void> {
    this.running ??= this.load().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async load(): Promise<void> {
    const at = this.terms.now();
    this.triedAt = at;
    const found = await this.terms.load();
    // The pause counts from the end as well: an issuer that is slow is not asked without one.
    this.triedAt = this.terms.now();
    if (found.found) this.keys = { set: keySet(found.keys), at };
    const wasFailing = this.isFailing;
    this.isFailing = !found.found;
    if (this.isFailing !== wasFailing) this.terms.onState(found.found ? null : found.why);
  }
}

/** What is wrong with a key shows when it is asked for: one that cannot be read must not take the others with it. */
function keySet(keys: readonly JsonObject[]): KeySet {
  return createLocalJWKSet({ keys: structuredClone(keys) as JWK[] });
}

/** jose takes a key only where `kid`, `alg`, `use`, `key_ops`, type and curve fit, and only if it is the only one. */
async function pick(set: KeySet | null, { alg, kid }: KeyHint): Promise<KeyAnswer> {
  if (set === null) return { key: null, fault: 'unavailable' };
  try {
    return { key: await set(kid === undefined ? { alg } : { alg, kid }) };
  } catch {
    return { key: null, fault: 'unknown' };
  }
}
