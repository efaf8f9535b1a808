import { at, type VaultAnswer, type VaultHttp, type VaultRequest } from './vault-http.ts';

/** How the service says to Vault who it is: a token, or an AppRole that gets one. */
export type VaultAuth = { readonly token: string } | { readonly roleId: string; readonly secretId: string };

/** Sends with a token that is kept alive. */
export interface VaultSession {
  /** Never throws. */
  send(request: Omit<VaultRequest, 'token'>): Promise<VaultAnswer>;
  close(): void;
}

/** A token and how long it lives; `leaseMs` 0: without end. */
interface Lease {
  readonly token: string;
  readonly leaseMs: number;
  readonly isRenewable: boolean;
}

/** A lease is renewed when so much of it is over. */
const RENEW_AT = 2 / 3;
const RETRY_MS = 5_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Logs in, renews its lease at two thirds of it, and logs in anew where that is refused. Throws where the first login
 * fails. What cannot be renewed is told once.
 */
export async function openSession(
  http: VaultHttp,
  auth: VaultAuth,
  onProblem: (message: string) => void,
): Promise<VaultSession> {
  const session = new Session(http, auth, onProblem);
  await session.begin();
  return session;
}

class Session implements VaultSession {
  private readonly http: VaultHttp;
  private readonly auth: VaultAuth;
  private readonly onProblem: (message: string) => void;
  private lease: Lease = { token: '', leaseMs: 0, isRenewable: false };
  private timer: NodeJS.Timeout | undefined;
  private login: Promise<void> | null = null;
  private closed = false;

  constructor(http: VaultHttp, auth: VaultAuth, onProblem: (message: string) => void) {
    this.http = http;
    this.auth = auth;
    this.onProblem = onProblem;
  }

  async begin(): Promise<void> {
    this.keep('token' in this.auth ? await this.lookUp(this.auth.token) : await this.logIn(this.auth));
  }

  async send(request: Omit<VaultRequest, 'token'>): Promise<VaultAnswer> {
    const { token } = this.lease;
    const answer = await this.http.send({ ...request, token });
    const isRefused = answer.got === 'answer' && answer.status === 403;
    if (!isRefused || 'token' in this.auth || !(await this.isBegunAnew(token))) return answer;
    return this.http.send({ ...request, token: this.lease.token });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  /** However many requests are refused with a token, one login is made for all of them. */
  private async isBegunAnew(refused: string): Promise<boolean> {
    if (this.lease.token !== refused) return true;
    this.login ??= this.begin().finally(() => {
      this.login = null;
    });
    return this.login.then(
      () => true,
      () => false,
    );
  }

  private async logIn({ roleId, secretId }: Extract<VaultAuth, { roleId: string }>): Promise<Lease> {
    const body = { role_id: roleId, secret_id: secretId };
    const answer = await this.http.send({ method: 'POST', path: 'auth/approle/login', body });
    return leaseOf(answer, 'the login by AppRole');
  }

  private async lookUp(token: string): Promise<Lease> {
    const answer = await this.http.send({ method: 'GET', path: 'auth/token/lookup-self', token });
    const [ttl, renewable] = [bodyAt(answer, 'data', 'ttl'), bodyAt(answer, 'data', 'renewable')];
    if (typeof ttl !== 'number') throw new Error(`the token of Vault: ${wordsOf(answer)}`);
    return { token, leaseMs: ttl * 1000, isRenewable: renewable === true };
  }

  private keep(lease: Lease): void {
    this.lease = lease;
    if (lease.leaseMs > 0) this.wait(lease.leaseMs * RENEW_AT);
  }

  private wait(ms: number): void {
    clearTimeout(this.timer);
    if (!this.closed) this.timer = setTimeout(() => void this.renew(), Math.min(ms, MAX_TIMER_MS)).unref();
  }

  private async renew(): Promise<void> {
    try {
      this.keep(await this.renewed());
    } catch (error) {
      this.onProblem(error instanceof Error ? error.message : String(error));
      this.wait(RETRY_MS);
    }
  }

  private async renewed(): Promise<Lease> {
    const { token, isRenewable } = this.lease;
    if (isRenewable) {
      const path = 'auth/token/renew-self';
      const answer = await this.http.send({ method: 'POST', path, token, body: {} });
      const isGiven = answer.got === 'answer' && answer.status === 200;
      if (isGiven || 'token' in this.auth) return leaseOf(answer, 'the renewal of the token of Vault');
    }
    if ('token' in this.auth) throw new Error('the token of Vault ends soon and cannot be renewed');
    return this.logIn(this.auth);
  }
}

function leaseOf(answer: VaultAnswer, what: string): Lease {
  const token = bodyAt(answer, 'auth', 'client_token');
  const seconds = bodyAt(answer, 'auth', 'lease_duration');
  if (typeof token !== 'string' || typeof seconds !== 'number') {
    throw new Error(`${what}: ${wordsOf(answer)}`);
  }
  return { token, leaseMs: seconds * 1000, isRenewable: bodyAt(answer, 'auth', 'renewable') === true };
}

function bodyAt(answer: VaultAnswer, ...names: readonly string[]): unknown {
  return answer.got === 'answer' && answer.status === 200 ? at(answer.body, ...names) : undefined;
}

/** What Vault says of an error may repeat what it was sent. */
function wordsOf(answer: VaultAnswer): string {
  return answer.got === 'nothing' ? answer.why : `Vault answered ${answer.status}`;
}
