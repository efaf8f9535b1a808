import type { ServerResponse } from 'node:http';

/** Headers of an answer that is a stream of events; the last two keep proxies from holding it back. */
export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** A stream with more than this unread is ended. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** A JSON-RPC message as an event. JSON text has no line breaks of its own. */
export function toEvent(frame: string): string {
  return `event: message\ndata: ${frame}\n\n`;
}

/** A stream of notifications that a client opened with GET. Its life is that of the response. */
export class EventStream {
  private readonly res: ServerResponse;

  /** Sends the headers at once. `onClose` is told when the stream ended, whoever ended it. */
  constructor(res: ServerResponse, onClose: (stream: EventStream) => void) {
    this.res = res;
    // With half-open connections allowed, a client that went away shows only as the end of what it sends.
    const { socket } = res.req;
    const leave = () => res.destroy();
    socket.once('end', leave);
    res.once('close', () => {
      socket.off('end', leave);
      onClose(this);
    });
    res.writeHead(200, STREAM_HEADERS);
    res.write(': open\n\n');
  }

  /** False where the stream is gone, or its reader so far behind that it is ended. */
  send(frame: string): boolean {
    return this.write(toEvent(frame));
  }

  keepAlive(): void {
    this.write(': keep-alive\n\n');
  }

  end(): void {
    this.res.end();
  }

  private write(text: string): boolean {
    if (this.res.destroyed || this.res.writableEnded) return false;
    if (this.res.writableLength + text.length > MAX_UNREAD_BYTES) {
      this.res.destroy();
      return false;
    }
    this.res.write(text);
    return true;
  }
}
