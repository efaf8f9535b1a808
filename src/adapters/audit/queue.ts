/** A line that waits to be written. */
export interface Waiting {
  /** JSON text, before `prev` and `hash`. */
  readonly text: string;
  /** How many lost lines it stands for; 0 for a record. */
  readonly lost: number;
  /** Told once whether the line was written; null where nobody asks any more. */
  told: ((written: boolean) => void) | null;
}

interface Unwritten {
  readonly record: object;
  readonly told: Waiting['told'];
}

/** So many records become text together, one after the other: between calls, each would take longer. */
const MAX_RECORDS = 64;
const MAX_LINES = 100_000;
// Arguments may be a mebibyte each; an outage must not become one of memory.
const MAX_CHARS = 64 * 1024 * 1024;

/** Lines in the order of their calls. It holds only so much: the oldest give way, and are counted. */
export class Queue {
  private lines: Waiting[] = [];
  /** The newest, which are not text yet. */
  private records: Unwritten[] = [];
  /** Where the oldest line stands; what is before it has been taken. */
  private head = 0;
  /** Characters of all lines that wait, but for the newest records. */
  chars = 0;
  /** Those of which somebody still wants to know. */
  private readonly asked = new Set<Waiting>();
  /** Lines that gave way and of which no written line tells yet. */
  lost = 0;

  get length(): number {
    return this.lines.length - this.head + this.records.length;
  }

  /** Whether somebody wants to know what becomes of a line. */
  get isAsked(): boolean {
    return this.asked.size > 0;
  }

  /** Takes a record, which nobody may change from here on. */
  add(record: object, told: Waiting['told']): void {
    this.records.push({ record, told });
    if (told !== null || this.records.length >= MAX_RECORDS) this.writeOut();
  }

  take(): Waiting | undefined {
    this.writeOut();
    const waiting = this.lines[this.head];
    if (waiting === undefined) return undefined;
    this.head++;
    this.chars -= waiting.text.length;
    if (this.head > this.lines.length / 2) {
      this.lines = this.lines.slice(this.head);
      this.head = 0;
    }
    return waiting;
  }

  /** Back to where they were taken from. */
  putBack(taken: readonly Waiting[]): void {
    const from = this.head - taken.length;
    if (from >= 0) this.lines.splice(from, taken.length, ...taken);
    else this.lines = [...taken, ...this.lines.slice(this.head)];
    this.head = Math.max(from, 0);
    for (const { text } of taken) this.chars += text.length;
    this.giveWay();
  }

  /** Tells whoever asked, once. */
  tell(waiting: Waiting, written: boolean): void {
    if (waiting.told === null) return;
    this.asked.delete(waiting);
    waiting.told(written);
    waiting.told = null;
  }

  /** Nobody is left waiting; the lines stay. */
  tellAll(written: boolean): void {
    for (const waiting of this.asked) this.tell(waiting, written);
  }

  private writeOut(): void {
    if (this.records.length === 0) return;
    for (const { record, told } of this.records) {
      const waiting = { text: JSON.stringify(record), lost: 0, told };
      this.lines.push(waiting);
      this.chars += waiting.text.length;
      if (told !== null) this.asked.add(waiting);
    }
    this.records = [];
    this.giveWay();
  }

  private giveWay(): void {
    while (this.length > MAX_LINES || (this.chars > MAX_CHARS && this.length > 1)) {
      const oldest = this.take();
      if (oldest === undefined) return;
      this.lost++;
      this.tell(oldest, false);
    }
  }
}
