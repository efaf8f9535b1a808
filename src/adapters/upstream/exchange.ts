import type { Dispatcher } from 'undici';
import type { Cancellation, Reply } from '../../model/index.ts';
import { REASONS } from './reasons.ts';

type Nothing = Extract<Reply, { got: 'nothing' }>;

/** What came over the wire: a whole HTTP answer, or why there is none. */
export type Answer =
  | { readonly complete: true; readonly status: number; readonly body: Buffer }
  | { readonly complete: false; readonly reply: Nothing };

/** What an exchange may take. */
export interface Bounds {
  readonly connectTimeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly maxBytes: number;
}

/** No usable answer; `reached: false` only where the request certainly never arrived. */
export function nothing(reached: boolean, fault: Nothing['fault'], why: string): Nothing {
  return { got: 'nothing', reached, fault, why };
}

/**
 * One request and its answer. `run` is called once and never rejects.
 * undici tells `onRequestStart` when a connection stands and it is about to write: until then nothing was sent,
 * from then on FusionAuth may have acted.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  private readonly bounds: Bounds;
  private controller: Dispatcher.DispatchController | null = null;
  private resolve: (answer: Answer) => void = () => {};
  private release: () => void = () => {};
  private settled = false;
  private status = 0;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  run(dispatcher: Dispatcher, request: Dispatcher.DispatchOptions, signal: Cancellation): Promise<Answer> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      if (signal.aborted) return this.fail('cancelled', REASONS.cancelled.words);
      const cancel = () => this.fail('cancelled', REASONS.cancelled.words);
      const { responseTimeoutMs } = this.bounds;
      const timer = setTimeout(() => {
        this.fail('timeout', `${REASONS.late.words} ${responseTimeoutMs} ms`);
      }, responseTimeoutMs);
      signal.addEventListener('abort', cancel);
      this.release = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', cancel);
      };
      dispatcher.dispatch(request, this);
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Throwing keeps the request off the wire and the connection for others; aborting would close it.
    if (this.settled) throw new Error('nobody waits for this request any more');
    // undici sends requests again that it thinks safe; what may have been acted upon is never safe.
    if (this.controller !== null) throw new Error('a request is sent once');
    this.controller = controller;
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > this.bounds.maxBytes) {
      this.fail('broken', `${REASONS.answered.words} with more than ${this.bounds.maxBytes} bytes`);
    } else if (!this.settled) {
      this.chunks.push(chunk);
    }
  }

  onResponseEnd(): void {
    const [first] = this.chunks;
    const isWhole = this.chunks.length === 1 && first !== undefined;
    const body = isWhole ? first : Buffer.concat(this.chunks, this.bytes);
    this.settle({ complete: true, status: this.status, body });
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = codeOf(error);
    if (this.controller !== null) {
      this.fail('broken', `${REASONS.broke.words} before its answer was complete (${code})`);
    } else if (code === 'UND_ERR_CONNECT_TIMEOUT') {
      this.fail('timeout', `${REASONS.noConnection.words} ${this.bounds.connectTimeoutMs} ms`);
    } else if (code === 'UND_ERR_INVALID_ARG') {
      this.fail('broken', REASONS.notHttp.words);
    } else if (code === 'UND_ERR_CLOSED' || code === 'UND_ERR_DESTROYED') {
      this.fail('unreachable', REASONS.shuttingDown.words);
    } else {
      this.fail('unreachable', `${REASONS.unreachable.words} (${code})${TLS_HINTS.get(code) ?? ''}`);
    }
  }

  private fail(fault: Nothing['fault'], why: string): void {
    const started = this.controller;
    this.settle({ complete: false, reply: nothing(started !== null, fault, why) });
    started?.abort(new Error(why));
  }

  private settle(answer: Answer): void {
    if (this.settled) return;
    this.settled = true;
    this.release();
    this.resolve(answer);
  }
}

const NO_TLS = ': it does not speak TLS there; is its URL one of http?';
const NOT_TRUSTED =
  ': its certificate is not trusted; NODE_EXTRA_CA_CERTS names the file of an authority that is';
/** What to do about what a TLS library says. */
const TLS_HINTS: ReadonlyMap<string, string> = new Map([
  ...['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'].map(
    (code) => [code, NO_TLS] as const,
  ),
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ].map((code) => [code, NOT_TRUSTED] as const),
]);

/** The code of an error: never its message, which may quote what was sent. */
function codeOf(error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : error.name;
}
