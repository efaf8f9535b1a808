import type { Guard, Instant } from '../model/index.ts';
import type { Directory, Once, People, Secrets, Signer, TokenAudit, VerifyIdToken } from '../model/tokens.ts';

/** The other systems that a request for a token meets, and the effects it may have. */
export interface TokenPorts {
  /** The directory in force. */
  directory(): Directory;
  readonly people: People;
  readonly secrets: Secrets;
  readonly signer: Signer;
  readonly verifyIdToken: VerifyIdToken;
  readonly once: Once;
  readonly guard: Guard;
  readonly audit: TokenAudit;
  newId(): string;
  now(): Instant;
  /** Milliseconds of a clock that never runs backwards. */
  elapsed(): number;
  /** Told of what should not have happened or does not answer; the caller is only given the id. */
  onFault(id: string, fault: unknown): void;
}

/** Who the service says it is, and for whom its tokens are. */
export interface TokenTerms {
  /** `iss` */
  readonly issuer: string;
  /** `aud`: the proxy's resource. */
  readonly audience: string | readonly string[];
}
