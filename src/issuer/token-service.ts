import type {
  Granted,
  SignedClaims,
  TokenAsk,
  TokenKind,
  TokenRecord,
  TokenService,
} from '../model/tokens.ts';
import { claimsFor } from './claims.ts';
import { judgeExchange } from './judge-exchange.ts';
import { judgeGenerate } from './judge-generate.ts';
import { metadataOf } from './metadata.ts';
import type { TokenPorts, TokenTerms } from './ports.ts';
import {
  isFailedAuthentication,
  refusedRecord,
  type TokenOpening,
  toAnswer,
  type Verdict,
} from './verdict.ts';

/** The life of a request for a token: guard, judge, sign, record, answer. */
export function tokenService(terms: TokenTerms, ports: TokenPorts): TokenService {
  const walk = (ask: TokenAsk, endpoint: string, judge: () => Promise<Verdict>) =>
    new Walk(terms, ports, { endpoint: `auth/${ask.kind}/${endpoint}`, ask }).run(judge);
  return {
    generate: (ask) => walk(ask, 'generateToken', () => judgeGenerate(ask, ports)),
    exchange: (ask) => walk(ask, 'oidcToken', () => judgeExchange(ask, ports)),
    jwks: () => ports.signer.jwks(),
    metadata: () => metadataOf(terms.issuer, ports.signer.algorithm),
  };
}

/** What fits in a header. */
const MAX_TOKEN = 16 * 1024;

/** One request on its way. Its life is one `run`. */
class Walk {
  private readonly terms: TokenTerms;
  private readonly ports: TokenPorts;
  private readonly kind: TokenKind;
  private readonly opening: TokenOpening;
  private readonly begun: number;

  constructor(terms: TokenTerms, ports: TokenPorts, about: { endpoint: string; ask: TokenAsk }) {
    this.terms = terms;
    this.ports = ports;
    this.kind = about.ask.kind;
    this.begun = ports.elapsed();
    this.opening = {
      id: ports.newId(),
      at: new Date(ports.now()).toISOString(),
      endpoint: about.endpoint,
      address: about.ask.address,
    };
  }

  async run(judge: () => Promise<Verdict>): Promise<Granted> {
    const { id, address } = this.opening;
    try {
      const tooMany = await this.ports.guard.count('token_request', address);
      const verdict: Verdict =
        tooMany === null ? await judge() : { may: false, code: 'too_many_requests', ...tooMany };
      return await (verdict.may === true ? this.issue(verdict) : this.refuse(verdict));
    } catch (fault) {
      this.ports.onFault(id, fault);
      this.write(refusedRecord(this.opening, { code: 'failed' }));
      return { id, ended: 'failed' };
    }
  }

  /** A token that cannot be recorded is not given out. */
  private async issue({ client, person }: Extract<Verdict, { may: true }>): Promise<Granted> {
    const { id } = this.opening;
    const lifetimeS = this.ports.directory().tokenLifetimeS;
    const iat = Math.floor(this.ports.now() / 1000);
    const claims: SignedClaims = {
      iss: this.terms.issuer,
      aud: this.terms.audience,
      ...claimsFor(this.kind, client, person),
      iat,
      exp: iat + lifetimeS,
      jti: this.ports.newId(),
    };
    const token = await this.ports.signer.sign(claims);
    if (token.length > MAX_TOKEN) throw new Error(`the token would have more than ${MAX_TOKEN} characters`);
    const { tenant, project, client_id, sub, jti } = claims;
    const exp = new Date(claims.exp * 1000).toISOString();
    const names = { tenant, project, client_id, sub, jti, exp };
    const record = this.timed({ ...this.opening, event: 'token_issued', code: 'issued', ...names });
    if (await this.ports.audit.intent(record)) return { id, ended: 'issued', token, lifetimeS };
    this.ports.onFault(id, new Error('the audit cannot be written, so no token was given out'));
    return { id, ended: 'failed' };
  }

  private async refuse(verdict: Exclude<Verdict, { may: true }>): Promise<Granted> {
    const { id, address } = this.opening;
    if (verdict.may === 'unknown') {
      const { client, why } = verdict;
      this.write(refusedRecord(this.opening, { code: 'failed', client, note: why }));
      this.ports.onFault(id, new Error(verdict.why));
      return { id, ended: 'failed' };
    }
    this.write(refusedRecord(this.opening, verdict));
    if (!isFailedAuthentication(verdict)) return toAnswer(id, verdict);
    const tooMany = await this.ports.guard.count('failed_authentication', address);
    return tooMany === null ? toAnswer(id, verdict) : { id, ended: 'too_many', ...tooMany };
  }

  private write(record: Omit<TokenRecord, 'ms'>): void {
    this.ports.audit.write(this.timed(record));
  }

  private timed(record: Omit<TokenRecord, 'ms'>): TokenRecord {
    return { ...record, ms: Math.round((this.ports.elapsed() - this.begun) * 1000) / 1000 };
  }
}
