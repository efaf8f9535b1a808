/** A line that waits to be written. */
export interface Waiting {
  /** JSON text, before `prev` and `hash`. */
  readonly text: string;
  /** How many lost lines it stands for; 0 for a record. */
  readonly lost: number;
  /** Told once whether the line was written; null where nobody asks any more. */
  told: ((written: boolean) => void) | null;
}

/** Tells whoever asked, once. */
export function tell(waiting: Waiting, written: boolean): void {
  waiting.told?.(written);
  waiting.told = null;
}

const MAX_LINES = 100_000;
// Arguments may be a mebibyte each; an outage must not become one of memory.
const MAX_CHARS = 64 * 1024 * 1024;

/** Lines in the order of their calls. It holds only so much: the oldest give way, and are counted. */
export class Queue {
  private readonly lines: Waiting[] = [];
  private chars = 0;
  /** Lines that gave way and of which no written line tells yet. */
  lost = 0;

  get length(): number {
    return this.lines.length;
  }

  add(waiting: Waiting): void {
    this.lines.push(waiting);
    this.chars += waiting.text.length;
    this.giveWay();
  }

  take(): Waiting | undefined {
    const waiting = this.lines.shift();
    if (waiting) this.chars -= waiting.text.length;
    return waiting;
  }

  /** Back to where they were taken from. */
  putBack(taken: readonly Waiting[]): void {
    this.lines.unshift(...taken);
    for (const { text } of taken) this.chars += text.length;
    this.giveWay();
  }

  /** Nobody is left waiting; the lines stay. */
  tellAll(written: boolean): void {
    for (const waiting of this.lines) tell(waiting, written);
  }

  private giveWay(): void {
    while (this.lines.length > MAX_LINES || (this.chars > MAX_CHARS && this.lines.length > 1)) {
      const oldest = this.lines.shift();
      if (!oldest) return;
      this.chars -= oldest.text.length;
      this.lost++;
      tell(oldest, false);
    }
  }
}
