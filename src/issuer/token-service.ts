import type {
  Granted,
  SignedClaims,
  TokenAsk,
  TokenKind,
  TokenRecord,
  TokenService,
} from '../model/tokens.ts';
import { claimsFor } from './claims.ts';
import { countJudgement } from './counting.ts';
import { judgeExchange } from './judge-exchange.ts';
import { judgeGenerate } from './judge-generate.ts';
import { metadataOf } from './metadata.ts';
import type { TokenPorts, TokenTerms } from './ports.ts';
import { Tally } from './tally.ts';
import { isJudgement, refusedRecord, type TokenOpening, toAnswer, type Verdict } from './verdict.ts';

/** The life of a request for a token: guard, judge, sign, record, answer. */
export function tokenService(terms: TokenTerms, ports: TokenPorts): TokenService {
  const tally = new Tally((record) => ports.audit.write(record));
  const walk = (ask: Asked, endpoint: string, judge: () => Promise<Verdict>) =>
    new Walk({ terms, ports, tally }, { endpoint: `auth/${ask.kind}/${endpoint}`, ask }).run(judge);
  return {
    generate: (ask) => walk(ask, 'generateToken', () => judgeGenerate(ask, ports)),
    exchange: (ask) => walk(ask, 'oidcToken', () => judgeExchange(ask, ports)),
    jwks: () => ports.signer.jwks(),
    metadata: () => metadataOf(terms.issuer, ports.signer.algorithm),
    sweep: (at) => tally.sweep(at),
    async notReady() {
      const [secrets, people] = await Promise.all([ports.secrets.ready(), ports.people.ready()]);
      return [
        ...(secrets ? [] : ['the secrets of clients cannot be asked for']),
        ...(people ? [] : ['the users of no tenant can be asked for']),
      ];
    },
  };
}

type Asked = Pick<TokenAsk, 'kind' | 'address'>;

/** What requests have in common. */
interface Around {
  readonly terms: TokenTerms;
  readonly ports: TokenPorts;
  readonly tally: Tally;
}

/** What fits in a header. */
const MAX_TOKEN = 16 * 1024;

/** One request on its way. Its life is one `run`. */
class Walk {
  private readonly around: Around;
  private readonly ports: TokenPorts;
  private readonly kind: TokenKind;
  private readonly opening: TokenOpening;
  private readonly begun: number;

  constructor(around: Around, { endpoint, ask }: { endpoint: string; ask: Asked }) {
    this.around = around;
    this.ports = around.ports;
    this.kind = ask.kind;
    this.begun = this.ports.elapsed();
    this.opening = {
      id: this.ports.newId(),
      at: new Date(this.ports.now()).toISOString(),
      endpoint,
      address: ask.address,
    };
  }

  async run(judge: () => Promise<Verdict>): Promise<Granted> {
    const { id } = this.opening;
    try {
      const verdict = await this.judged(judge);
      return await (verdict.may === true ? this.issue(verdict) : this.refuse(verdict));
    } catch (fault) {
      this.ports.onFault(id, fault);
      this.write(refusedRecord(this.opening, { code: 'failed' }));
      return { id, ended: 'failed' };
    }
  }

  private async judged(judge: () => Promise<Verdict>): Promise<Verdict> {
    const { guard } = this.ports;
    const { address } = this.opening;
    const tooMany = await guard.count('token_request', address);
    if (tooMany !== null) return { may: false, code: 'too_many_requests', ...tooMany };
    const verdict = await judge();
    const told = isJudgement(verdict) ? await countJudgement(verdict, { address, guard }) : verdict;
    return told.may === true ? this.spend(told) : told;
  }

  /** What may be used once is used up by nothing but a token. */
  private async spend(verdict: Allowed): Promise<Verdict> {
    const { client, once } = verdict;
    if (once === undefined) return verdict;
    const taken = await this.ports.once.take(once, this.ports.now());
    if (taken === 'fresh') return verdict;
    return taken === 'used'
      ? { may: false, code: 'id_token_used', client }
      : { may: 'unknown', client, why: taken.unknown };
  }

  /** A token that cannot be recorded is not given out. */
  private async issue({ client, person }: Allowed): Promise<Granted> {
    const { id } = this.opening;
    const { issuer, audience } = this.around.terms;
    const lifetimeS = this.ports.directory().tokenLifetimeS;
    const iat = Math.floor(this.ports.now() / 1000);
    const claims: SignedClaims = {
      ...claimsFor(this.kind, client, person),
      iss: issuer,
      aud: audience,
      iat,
      exp: iat + lifetimeS,
      jti: this.ports.newId(),
    };
    const token = await this.ports.signer.sign(claims);
    if (token.length > MAX_TOKEN) throw new Error(`the token would have more than ${MAX_TOKEN} characters`);
    const record: TokenRecord = {
      ...this.opening,
      event: 'token_issued',
      code: 'issued',
      tenant: claims.tenant,
      project: claims.project,
      client_id: claims.client_id,
      sub: claims.sub,
      jti: claims.jti,
      exp: new Date(claims.exp * 1000).toISOString(),
      ms: this.took(),
    };
    if (await this.ports.audit.intent(record)) return { id, ended: 'issued', token, lifetimeS };
    this.ports.onFault(id, new Error('the audit cannot be written, so no token was given out'));
    return { id, ended: 'failed' };
  }

  private refuse(verdict: Exclude<Verdict, { may: true }>): Granted {
    const { id } = this.opening;
    if (verdict.may === 'unknown') {
      const { client, why } = verdict;
      this.write(refusedRecord(this.opening, { code: 'failed', client, note: why }));
      this.ports.onFault(id, new Error(verdict.why));
      return { id, ended: 'failed' };
    }
    const record = refusedRecord(this.opening, verdict);
    if (verdict.code === 'too_many_requests') this.around.tally.add(this.timed(record), this.ports.now());
    else this.write(record);
    return toAnswer(id, verdict);
  }

  private write(record: Omit<TokenRecord, 'ms'>): void {
    this.ports.audit.write(this.timed(record));
  }

  private timed(record: Omit<TokenRecord, 'ms'>): TokenRecord {
    return { ...record, ms: this.took() };
  }

  private took(): number {
    return Math.round((this.ports.elapsed() - this.begun) * 1000) / 1000;
  }
}

type Allowed = Extract<Verdict, { may: true }>;
