import type { Caller, Identity, Instant } from '../model/index.ts';
import { createMcpSession, type McpSession } from './exchange.ts';
import type { EventStream } from './http-streams.ts';
import { mintSessionId, RANDOM_LENGTH, verifySessionId } from './session-id.ts';

/** What this process knows of an MCP session over HTTP. */
export interface HttpSession {
  readonly id: string;
  /** The part of the id that names the session; the only part that leaves this room. */
  readonly random: string;
  readonly identityKey: string;
  readonly issuedAt: Instant;
  readonly mcp: McpSession;
  readonly streams: Set<EventStream>;
  /** Who called last; see `callerIn`. */
  caller: Caller | null;
  seenAt: Instant;
  /** When it last became the newest in use. */
  movedAt: Instant;
  /** A notification that found no stream, and waits for the next one. */
  waiting: string | null;
}

/** How sessions live; the defaults are those of the door. */
export interface SessionTerms {
  readonly secret: Buffer;
  readonly idleMs: number;
  readonly now: () => Instant;
  readonly maxLive?: number;
}

const LIFE_MS = 24 * 60 * 60 * 1000;
const MAX_LIVE = 100_000;
/** Ids that ended before their life was over; the oldest is forgotten first. */
const MAX_BURIED = 100_000;
/** Which of two sessions was used longer ago is known to so many milliseconds; to move one costs as much as to find it. */
const MOVE_EVERY_MS = 100;
/** Streams of one session; one more ends the oldest, which is most likely a leftover. */
const MAX_STREAMS = 16;

/** The sessions of one HTTP door. An id proves itself, so a session that is not here may still be genuine. */
export class HttpSessions {
  /** By id, the one that was used longest ago first, or nearly so: an id that is found here was proved before. */
  private readonly live = new Map<string, HttpSession>();
  private readonly buried = new Set<string>();
  private readonly terms: SessionTerms;

  constructor(terms: SessionTerms) {
    this.terms = terms;
  }

  get size(): number {
    return this.live.size;
  }

  /** A new session of an identity, not initialized yet. */
  open(identityKey: string): HttpSession {
    const now = this.terms.now();
    const id = mintSessionId(this.terms.secret, identityKey, now);
    return this.admit({ id, random: id.slice(0, RANDOM_LENGTH), issuedAt: now }, identityKey, 'new');
  }

  /** The session of that id, or null where it is forged, another identity's, or over. */
  find(id: string, identityKey: string): HttpSession | null {
    // No character is compared before the whole text has the hash of one that is known, which nobody can aim at.
    const known = this.live.get(id);
    if (known === undefined) return this.welcome(id, identityKey);
    if (known.identityKey !== identityKey) return null;
    const now = this.terms.now();
    if (this.isOver(known, now)) {
      this.end(known);
      return null;
    }
    known.seenAt = now;
    if (now - known.movedAt >= MOVE_EVERY_MS) {
      known.movedAt = now;
      this.live.delete(id);
      this.live.set(id, known);
    }
    return known;
  }

  /** Ends a session: its streams end, its id is not accepted again here. Calls that run go on. */
  end(session: HttpSession): void {
    this.drop(session);
    this.buried.add(session.random);
    const [oldest] = this.buried;
    if (this.buried.size > MAX_BURIED && oldest !== undefined) this.buried.delete(oldest);
  }

  /** Ends what is over and says on every stream that it is still there. */
  tend(): void {
    const now = this.terms.now();
    for (const session of this.live.values()) {
      if (this.isOver(session, now)) this.end(session);
      else for (const stream of session.streams) stream.keepAlive();
    }
  }

  /** Makes `stream` one of the session's, and hands it what waited for one. */
  attach(session: HttpSession, stream: EventStream): void {
    const [oldest] = session.streams;
    if (session.streams.size >= MAX_STREAMS && oldest !== undefined) {
      session.streams.delete(oldest);
      oldest.end();
    }
    session.streams.add(stream);
    if (session.waiting !== null && stream.send(session.waiting)) session.waiting = null;
  }

  /** Sends a notification to every session, on one stream of each, as the protocol has it. */
  notify(frame: string): void {
    for (const session of this.live.values()) {
      const isSent = [...session.streams].some((stream) => stream.send(frame));
      session.waiting = isSent ? null : frame;
    }
  }

  endStreams(): void {
    for (const session of this.live.values()) for (const stream of session.streams) stream.end();
  }

  /** Takes in a session that another process opened, or this one before it was restarted. */
  private welcome(id: string, identityKey: string): HttpSession | null {
    if (this.buried.has(id.slice(0, RANDOM_LENGTH))) return null;
    const claim = verifySessionId(this.terms.secret, identityKey, id);
    if (claim === null || this.terms.now() - claim.issuedAt > LIFE_MS) return null;
    return this.admit({ id, ...claim }, identityKey, 'open');
  }

  private admit(
    { id, random, issuedAt }: Pick<HttpSession, 'id' | 'random' | 'issuedAt'>,
    identityKey: string,
    state: 'new' | 'open',
  ): HttpSession {
    const mcp = createMcpSession({ state, onSettled: null });
    const seenAt = this.terms.now();
    const session = {
      id,
      random,
      issuedAt,
      identityKey,
      mcp,
      streams: new Set<EventStream>(),
      caller: null,
      seenAt,
      movedAt: seenAt,
      waiting: null,
    };
    if (this.live.size >= (this.terms.maxLive ?? MAX_LIVE)) this.dropLongestUnused();
    this.live.set(id, session);
    return session;
  }

  /** Room for one more. What is dropped is not buried: its id still proves itself if it comes back. */
  private dropLongestUnused(): void {
    let dropped: HttpSession | null = null;
    for (const session of this.live.values()) {
      dropped ??= session;
      if (isBusy(session)) continue;
      dropped = session;
      break;
    }
    if (dropped !== null) this.drop(dropped);
  }

  private drop(session: HttpSession): void {
    this.live.delete(session.id);
    for (const stream of session.streams) stream.end();
  }

  private isOver(session: HttpSession, now: Instant): boolean {
    if (now - session.issuedAt > LIFE_MS) return true;
    return now - session.seenAt > this.terms.idleMs && !isBusy(session);
  }
}

/** Who calls in a session: the same value as long as the identity is, so that what is derived from it is kept. */
export function callerIn(session: HttpSession, identity: Identity): Caller {
  if (session.caller?.identity !== identity) session.caller = { identity, session: session.random };
  return session.caller;
}

function isBusy(session: HttpSession): boolean {
  return session.streams.size > 0 || session.mcp.running.size > 0;
}
