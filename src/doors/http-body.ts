import { IncomingMessage } from 'node:http';
import type { Awaitable } from '../model/index.ts';

/** A request's body: its bytes, or why there are none. */
export type Body = Buffer | 'too_large';

/** How much of a body that is not wanted is read and dropped, so that its sender gets to read the answer. */
const MAX_DROPPED_BYTES = 16 * 1024 * 1024;

/** Told each piece of a body, and null at its end. */
type Take = (piece: Buffer | null) => void;

/**
 * A request whose body can be taken as Node's parser finds it. The events of a stream, each in a tick of its own, cost
 * as much as judging a call.
 */
export class HttpRequest extends IncomingMessage {
  /** Told what is thrown by the work for this request, a bug of ours. */
  onFault: (error: unknown) => void = () => {};
  private taker: Take | null = null;

  /** Called by Node's parser with each piece of the body, and with null at its end. */
  override push(piece: Buffer | null): boolean {
    if (this.taker === null) return super.push(piece);
    this.taker(piece);
    return true;
  }

  /** Hands over what has come of the body, and what comes of it from now on. Once at most. Nothing if the client is gone. */
  handTo(taker: Take): void {
    if (this.destroyed) return;
    const early: Buffer | null = this.readableLength > 0 ? this.read() : null;
    this.taker = taker;
    if (early !== null) taker(early);
    if (this.complete) taker(null);
    // Says that the body has a reader: else Node drops what is left of it when the answer is written.
    else this._read(0);
  }

  /** Does some of the work for this request. Never throws. */
  attempt(work: () => Awaitable<void>): void {
    try {
      const done = work();
      if (done instanceof Promise) done.catch(this.onFault);
    } catch (error) {
      this.onFault(error);
    }
  }
}

/** The body that `takeBody` takes. */
export function readBody(req: HttpRequest, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => takeBody(req, maxBytes, resolve));
}

/**
 * Hands `then` a body of at most `maxBytes`, which is part of the work for its request; most calls are over when it
 * returns. The rest of a body that is larger is dropped as it comes.
 * Where the client goes away before the end nothing is told: there is nobody left to answer.
 *
 * Once it is told nothing here knows the body any more: a request lives as long as its answer, and that of a
 * subscription is never complete.
 */
export function takeBody(req: HttpRequest, maxBytes: number, then: (body: Body) => Awaitable<void>): void {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let tell: typeof then | null = then;
  const end = (body: Body) => {
    const told = tell;
    tell = null;
    pieces = [];
    if (told !== null) req.attempt(() => told(body));
  };
  req.handTo((piece) => {
    if (piece === null) {
      const [first] = pieces;
      end(pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces));
      return;
    }
    bytes += piece.length;
    if (bytes <= maxBytes) {
      pieces.push(piece);
      return;
    }
    end('too_large');
    if (bytes > MAX_DROPPED_BYTES) req.socket.destroy();
  });
}
