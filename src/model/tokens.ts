/**
 * The words of the token service. Types only.
 *
 * Glossary
 *   directory   one file: which tenants, projects and clients there are, and whom they trust
 *   client      a program of one project of one tenant, which asks for tokens
 *   person      a user of a tenant and what they may do there
 *   grant       a token that was given out, or why it was not
 */
import type { Instant, Json, JsonObject, SentArgs, Violation } from './index.ts';

/** Whom a token is for: a user, or a user as an administrator of the tenant and project. */
export type TokenKind = 'admin' | 'user';

export interface Client {
  readonly tenant: string;
  readonly project: string;
  readonly id: string;
  /** A public client has no secret, and gets no admin tokens. */
  readonly isPublic: boolean;
}

/** What a user may do in their tenant. */
export interface Person {
  /** Unique in the tenant. */
  readonly id: string;
  /** As the directory spells it; compared exactly. */
  readonly email: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly groups: readonly string[];
  readonly resources: readonly string[];
}

/** An issuer of ID tokens that one tenant trusts to say who its users are. */
export interface TrustedIssuer {
  readonly issuer: string;
  /** The client ids that an ID token may be for. */
  readonly audiences: readonly string[];
  /** Where its keys are; null: its discovery document says so. */
  readonly jwksUri: string | null;
}

/** Where the users of a tenant are; names of variables and files, never a connection string. */
export type PeopleSource =
  | { readonly in: 'file'; readonly people: ReadonlyMap<string, Person> }
  | { readonly in: 'sqlite'; readonly file: string }
  | { readonly in: 'postgres'; readonly url: SecretReference };

/** Where a secret is read from at the start. */
export type SecretReference = { readonly env: string } | { readonly file: string };

export interface Tenant {
  readonly name: string;
  readonly issuers: readonly TrustedIssuer[];
  /** The emails of administrators. */
  readonly admins: ReadonlySet<string>;
  /** Project -> client id -> client. */
  readonly projects: ReadonlyMap<string, ReadonlyMap<string, Client>>;
  readonly people: PeopleSource;
}

/** A directory file as a value: checked. */
export interface Directory {
  /** Seconds that a token lives. */
  readonly tokenLifetimeS: number;
  readonly tenants: ReadonlyMap<string, Tenant>;
}

/** What a token says beside `iss`, `aud`, `iat`, `exp` and `jti`, under the names of the token. */
export interface TokenClaims {
  readonly sub: string;
  readonly email: string;
  readonly tenant: string;
  readonly project: string;
  readonly client_id: string;
  readonly roles: readonly string[];
  /** Separated by spaces (RFC 9068 section 2.2.3). */
  readonly scope: string;
  readonly groups: readonly string[];
  readonly resources: readonly string[];
}

/** Why no token was given out, for the audit; callers are told less. */
export type GrantRefusal =
  | 'invalid_request'
  | 'client_unknown'
  | 'client_is_public'
  | 'secret_missing'
  | 'secret_not_wanted'
  | 'secret_wrong'
  | 'user_unknown'
  | 'not_admin'
  | 'client_token_invalid'
  | 'id_token_invalid'
  | 'id_token_used'
  | 'too_many_requests';

/** How a request for a token ended. `id` names it in the audit. */
export type Granted = { readonly id: string } & (
  | { readonly ended: 'issued'; readonly token: string; readonly lifetimeS: number }
  | { readonly ended: 'invalid'; readonly violations: readonly Violation[] }
  | { readonly ended: 'unauthorized' }
  | { readonly ended: 'client_unknown' }
  | { readonly ended: 'too_many'; readonly retryAfterMs: number }
  /** Something that is needed does not answer, or a bug; of neither is more told than the id. */
  | { readonly ended: 'failed' }
);

/** One line of the audit about a token. `event` tells it from a call. */
export interface TokenRecord {
  readonly id: string;
  /** ISO 8601, UTC, with milliseconds. */
  readonly at: string;
  readonly event: 'token_issued' | 'token_refused';
  readonly endpoint: string;
  readonly code: 'issued' | 'failed' | GrantRefusal;
  readonly address: string;
  /** Names as the directory has them; what it does not have is null, since a caller may have put a secret there. */
  readonly tenant: string | null;
  readonly project: string | null;
  readonly client_id: string | null;
  readonly sub: string | null;
  /** Names the token that was given out. */
  readonly jti: string | null;
  readonly exp: string | null;
  readonly ms: number;
  /** What a person needs beyond the code. Never a value. */
  readonly note?: string;
  /** How many more requests of this client, address and endpoint ended in the same way, up to `at`. */
  readonly count?: number;
}

/** What a door knows of a request for a token. */
export interface TokenAsk {
  readonly kind: TokenKind;
  readonly body: SentArgs;
  /** The address that the request came from. */
  readonly address: string;
}

/** The same of one that an ID token is exchanged with, whose body is read only for a client that is known. */
export interface ExchangeAsk extends Omit<TokenAsk, 'body'> {
  /** That header as received. */
  readonly authorization: string | null;
  body(): Promise<SentArgs>;
}

/** All that a door may ask of the token service. */
export interface TokenService {
  /** A token for a user whom a client names. Never throws. */
  generate(ask: TokenAsk): Promise<Granted>;
  /** A token for the user of an ID token. Never throws. */
  exchange(ask: ExchangeAsk): Promise<Granted>;
  /** The keys that tokens are verified with, as RFC 7517 has them. */
  jwks(): Promise<JsonObject>;
  /** Authorization server metadata (RFC 8414, OpenID Connect Discovery). */
  metadata(): JsonObject;
  /** Records what was turned away in the minutes that are over by then. */
  sweep(at: Instant): void;
  /** Why no token can be given out now, in a sentence each; none where one can. Never throws. */
  notReady(): Promise<readonly string[]>;
}

// ---------------------------------------------------------------- ports

export type FoundPerson =
  | { readonly found: 'person'; readonly person: Person }
  | { readonly found: 'nobody' }
  /** The store could not answer; and unknown is not nobody. */
  | { readonly found: 'unknown'; readonly why: string };

/** The users of tenants, wherever each tenant has them. */
export interface People {
  /** Never throws. */
  find(tenant: string, email: string): Promise<FoundPerson>;
  /** Whether the users of one tenant at least can be asked for. Never throws. */
  ready(): Promise<boolean>;
}

export type FoundSecret =
  | { readonly found: 'secret'; readonly sha256: Uint8Array }
  | { readonly found: 'none' }
  | { readonly found: 'unknown'; readonly why: string };

/** What the secrets of clients are compared with: their SHA-256, so that no secret is kept. */
export interface Secrets {
  /** Never throws. */
  of(client: Client): Promise<FoundSecret>;
  /** Whether they can be asked for. Never throws. */
  ready(): Promise<boolean>;
  close(): Promise<void>;
}

/** A claims set that is signed: what a token says, and when. */
export type SignedClaims = TokenClaims & {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
};

/** The keys of the service. */
export interface Signer {
  /** With which it signs, as JWT headers name it. */
  readonly algorithm: string;
  sign(claims: SignedClaims): Promise<string>;
  /** The claims of a token that one of these keys signed, for `at`; null for every other. Never throws. */
  verify(token: string, at: Instant): Promise<JsonObject | null>;
  jwks(): Promise<JsonObject>;
}

/** The audit, as far as tokens are recorded there: in the same chain as calls. */
export interface TokenAudit {
  /** Resolves to true once the line is in the file; false where it could not be written. Never throws. */
  intent(record: TokenRecord): Promise<boolean>;
  /** Queues a line. */
  write(record: TokenRecord): void;
}

/** An ID token, verified by the keys of one of these issuers; `why` is for the audit and holds no value. */
export type VerifyIdToken = (
  token: string,
  issuers: readonly TrustedIssuer[],
) => Promise<
  | { readonly verified: true; readonly issuer: string; readonly claims: Readonly<Record<string, Json>> }
  | { readonly verified: false; readonly why: string }
  /** The issuer's keys could not be had. */
  | { readonly verified: 'unknown'; readonly why: string }
>;

/** Remembers what may be used once, for at least a day. */
export interface Once {
  /** Whether `key` was not taken before; from then on it is. Never throws. */
  take(key: string, at: Instant): Promise<'fresh' | 'used' | { readonly unknown: string }>;
}
