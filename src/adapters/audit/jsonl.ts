import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit, AuditRecord } from '../../model/index.ts';
import type { TokenAudit, TokenRecord } from '../../model/tokens.ts';
import { link } from './chain.ts';
import { Queue, type Waiting } from './queue.ts';
import { fileTarget, type Sink, streamTarget, type Target } from './sinks.ts';
import { StallWatch } from './stall.ts';

export interface AuditOptions {
  readonly to: { readonly file: string } | { readonly stream: NodeJS.WritableStream } | 'off';
  /** Told once an outage, in one line, that lines cannot be written. */
  readonly onProblem: (message: string) => void;
  /** Told once an outage, in one line, that it is over. */
  readonly onRecovery?: (message: string) => void;
}

/** Bytes of one write, unless a single line is longer. */
const MAX_BATCH_BYTES = 64 * 1024;
const RETRY_MS = 1_000;
/** Lines gather for so long between two writes, unless somebody waits or they fill one: a write costs more than many lines. */
const GATHER_MS = 5;
const NEWLINE = 0x0a;

/**
 * The audit as one JSON object a line, each with the hash of the line before and its own.
 * Throws where it cannot be written to at all; later outages are waited out, with up to 100 000 lines.
 */
export async function openAudit({ to, ...tell }: AuditOptions): Promise<Audit & TokenAudit> {
  if (to === 'off') return off;
  const target = 'file' in to ? fileTarget(to.file) : streamTarget(to.stream);
  try {
    return new JsonLines(target, await target.open(), tell);
  } catch (error) {
    throw new Error(`the audit cannot be written to ${target.name}: ${wordsOf(error)}`, { cause: error });
  }
}

/** Who turned the audit off does not wait for it. */
const off: Audit & TokenAudit = {
  intent: async () => true,
  write: () => {},
  isWritten: () => true,
  reopen: async () => {},
  close: async () => {},
};

interface Batch {
  readonly bytes: Buffer;
  /** Where each line ends in `bytes`, and its hash. */
  readonly lines: readonly { readonly waiting: Waiting; readonly end: number; readonly hash: string }[];
}

class JsonLines implements Audit, TokenAudit {
  private readonly target: Target;
  private readonly onProblem: (message: string) => void;
  private readonly onRecovery: (message: string) => void;
  private sink: Sink;
  private prev: string;
  private torn: boolean;
  private readonly queue = new Queue();
  private readonly writes = new StallWatch((why) => this.stall(why));
  private failing = false;
  /** Lines of a write that has not ended. */
  private underWay = 0;
  private draining = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;
  /** Ends the gathering of lines that is under way. */
  private hurry: () => void = () => {};
  /** Settles when whoever holds the sink is done with it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(target: Target, sink: Sink, tell: Omit<AuditOptions, 'to'>) {
    this.target = target;
    this.onProblem = tell.onProblem;
    this.onRecovery = tell.onRecovery ?? (() => {});
    this.sink = sink;
    this.prev = sink.lastHash;
    this.torn = sink.torn;
  }

  intent(record: AuditRecord | TokenRecord): Promise<boolean> {
    return new Promise((told) => this.add(record, told));
  }

  write(record: AuditRecord | TokenRecord): void {
    this.add(record, null);
  }

  isWritten(): boolean {
    return !this.failing;
  }

  async reopen(): Promise<void> {
    await this.inTurn(async () => {
      if (this.closed) return;
      try {
        await this.openAnew();
        // No line may come that shows it.
        if (this.queue.length === 0) this.recover();
      } catch (error) {
        this.onProblem(
          `the audit stays in its old file, ${this.target.name} cannot be opened: ${wordsOf(error)}`,
        );
      }
    });
    this.drain();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.hurry();
    // Whatever was under way comes first; then everything left is tried once more, in order.
    const isWritten = async () => {
      while (this.queue.length > 0 && (await this.inTurn(() => this.writeBatch()))) {}
      await this.inTurn(() => this.sink.close()).catch(() => {});
    };
    await Promise.race([isWritten(), this.writes.next()]);
    this.queue.tellAll(false);
    const left = this.queue.length + this.queue.lost + this.underWay;
    if (left > 0) this.onProblem(`the audit was closed with ${left} lines that could not be written`);
  }

  private add(record: AuditRecord | TokenRecord, told: Waiting['told']): void {
    if (this.closed) {
      told?.(false);
      return;
    }
    this.queue.add(record, told);
    if (this.writes.stalled) this.queue.tellAll(false);
    else if (told !== null) this.hurry();
    this.drain();
  }

  private async openAnew(): Promise<void> {
    const old = this.sink;
    // A disk that hangs may hang here, too.
    this.sink = await this.writes.watch(this.target.open());
    this.torn = this.sink.torn;
    await old.close();
  }

  /** Writes in the background until nothing waits or a write fails. */
  private drain(): void {
    if (this.draining || this.closed) return;
    this.draining = true;
    clearTimeout(this.timer);
    void this.drainAll();
  }

  private async drainAll(): Promise<void> {
    do {
      await this.gather();
    } while (this.queue.length > 0 && (await this.inTurn(() => this.writeBatch())));
    this.draining = false;
    // Only now, so that a line which comes after the answer is a new try.
    this.queue.tellAll(false);
    if (this.queue.length === 0 || this.closed) return;
    this.timer = setTimeout(() => this.drain(), RETRY_MS);
    this.timer.unref();
  }

  private gather(): Promise<void> {
    const { isAsked, chars } = this.queue;
    if (isAsked || chars >= MAX_BATCH_BYTES || this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => {});
    return done;
  }

  /** Whether it is worth going on. */
  private async writeBatch(): Promise<boolean> {
    if (!(await this.isInPlace())) return false;
    const batch = this.nextBatch();
    if (batch.lines.length === 0) return true;
    try {
      this.underWay = batch.lines.length;
      const accepted = await this.writes.watch(this.sink.append(batch.bytes));
      if (accepted === 0) throw new Error('no space left');
      this.accept(batch, accepted);
      return true;
    } catch (error) {
      this.putBack(batch.lines);
      // Where nothing can be written, another process may have written half a line.
      this.torn = true;
      this.report(error);
      return false;
    } finally {
      this.underWay = 0;
    }
  }

  /** Whether lines still go where their readers look: what is written to a file that was removed is gone. */
  private async isInPlace(): Promise<boolean> {
    try {
      if (!this.sink.isRemoved()) {
        this.torn ||= await this.isLeftTorn();
        return true;
      }
      await this.openAnew();
      this.onProblem(`the audit was begun anew: ${this.target.name} was removed`);
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  /** Whether another process has died within a line since. One that is writing now is further on a moment later. */
  private async isLeftTorn(): Promise<boolean> {
    const size = this.sink.tornAt();
    if (size === null) return false;
    await sleep(GATHER_MS);
    return this.sink.tornAt() === size;
  }

  private stall(why: Error): void {
    this.queue.tellAll(false);
    this.report(why);
  }

  /** Takes lines off the queue and chains them; nothing of the chain is settled before they are written. */
  private nextBatch(): Batch {
    const lines: { waiting: Waiting; end: number; hash: string }[] = [];
    // A newline of its own ends what a crash or a full disk left unfinished.
    let text = this.torn ? '\n' : '';
    let end = Buffer.byteLength(text);
    let prev = this.prev;
    let waiting = this.queue.lost > 0 ? this.lostLine() : this.queue.take();
    while (waiting) {
      const { line, hash } = link(waiting.text, prev);
      const after = end + Buffer.byteLength(line);
      if (lines.length > 0 && after > MAX_BATCH_BYTES) {
        this.queue.putBack([waiting]);
        break;
      }
      lines.push({ waiting, end: after, hash });
      text += line;
      end = after;
      prev = hash;
      waiting = this.queue.take();
    }
    return { bytes: Buffer.from(text), lines };
  }

  private lostLine(): Waiting {
    const { lost } = this.queue;
    return { text: JSON.stringify({ at: new Date().toISOString(), lost }), lost, told: null };
  }

  private accept({ bytes, lines }: Batch, accepted: number): void {
    const whole = lines.filter(({ end }) => end <= accepted);
    for (const { waiting, hash } of whole) {
      this.prev = hash;
      this.queue.lost -= waiting.lost;
      this.queue.tell(waiting, true);
    }
    this.torn = bytes[accepted - 1] !== NEWLINE;
    this.putBack(lines.slice(whole.length));
    if (whole.length > 0) this.recover();
  }

  private recover(): void {
    if (!this.failing) return;
    this.failing = false;
    this.onRecovery(`the audit is written to ${this.target.name} again`);
  }

  private putBack(lines: Batch['lines']): void {
    // A line that tells of lost ones is made anew, with the number that is true then.
    this.queue.putBack(lines.map(({ waiting }) => waiting).filter(({ lost }) => lost === 0));
  }

  private report(error: unknown): void {
    if (this.failing) return;
    this.failing = true;
    this.onProblem(`the audit cannot be written to ${this.target.name}: ${wordsOf(error)}; its lines wait`);
  }
}

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
}
