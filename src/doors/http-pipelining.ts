import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpRequest } from './http-body.ts';

/** So many requests of a connection are seen to at a time: answers leave in order, and those behind must be kept. */
const MAX_TOGETHER = 16;
/** A connection with more requests than that without an answer is ended: each takes room, and no client has so many. */
const MAX_UNANSWERED = 256;

/** A request and its answer. */
export interface Exchanged {
  readonly req: HttpRequest;
  readonly res: ServerResponse;
}

/** The requests of one connection whose answers have not left; its life ends with the last of these. */
interface Line {
  /** Those that are seen to, the oldest first. */
  open: ServerResponse[];
  /** Those that wait until there are fewer. */
  readonly held: Exchanged[];
}

/** Requests that came before the one ahead of them, on the same connection, was answered. */
export class Pipelines {
  private readonly lines = new Map<Duplex, Line>();
  private readonly see: (exchanged: Exchanged) => void;

  /** `see` sees to a request, when its turn has come. */
  constructor(see: (exchanged: Exchanged) => void) {
    this.see = see;
  }

  /** Takes the request behind that of `before`. */
  add(before: ServerResponse, exchanged: Exchanged): void {
    const { socket } = exchanged.req;
    const line = this.lines.get(socket) ?? this.begin(socket, before);
    if (line.open.length + line.held.length >= MAX_UNANSWERED) {
      socket.destroy();
      return;
    }
    line.held.push(exchanged);
    this.advance(socket);
  }

  /** Nobody is left to be answered. */
  forget(socket: Duplex): void {
    this.lines.delete(socket);
  }

  /** Bytes of answers that wait for those before them. */
  waitingBytes(socket: Duplex): number {
    const open = this.lines.get(socket)?.open ?? [];
    return open.reduce((sum, res) => sum + (res.socket === null ? res.writableLength : 0), 0);
  }

  private begin(socket: Duplex, before: ServerResponse): Line {
    const line: Line = { open: [before], held: [] };
    this.lines.set(socket, line);
    before.once('close', () => this.advance(socket));
    return line;
  }

  private advance(socket: Duplex): void {
    const line = this.lines.get(socket);
    if (line === undefined) return;
    line.open = line.open.filter((res) => !res.writableFinished);
    while (line.open.length < MAX_TOGETHER) {
      const next = line.held.shift();
      if (next === undefined) break;
      line.open.push(next.res);
      next.res.once('close', () => this.advance(socket));
      this.see(next);
    }
    if (line.open.length === 0) this.lines.delete(socket);
  }
}
