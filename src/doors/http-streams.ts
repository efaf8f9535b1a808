import type { ServerResponse } from 'node:http';
import { endReady } from './http-turn.ts';
import type { Instant } from '../model/index.ts';

/** Headers of an answer that is a stream of events; the last two keep proxies from holding it back. */
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** A stream with more than this unread is ended. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** An event stream's comment, which says that it is still there. */
export const KEEP_ALIVE = ': keep-alive\n\n';

/** A JSON-RPC message as an event. JSON text has no line breaks of its own. */
export function toEvent(frame: string): string {
  return `event: message\ndata: ${frame}\n\n`;
}

/** Adds to a stream of events. False where it is gone, or its reader so far behind that it is ended. */
export function writeEvent(res: ServerResponse, text: string): boolean {
  if (res.destroyed || res.writableEnded) return false;
  if (res.writableLength + text.length > MAX_UNREAD_BYTES) {
    res.destroy();
    return false;
  }
  res.write(text);
  return true;
}

/** Whether the client went away, or ended its side, before its request was seen to; then the connection ends. */
export function isGone({ req: { socket } }: ServerResponse): boolean {
  if (!socket.destroyed && !socket.readableEnded) return false;
  socket.destroy();
  return true;
}

/** Calls back once when the answer is complete, or the client went away before. */
export function whenGone(res: ServerResponse, listener: () => void): void {
  const { socket } = res.req;
  // With half-open connections allowed, a client that went away shows only as the end of what it sends.
  const leave = () => {
    endReady();
    socket.destroy();
  };
  const tell = () => {
    socket.off('end', leave);
    socket.off('close', tell);
    res.off('close', tell);
    listener();
  };
  socket.once('end', leave);
  // An answer that waits for those before it on its connection is never told that this was closed.
  socket.once('close', tell);
  res.once('close', tell);
}

/** A stream of notifications that a client opened with GET. Its life is that of the response. */
export class EventStream {
  private readonly res: ServerResponse;
  private readonly until: Instant;

  /**
   * Sends the headers at once. `onClose` is told when the stream ended, whoever ended it. From `until` on nothing is
   * sent any more, since nobody vouches for its reader: the stream ends with the next thing that would be.
   */
  constructor(res: ServerResponse, until: Instant, onClose: (stream: EventStream) => void) {
    this.res = res;
    this.until = until;
    whenGone(res, () => onClose(this));
    res.writeHead(200, STREAM_HEADERS);
    res.write(': open\n\n');
  }

  /** False where the stream is gone or over, or its reader so far behind that it is ended. */
  send(frame: string): boolean {
    return this.write(toEvent(frame));
  }

  keepAlive(): void {
    this.write(KEEP_ALIVE);
  }

  end(): void {
    this.res.end();
  }

  private write(text: string): boolean {
    if (Date.now() < this.until) return writeEvent(this.res, text);
    this.end();
    return false;
  }
}
