import type { Writable } from 'node:stream';

/** So many frames wait for each other at most: the first of them waits for the work of those behind it. */
const MAX_TOGETHER = 16;

/** The way out of the stdio door: frames, one a line. Its life is that of the stream. */
export class FrameOutput {
  /** Whether the reader takes frames now; false while the stream's buffer is full. */
  isOpen = true;
  /** Whether the reader is gone. */
  isBroken = false;
  private readonly stream: Writable;
  private readonly onChange: () => void;
  /** How many frames wait for the rest of what is being done. */
  private held = 0;
  /** Frames that wait for the reader, each once. */
  private readonly waiting = new Set<string>();

  /** `onChange` is told when `isOpen` becomes true again and when `isBroken` becomes true. */
  constructor(stream: Writable, onChange: () => void) {
    this.stream = stream;
    this.onChange = onChange;
    stream.on('drain', () => {
      this.isOpen = true;
      for (const frame of this.waiting) this.write(frame);
      this.waiting.clear();
      onChange();
    });
    stream.on('error', () => this.breakOff());
    stream.on('close', () => this.breakOff());
  }

  /** Writes a frame together with the others that come of the same input: each write wakes the reader. */
  write(frame: string): void {
    if (this.isBroken) return;
    if (this.held === 0) {
      this.stream.cork();
      queueMicrotask(() => this.release());
    }
    this.held++;
    this.isOpen = this.stream.write(`${frame}\n`);
    if (this.held >= MAX_TOGETHER) this.release();
  }

  /** Writes a frame that says the same however often it is said: while the reader takes none, one of it waits. */
  writeOnce(frame: string): void {
    if (this.isOpen) this.write(frame);
    else this.waiting.add(frame);
  }

  /** Resolves when everything written was taken, the reader is gone, or `waitMs` passed. */
  async flush(waitMs: number): Promise<void> {
    if (this.isBroken || this.stream.writableLength === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.stream.write('', done);
      this.stream.once('close', done);
    });
  }

  private release(): void {
    if (this.held === 0) return;
    this.held = 0;
    this.stream.uncork();
    // A pipe that broke just now is told of later, and takes no more until then.
    if (this.stream.errored !== null) this.isOpen = false;
  }

  private breakOff(): void {
    this.isBroken = true;
    this.onChange();
  }
}
