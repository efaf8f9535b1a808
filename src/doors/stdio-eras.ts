import type { Exchange, McpSession } from './exchange.ts';
import { type Frame, INVALID_REQUEST } from './frame.ts';
import type { Era } from './surface.ts';
import { looksModern } from './modern-meta.ts';

/**
 * Which era a connection over stdio speaks (2026-07-28, Versioning): a request's own metadata says so, `initialize`
 * says so for the whole process, and what the first of them said holds. Its life is that of the connection.
 */
export class ConnectionEra {
  private readonly session: McpSession;
  private isModern = false;

  constructor(session: McpSession) {
    this.session = session;
  }

  /** The era whose rules a frame is held to; null where it was refused, since the connection speaks the other one. */
  of(frame: Frame, exchange: Exchange): Era | null {
    // Of the other frames only a cancellation does something, and its request is known to both eras alike.
    if (!('params' in frame) || !('id' in frame)) return this.isModern ? 'modern' : 'legacy';
    if (!looksModern(frame.params)) return this.isModern ? 'modern' : 'legacy';
    if (this.session.state !== 'new') {
      const message =
        'Invalid request: this connection was initialized; expected no metadata of another revision';
      exchange.refuse({ id: frame.id, code: INVALID_REQUEST, message });
      return null;
    }
    // A client may ask what is spoken here before it decides.
    if (frame.method !== 'server/discover') this.isModern = true;
    return 'modern';
  }
}
