import type { IncomingMessage } from 'node:http';

/** A request's body: its bytes, or why there are none. */
export type Body = Buffer | 'too_large';

/** How much of a body that is not wanted is read and dropped, so that its sender gets to read the answer. */
const MAX_DROPPED_BYTES = 16 * 1024 * 1024;

/**
 * Reads a body of at most `maxBytes`. The rest of one that is larger is dropped as it comes.
 * Where the client goes away before the end nothing resolves: there is nobody left to answer.
 *
 * Once it is told nothing here knows the body any more: a request lives as long as its answer, and that of a
 * subscription is never complete.
 */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Body> {
  return new Promise((resolve) => {
    let pieces: Buffer[] = [];
    let bytes = 0;
    let tell: ((body: Body) => void) | null = resolve;
    const end = (body: Body) => {
      tell?.(body);
      tell = null;
      pieces = [];
    };
    req.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= maxBytes) {
        pieces.push(piece);
        return;
      }
      end('too_large');
      if (bytes > MAX_DROPPED_BYTES) req.socket.destroy();
    });
    req.on('end', () => {
      const [first] = pieces;
      end(pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces));
    });
  });
}
