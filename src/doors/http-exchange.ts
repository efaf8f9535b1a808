import type { ServerResponse } from 'node:http';
import type { Guard } from '../model/index.ts';
import type { Exchange } from './exchange.ts';
import { errorFrame, METHOD_NOT_FOUND, type RpcError } from './frame.ts';
import { objectCounted } from './http-guarded.ts';
import { replyEmpty, replyFrame } from './http-reply.ts';
import { KEEP_ALIVE, STREAM_HEADERS, toEvent, writeEvent } from './http-streams.ts';

/** What of a POST its answer depends on. */
interface ExchangeTerms {
  readonly guard: Guard;
  readonly who: string;
  readonly newSessionId: string | null;
  readonly release: () => void;
}

/** One POST: its answer is JSON, unless something must go out before, which makes it a stream of events. */
export class HttpExchange implements Exchange {
  private readonly res: ServerResponse;
  private readonly guard: Guard;
  private readonly who: string;
  /** The id of the session that this request opens, else null. */
  private readonly newSessionId: string | null;
  /** Told once the call is over or was not taken, whether or not anybody is there to be told. */
  private readonly release: () => void;
  /** Not read from `res`: the headers of an answer that waits for the end of the turn were written, too. */
  private form: 'undecided' | 'stream' | 'over' = 'undecided';

  constructor(res: ServerResponse, { guard, who, newSessionId, release }: ExchangeTerms) {
    this.res = res;
    this.guard = guard;
    this.who = who;
    this.newSessionId = newSessionId;
    this.release = release;
  }

  notify(frame: string): void {
    if (this.form === 'over' || this.res.destroyed) return;
    if (this.form === 'undecided') {
      if (this.res.headersSent) return;
      this.form = 'stream';
      this.res.writeHead(200, STREAM_HEADERS);
    }
    writeEvent(this.res, toEvent(frame));
  }

  announce(frame: string): void {
    this.notify(frame);
  }

  keepAlive(): void {
    if (this.form === 'stream') writeEvent(this.res, KEEP_ALIVE);
  }

  answer(frame: string): void {
    const form = this.finish();
    if (form === 'stream') this.res.end(toEvent(frame));
    else if (form === 'undecided') replyFrame(this.res, frame, this.newSessionId);
  }

  settled(): void {
    this.release();
  }

  refuse(error: RpcError): void {
    this.release();
    if (this.form === 'stream') {
      this.answer(errorFrame(error));
      return;
    }
    if (this.finish() === 'over') return;
    const objection = { status: error.code === METHOD_NOT_FOUND ? 404 : 400, ...error };
    void objectCounted(this.guard, this.res, { act: 'bad_request', who: this.who, objection });
  }

  /**
   * For a cancelled call MCP wants no response message, while HTTP wants a response: the stream ends where there is
   * one, else it is 202 without a body, which clients take as "nothing follows".
   */
  end(): void {
    const form = this.finish();
    if (form === 'stream') this.res.end();
    else if (form === 'undecided') replyEmpty(this.res, 202);
  }

  /** The form until now; from here on nothing more is written. */
  private finish(): HttpExchange['form'] {
    const { form } = this;
    this.form = 'over';
    return form;
  }
}
